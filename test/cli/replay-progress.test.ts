import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressText } from '../../rebuilder/cli/replay-progress.ts';

const MIB = 1 << 20;

for (const [what, bytes, total, ms, text] of [
  ['half of it', 12 * MIB, 48 * MIB, 500, 'read 12.0 of 48.0 MiB (25 %), 24.0 MiB/s, 2 s left'],
  ['nothing yet', 0, 48 * MIB, 0, /^read 0\.0 of 48\.0 MiB \(0 %\), 0\.0 MiB\/s/],
  ['standard input', 3 * MIB, 0, 1000, 'read 3.0 MiB, 3.0 MiB/s'],
  ['a file that grows', 3 * MIB, 2 * MIB, 1000, 'read 3.0 MiB, 3.0 MiB/s'],
] as const) {
  test(`progress: ${what}`, () => {
    const shown = progressText(bytes, total, ms);
    if (typeof text === 'string') assert.equal(shown, text);
    else assert.match(shown, text);
  });
}
