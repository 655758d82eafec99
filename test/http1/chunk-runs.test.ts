import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkRuns } from '../../rebuilder/http1/chunk-runs.ts';

const CASES: readonly (readonly [why: string, body: string, pieces: readonly string[], trailers: string])[] = [
  ['two chunks', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', ['abc', 'de'], '\r\n'],
  ['extensions and trailers', '1;a=b\r\nx\r\n0;c\r\nT: 1\r\n\r\n', ['x'], 'T: 1\r\n\r\n'],
  ['bare line feeds', '1\nx\n0\n\n', ['x'], '\n'],
  ['cut off in the data', '5\r\nabc', ['abc'], ''],
  ['cut off in a size', '1\r\nx\r\n5', ['x', '5'], ''],
  ['no chunks at all', 'hello', ['hello'], ''],
  ['from where it is no chunk any more', '1\r\nx\r\nzz\r\nrest', ['x', 'zz\r\nrest'], ''],
  ['a size beyond all numbers', '123456789abcdef\r\nx', ['123456789abcdef\r\nx'], ''],
  ['a size as CPython reads it', '+0x1\r\nx\r\n0\r\n', ['x'], ''],
  ['nothing', '', [], ''],
];

for (const [why, body, expected, trailers] of CASES) {
  test(why, () => {
    // Bytes around it, which are not its own.
    const bytes = Buffer.from(`7\r\n${body}9\r\nyyyyyyyyy`);
    const end = 3 + body.length;
    const pieces: string[] = [];
    const trailersStart = chunkRuns(bytes, 3, end, (first, last) => pieces.push(bytes.toString('latin1', first, last)));
    assert.deepEqual(pieces, expected);
    assert.equal(bytes.toString('latin1', trailersStart, end), trailers);
  });
}
