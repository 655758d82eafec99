// docs/cli.md is what the commands say of themselves: UPDATE=1 npm test docs/cli writes it anew.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

const PAGE = 'docs/cli.md';
const GENERATED = /(<!-- generated from --help -->\n)[^]*(<!-- end of generated -->)/;

function help(program: string, command: readonly string[]): string {
  const said = execFileSync(process.execPath, [program, ...command, '--help'], { encoding: 'utf8', env: { ...process.env, COLUMNS: '80', NO_COLOR: '1' } });
  return said.trimEnd();
}

/** The commands that a program's own help lists. */
function commandsOf(text: string): string[] {
  const [, list = ''] = /\nCommands:\n([^]*?)\n\n/.exec(`${text}\n\n`) ?? [];
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!).filter((name) => name !== 'help');
}

function written(): string {
  return ([['rebuilder', 'rebuilder/rebuilder.js'], ['vpc-mirror', 'fleet/vpc-mirror.js']] as const).map(([name, program]) => {
    const own = help(program, []);
    const commands = commandsOf(own).map((command) => `### ${name} ${command}\n\n\`\`\`\n${help(program, [command])}\n\`\`\`\n`);
    return `## ${name}\n\n\`\`\`\n${own}\n\`\`\`\n\n${commands.join('\n')}`;
  }).join('\n');
}

let kept: string | undefined;
const page = (): string => kept ??= written();

test('no help is wider than a terminal of 80 columns', { timeout: 120_000 }, () => {
  assert.deepEqual(page().split('\n').filter((line) => line.length > 80), []);
});

test('both commands say the version of package.json', () => {
  const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const program of ['rebuilder/rebuilder.js', 'fleet/vpc-mirror.js']) {
    assert.equal(execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8' }), `${version}\n`, program);
  }
});

test(`${PAGE} is what --help says`, { timeout: 120_000 }, () => {
  const before = readFileSync(PAGE, 'utf8');
  assert.match(before, GENERATED);
  const expected = before.replace(GENERATED, (_, begin: string, end: string) => `${begin}${page()}${end}`);
  if (process.env['UPDATE']) writeFileSync(PAGE, expected);
  else assert.equal(before, expected, 'UPDATE=1 npm test docs/cli');
});
