import type { Finding } from './doctor/check.ts';
import { wrap } from './terminal/table.ts';

const MARKS = { ok: 'ok  ', failed: 'FAIL', skipped: '-   ' } as const;
const INDENT = 6;

/** A line for each check: what was found; of a failed one also what was expected and how to fix it. 80 columns. */
export function doctorText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length)) + 2;
  const lines = findings.flatMap((finding) => {
    const [first = '', ...rest] = wrap(finding.found, 80 - INDENT - width);
    const more =
      finding.state === 'failed'
        ? [`expected: ${finding.expected}`, `fix: ${finding.mend}`].flatMap((text) => wrap(text, 80 - INDENT - width))
        : [];
    return [
      `${MARKS[finding.state]}  ${finding.check.padEnd(width)}${first}`,
      ...[...rest, ...more].map((line) => `${' '.repeat(INDENT + width)}${line}`),
    ];
  });
  const failures = findings.filter(({ state }) => state === 'failed').length;
  return `${lines.join('\n')}\n\n${failures === 0 ? 'Nothing is wrong.' : failures === 1 ? '1 thing is wrong.' : `${failures} things are wrong.`}\n`;
}
