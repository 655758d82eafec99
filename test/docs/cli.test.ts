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

function page(): string {
  return ([['rebuilder', 'rebuilder/rebuilder.js'], ['vpc-mirror', 'fleet/vpc-mirror.js']] as const).map(([name, program]) => {
    const own = help(program, []);
    const commands = commandsOf(own).map((command) => `### ${name} ${command}\n\n\`\`\`\n${help(program, [command])}\n\`\`\`\n`);
    return `## ${name}\n\n\`\`\`\n${own}\n\`\`\`\n\n${commands.join('\n')}`;
  }).join('\n');
}

test(`${PAGE} is what --help says`, { timeout: 120_000 }, () => {
  const before = readFileSync(PAGE, 'utf8');
  assert.match(before, GENERATED);
  const expected = before.replace(GENERATED, (_, begin: string, end: string) => `${begin}${page()}${end}`);
  if (process.env['UPDATE']) writeFileSync(PAGE, expected);
  else assert.equal(before, expected, 'UPDATE=1 npm test docs/cli');
});
