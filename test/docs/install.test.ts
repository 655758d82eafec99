import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { runNeeds } from '../../rebuilder/config/run-needs.ts';

const PAGE = 'docs/install.md';
const page = readFileSync(PAGE, 'utf8');

test('every configuration of the page is one, and a service can run with it', () => {
  const blocks = [...page.matchAll(/^( *)```yaml\n([^]*?)^ *```$/gm)].map(([, indent, text]) => text!.replaceAll(new RegExp(`^${indent!}`, 'gm'), ''));
  assert.equal(blocks.length, 2);
  for (const block of blocks) {
    const { settings, warnings } = parseConfig(block, PAGE);
    assert.deepEqual([runNeeds(settings), warnings], [[], []], block);
    assert.deepEqual(settings.tcpStream.fromInterface.map((one) => one.interface), ['enp7s0']);
  }
});

test('install.sh has the options that the page uses, and the paths it names are its own', () => {
  const script = readFileSync('package/files/install.sh', 'utf8');
  const used = [...page.matchAll(/install\.sh((?: --?[a-z-]+(?: [\w.$/-]+)?)+)/g)].flatMap(([, options]) => options!.match(/--[a-z-]+/g)!);
  assert.deepEqual([...new Set(used)].sort(), ['--capture-interface', '--config', '--interactive', '--start', '--uninstall']);
  for (const option of used) assert.ok(script.includes(`\n    ${option})`), option);
  for (const path of page.match(/\/(?:opt|etc|var)\/vpc-mirror[\w./-]*/g)!) {
    const root = path.replace(/\/(?:DATE|install\.sh|rebuilder\.log|wallarm-node-conf\.yaml)?$/, '');
    assert.ok(script.includes(`=${root}\n`), path);
  }
});

test('the line that completes the shipped configuration does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'install-page-'));
  try {
    const file = join(folder, 'conf.yaml');
    writeFileSync(file, readFileSync('package/files/wallarm-node-conf.yaml'));
    const [, expression] = /sudo sed -i '([^']+)' \/etc\/vpc-mirror/.exec(page)!;
    execFileSync('sed', ['-i', expression!, file]);
    assert.deepEqual(runNeeds(parseConfig(readFileSync(file, 'utf8'), file).settings), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('files that the pages about adoption link to are there; workflows are YAML that calls what exists', () => {
  for (const [file, folder] of [[PAGE, 'docs'], ['SECURITY.md', '.']] as const) {
    for (const [, link] of readFileSync(file, 'utf8').matchAll(/\]\((?!http)([^)#]+)/g)) assert.ok(existsSync(join(folder, link!)), `${file}: ${link!}`);
  }
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const name of ['ci', 'release']) {
    const text = readFileSync(`.github/workflows/${name}.yml`, 'utf8');
    const workflow = parse(text) as { jobs: Record<string, { steps: { run?: string; uses?: string }[] }> };
    for (const { run, uses } of Object.values(workflow.jobs).flatMap(({ steps }) => steps)) {
      assert.ok((run === undefined) !== (uses === undefined));
      if (uses !== undefined) assert.match(uses, /@[0-9a-f]{40}$/, 'a tag can be moved to other code');
      for (const [, script] of run?.matchAll(/npm run ([\w:]+)/g) ?? []) assert.ok(script! in scripts, script);
      for (const [, path] of run?.matchAll(/npx tsx (\S+)/g) ?? []) assert.ok(existsSync(path!), path);
    }
  }
  assert.ok(existsSync('.ci/run'));
});
