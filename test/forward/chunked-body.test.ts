import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeChunked, isStrictChunked } from '../../rebuilder/forward/chunked-body.ts';

const CASES: readonly (readonly [body: string, isStrict: boolean, entity: string, trailers: string])[] = [
  ['0\r\n\r\n', true, '', '\r\n'],
  ['5\r\nhello\r\n0\r\n\r\n', true, 'hello', '\r\n'],
  ['5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', true, 'hello world', '\r\n'],
  ['A;x="y"\r\n0123456789\r\n00\r\n\r\n', true, '0123456789', '\r\n'],
  ['5\r\nhello\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n', true, 'hello', 'X-Sum: 1\r\nY: 2\r\n\r\n'],
  ['5\r\n0\r\n\r\n\r\n0\r\n\r\n', true, '0\r\n\r\n', '\r\n'],
  ['5\r\nhello\r\n0\r\n\r\nmore', false, 'hello', '\r\nmore'],
  ['5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n', false, 'hello', 'Content-Length: 5\r\n\r\n'],
  ['5\r\nhello\r\n0\r\nX-Real-IP: 1\r\n\r\n', false, 'hello', 'X-Real-IP: 1\r\n\r\n'],
  ['5\r\nhello\r\n0\r\nnonsense\r\n\r\n', false, 'hello', 'nonsense\r\n\r\n'],
  ['5\nhello\n0\n\n', false, 'hello', '\n'],
  ['5 \r\nhello\r\n0\r\n\r\n', false, 'hello', '\r\n'],
  ['0x5\r\nhello\r\n0\r\n\r\n', false, 'hello', '\r\n'],
  ['+5\r\nhello\r\n0\r\n\r\n', false, 'hello', '\r\n'],
  ['0_5\r\nhello\r\n0\r\n\r\n', false, 'hello', '\r\n'],
  [`5;${'x'.repeat(500)}\r\nhello\r\n0\r\n\r\n`, true, 'hello', '\r\n'],
  [`5;${'x'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`, false, 'hello', '\r\n'],
  ['5\r\nhel', false, 'hel', ''],
  ['5\r\nhello\r\n', false, 'hello', ''],
  ['5\r\nhello\r\nzz\r\nrest', false, 'hellozz\r\nrest', ''],
  ['100000000000\r\nhello', false, 'hello', ''],
  ['100000000000000\r\nhello', false, '100000000000000\r\nhello', ''],
  ['5;a\x00\r\nhello\r\n0\r\n\r\n', false, 'hello', '\r\n'],
  ['', false, '', ''],
  ['5', false, '5', ''],
];

for (const [body, isStrict, entity, trailers] of CASES) {
  test(`${JSON.stringify(body)} is ${isStrict ? '' : 'not '}read the same by all`, () => {
    // Not at the beginning of its buffer, and something behind it that must not be touched.
    const bytes = Buffer.from(`##${body}0\r\n\r\n`, 'latin1');
    const end = 2 + body.length;
    assert.equal(isStrictChunked(bytes, 2, end), isStrict);
    const counted = decodeChunked(bytes, 2, end, Infinity, null, 0);
    assert.equal(counted.size, entity.length);
    assert.equal(bytes.toString('latin1', counted.trailersStart, end), trailers);
    const to = Buffer.alloc(counted.size + 4, 0x23);
    assert.deepEqual(decodeChunked(bytes, 2, end, Infinity, to, 2), counted);
    assert.equal(to.toString('latin1'), `##${entity}##`);
    const cut = Buffer.alloc(10, 0x23);
    decodeChunked(bytes, 2, end, 3, cut, 1);
    assert.equal(cut.toString('latin1'), `#${entity.slice(0, 3).padEnd(3, '#')}######`);
  });
}
