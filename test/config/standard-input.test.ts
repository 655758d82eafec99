import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const READER = `
  import { readStandardInput } from './rebuilder/config/standard-input.ts';
  process.stdin.pause();
  process.stderr.write('reads');
  process.stdout.write(readStandardInput());
`;

test('a pipe is read to its end, whenever that comes', async (t) => {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', READER], { stdio: 'pipe' });
  t.after(() => child.kill());
  const output = text(child.stdout);
  await once(child.stderr, 'data');
  child.stdin.write('mode: ');
  const rest = 'tcp-capture-v2\n'.repeat(10_000);
  child.stdin.end(rest);
  assert.equal(await output, `mode: ${rest}`);
});
