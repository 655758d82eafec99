// The commands of docs/operations.md, run as they stand there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { file } from '../command-line.ts';
import { installed } from '../installed.ts';

test('who sends what can be read in two ways: each address once, whatever its ports', (t) => {
  if (!installed(t, 'jq')) return;
  const command = /^ {3}(jq .*exchanges\.jsonl.*)$/m.exec(readFileSync('docs/operations.md', 'utf8'))![1]!;
  const line = (src: string, reading?: number): string => JSON.stringify({ src, request: { reading } });
  const path = file(t, 'exchanges.jsonl', `${[
    line('10.0.0.9:40000', 2), line('10.0.0.9:40001', 2), line('10.0.0.9:40001', 3), line('[2001:db8::1]:443', 2), line('10.0.0.7:1'),
  ].join('\n')}\n`);
  const { stdout, stderr, status } = spawnSync('bash', ['-c', command], { cwd: dirname(path), encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n').map((one) => one.trim()), ['3 10.0.0.9', '1 [2001:db8::1]']);
});
