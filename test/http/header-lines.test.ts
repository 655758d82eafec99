// Lines that are written as RFC 9112 5 has them are read in a loop of their own, four bytes a step: they and all others
// are held to what a few regular expressions say of the same bytes, at every alignment of the buffer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderLines } from '../../rebuilder/http/header-lines.ts';
import { Irregular } from '../../rebuilder/http/irregular.ts';
import { Field, LINE_STRIDE } from '../../rebuilder/http/message.ts';
import { randomNumbers } from '../random-numbers.ts';

const random = randomNumbers(7);
const one = <T>(of: readonly T[]): T => of[random(of.length)]!;

const NAMES = ['Host', 'User-Agent', 'a', 'x-mirror-id', 'X_Y', 'Accept', 'cookie', 'no name'];
const SEPARATORS = [': ', ': ', ': ', ':', ':\t', ' : ', ':  '];
const PIECES = ['value', 'a', 'bc ', ' ', '\t', '~', '\x7f', '\x80', '\xff', '\x00', '\x1f', '\r', 'x'.repeat(17)];
const ENDS = ['\r\n', '\r\n', '\r\n', '\n', ' \r\n', '\t\r\n'];

function headOf(): string {
  let head = '';
  for (let lines = 1 + random(6); lines > 0; lines--) {
    let value = '';
    for (let pieces = random(4); pieces > 0; pieces--) value += random(10) < 7 ? one(PIECES.slice(0, 3)) : one(PIECES);
    head += one(NAMES) + one(SEPARATORS) + value + one(ENDS);
  }
  return `${head}\r\n`;
}

/** Name and value of each line, and what is odd about them. */
function expected(head: string): { lines: [string, string][]; odd: number } {
  const lines: [string, string][] = [];
  let odd = 0;
  for (const line of head.slice(0, -2).split('\n').slice(0, -1)) {
    if (!line.endsWith('\r')) odd |= Irregular.bare_lf;
    const named = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)([ \t]*):(.*)$/s.exec(line.replace(/\r$/, ''));
    if (named?.[2] !== undefined && named[2] !== '') odd |= Irregular.space_before_colon;
    const read = named?.[3] ?? line.replace(/\r$/, '');
    if (/[\x80-\xff]/.test(read)) odd |= Irregular.non_ascii;
    if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(read)) odd |= Irregular.control_in_header;
    if (read.includes('\r')) odd |= Irregular.bare_cr;
    if (named === null) odd |= Irregular.malformed_header;
    lines.push(named === null ? [read.replace(/[ \t]+$/, ''), ''] : [named[1]!, read.replace(/^[ \t]+|[ \t]+$/g, '')]);
  }
  return { lines, odd };
}

test('names, values and what is odd are those that regular expressions find, at each alignment', () => {
  const memory = new Uint8Array(4096);
  const scanner = new HeaderLines();
  for (let round = 0; round < 4000; round++) {
    const head = headOf();
    const offset = round & 3;
    const bytes = memory.subarray(offset);
    const start = 1 + (round >> 2 & 3);
    bytes.set(Buffer.from(head, 'latin1'), start);
    const end = start + head.length;
    assert.equal(scanner.scan(bytes, start, end), end, JSON.stringify(head));
    const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1');
    const lines = Array.from({ length: scanner.count }, (_, i) => {
      const [, nameStart = 0, nameEnd = 0, valueStart = 0, valueEnd = 0] = scanner.lines.subarray(i * LINE_STRIDE);
      return [text(nameStart, nameEnd), text(valueStart, valueEnd)];
    });
    const { lines: wanted, odd } = expected(head);
    assert.deepEqual(lines, wanted, JSON.stringify(head));
    assert.equal(scanner.irregular & ~Irregular.duplicate_host, odd, JSON.stringify(head));
    // Cut before its end it is none, and nothing behind the cut is looked at.
    const cut = start + random(head.length - 1);
    if (!text(start, cut).includes('\n\r\n')) assert.equal(scanner.scan(bytes, start, cut), -1, `${JSON.stringify(head)} cut at ${cut - start}`);
  }
});

test('each name we act on is known in any case, and one longer or shorter is another', () => {
  const scanner = new HeaderLines();
  const fieldOf = (name: string): number => {
    const bytes = Buffer.from(`${name}: 1\r\n\r\n`);
    scanner.scan(bytes, 0, bytes.length);
    return scanner.lines[0]!;
  };
  for (const [name, field] of [
    ['host', Field.host], ['content-length', Field.contentLength], ['transfer-encoding', Field.transferEncoding], ['te', Field.hopByHop],
    ['x-request-id', Field.xRequestId], ['x-mirror-anything', Field.reserved], ['x-real-ip', Field.reserved],
  ] as const) {
    for (const written of [name, name.toUpperCase(), name[0]!.toUpperCase() + name.slice(1)]) {
      assert.equal(fieldOf(written), field, written);
    }
    if (field !== Field.reserved) assert.equal(fieldOf(`${name}s`), Field.other, `${name}s`);
    assert.equal(fieldOf(name.slice(1)), Field.other, name.slice(1));
  }
});

test('a framing value is read once, however often it is folded', () => {
  const scanner = new HeaderLines();
  // Megabytes: read anew with each of its lines, either value takes minutes.
  for (const [head, chunked] of [
    [`Transfer-Encoding: chunked\n${' ,\n'.repeat(500_000)}\n`, true],
    [`Transfer-Encoding: a\n${' ,\n'.repeat(500_000)} , chunked\n\n`, true],
    [`Transfer-Encoding: chunked\n${' ,\n'.repeat(500_000)} , a\nHost: a\n\n`, false],
    [`Content-Length: ${'0'.repeat(1_000_000)}5\n${' \n'.repeat(500_000)}\n`, false],
  ] as const) {
    const bytes = Buffer.from(head);
    assert.equal(scanner.scan(bytes, 0, bytes.length), bytes.length);
    assert.equal(scanner.chunked, chunked);
    assert.equal(scanner.contentLength, head.startsWith('C') ? -2 : -1);
    assert.ok(scanner.irregular & Irregular.obs_fold);
  }
});
