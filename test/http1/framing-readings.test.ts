import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderLines } from '../../rebuilder/http/header-lines.ts';
import { framingReadings } from '../../rebuilder/http1/framing-readings.ts';

let isLimited = false;

function readings(head: string): string[] | null {
  isLimited = false;
  const bytes = Buffer.from(`${head}\r\n\r\n`, 'latin1');
  const lines = new HeaderLines();
  assert.equal(lines.scan(bytes, 0, bytes.length), bytes.length);
  const found = framingReadings(bytes, 0, bytes.length, lines, 1, { count: () => { isLimited = true; } });
  return found && found.map(({ framing, contentLength }) => `${framing} ${contentLength}`);
}

test('blanks before a length hide it from no reading, however many', () => {
  for (const blanks of ['', ' ', ' '.repeat(20_000), '\t \r\n '.repeat(5_000)]) {
    assert.deepEqual(readings(`X: a\rContent-Length:${blanks}7`), ['none 0', 'length 7'], `${blanks.length} blanks`);
  }
});

describe('what a client writes before a length hides no reading that servers have', () => {
  const cases: readonly [string, string, boolean][] = [
    ['three other lengths, and a coding', `${[1, 2, 3].map((n) => `Content_Length: ${n}\r\n`).join('')}Content-Length: 9\r\nTransfer-Encoding: chunked`, false],
    ['twenty other lengths', `${Array.from({ length: 20 }, (_, n) => `Content_Length: ${n}\r\n`).join('')}Content-Length: +9`, true],
    ['twenty other codings', `${'Transfer_Encoding: x\r\n'.repeat(20)}Content-Length: +9`, true],
    ['64 KiB', `${`X: ${'y'.repeat(8000)}\r\n`.repeat(9)}Content-Length: +9`, false],
    ['lengths of which the last counts', `${'Content-Length: x\r\n'.repeat(20)}Content-Length: +9`, true],
  ];
  for (const [title, head, areMore] of cases) {
    test(title, () => {
      assert.ok(readings(head)?.includes('length 9'));
      assert.equal(isLimited, areMore);
    });
  }
});

test('behind a coding that is not plainly chunked the body may be chunked, as long as is said, the rest of all, or none', () => {
  for (const coding of ['xchunked', 'chunked, gzip', 'x\r\n chunked', 'chunked\r\nTransfer-Encoding: "chunked"']) {
    const found = readings(`Content-Length: 7\r\nTransfer-Encoding: ${coding}`)?.sort();
    assert.deepEqual(found, ['chunked 0', 'close 0', 'length 7', 'none 0'], coding);
  }
});

test('behind chunked alone, or as the last of several, it is chunked or as long as is said', () => {
  for (const coding of ['chunked', 'Chunked ', 'gzip, chunked']) {
    assert.deepEqual(readings(`Content-Length: 7\r\nTransfer-Encoding: ${coding}`), ['chunked 0', 'length 7'], coding);
  }
});

// The value of each claim goes on to the end of the head, through those behind it.
for (const [name, fill] of [['items of a list', ','], ['lengths in a list', '1_1,'], ['folds', '\n ']] as const) {
  test(`values that overlap cost little: ${name}`, (t) => {
    const exec = t.mock.method(RegExp.prototype, 'exec');
    readings(`X: a${'\rContent-Length: x'.repeat(16)}${fill.repeat(64_000 / fill.length)}\r\n Content-Length: a`);
    assert.ok(exec.mock.callCount() < 100_000, `${exec.mock.callCount()} searches in a head of 64 KiB`);
  });
}
