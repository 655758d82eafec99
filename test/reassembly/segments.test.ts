import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { SEGMENT_OVERHEAD, SegmentQueue } from '../../rebuilder/reassembly/segments.ts';
import { advance, distance } from '../../rebuilder/reassembly/sequence.ts';

/** `3:abc` = the bytes abc at sequence number 3. */
type Text = `${number}:${string}`;

interface Case { title: string; segments: Text[]; read: string; last?: 'kept' | 'covered' }

/** What tcp_data_queue_ofo of Linux keeps; docs/reassembly.md has the pictures. */
const CASES: Case[] = [
  { title: 'one behind the other', segments: ['0:abc', '3:def'], read: 'abcdef' },
  { title: 'in any order', segments: ['6:ghi', '0:abc', '3:def'], read: 'abcdefghi' },
  { title: 'the same again brings nothing', segments: ['0:abc', '0:abc'], read: 'abc', last: 'covered' },
  { title: 'a part of what is there brings nothing', segments: ['0:abcdef', '2:cd'], read: 'abcdef', last: 'covered' },
  { title: 'another word for a part of what is there does not win', segments: ['0:abcdef', '2:XY'], read: 'abcdef', last: 'covered' },
  { title: 'a newcomer that covers the whole of another takes its place', segments: ['2:cd', '0:ABCDEF'], read: 'ABCDEF' },
  { title: 'also with the same start', segments: ['0:ab', '0:ABCD'], read: 'ABCD' },
  { title: 'and of several', segments: ['1:b', '3:d', '5:f', '0:ABCDEFG'], read: 'ABCDEFG' },
  { title: 'overlap at the end: the first to begin is read first', segments: ['0:abcd', '2:XYZW'], read: 'abcdZW' },
  { title: 'overlap at the start: the newcomer begins first', segments: ['2:cdef', '0:ABCD'], read: 'ABCDef' },
  { title: 'one that goes on where another ends is joined to it, though a later one covers it: that lies farther down the tree',
    segments: ['1:eeee', '4:dddddddddd', '2:aaaaaa', '8:AAA', '0:x'], read: 'xeeeeaaaAAAddd' },
  { title: 'a FIN is dropped by what covers it', segments: ['4:', '0:abcdef', '6:gh'], read: 'abcdefgh' },
  { title: 'what is joined to a FIN begins at its number', segments: ['4:', '5:WXYZ', '0:abcde'], read: 'abcdeXYZ' },
  { title: 'overlap without a difference is none', segments: ['0:abcd', '2:cdef'], read: 'abcdef' },
];

function fill(queue: SegmentQueue, segments: readonly Text[], base: number): string[] {
  const replaced = { bytes: 0 };
  return segments.map((text) => {
    const [at, data] = text.split(':') as [string, string];
    const bytes = Buffer.from(data);
    return queue.insert(
      advance(base, Number(at)), bytes, 0, bytes.length, { ack: 0, timeMs: 0, ipId: 0, headerBytes: 40 }, replaced,
    );
  });
}

function read(queue: SegmentQueue, base: number): string {
  let next = base;
  let text = '';
  for (let first = queue.first; first !== undefined && distance(first.seq, next) <= 0; first = queue.first) {
    queue.shift();
    const known = -distance(first.seq, next);
    if (known >= first.bytes.length) continue;
    text += Buffer.from(first.bytes.subarray(known)).toString();
    next = advance(first.seq, first.bytes.length);
  }
  return text;
}

describe('the out-of-order queue keeps what a Linux receiver keeps', () => {
  for (const { title, segments, read: expected, last } of CASES) {
    for (const base of [0, 1_000_000, -3, 0x7fffffff]) {
      test(`${title} (from sequence number ${base >>> 0})`, () => {
        const budget = new Budget(10_000);
        const queue = new SegmentQueue(budget);
        const outcomes = fill(queue, segments, base);
        if (last !== undefined) assert.equal(outcomes.at(-1), last);
        assert.equal(budget.dataBytes, queue.bytes);
        assert.equal(read(queue, base), expected);
        assert.equal(queue.bytes, 0);
        assert.equal(budget.usedBytes, 0);
      });
    }
  }
});

test('neighbours count as one, unless they cannot be joined', () => {
  const segments: Text[] = ['2:cd', '4:ef', '4:EFGH', '0:ab'];
  const joined = new SegmentQueue(new Budget(10_000));
  fill(joined, segments, 0);
  assert.equal(read(joined, 0), 'abcdefGH', 'it does not cover the whole of what is one');
  const apart = new SegmentQueue(new Budget(10_000), 'none');
  fill(apart, segments, 0);
  assert.equal(read(apart, 0), 'abcdEFGH', 'it covers the second');
});

test('a neighbour is joined where the buffer of the first has room for it', () => {
  for (const [length, joined] of [[60, true], [120, false]] as const) {
    const queue = new SegmentQueue(new Budget(10_000), 'room');
    // Laid behind headers of 40 bytes, and Ethernet's, into 256.
    fill(queue, [`2:${'b'.repeat(length)}`, `${2 + length}:${'c'.repeat(length)}`, `${2 + length}:${'D'.repeat(length + 1)}`], 0);
    assert.equal(read(queue, 2), 'b'.repeat(length) + (joined ? `${'c'.repeat(length)}D` : 'D'.repeat(length + 1)));
  }
});

test('a copy of a queue goes on as that one does', () => {
  // 22..32 came behind 32..68, so the two are not one, and a newcomer may cover the second.
  const budget = new Budget(10_000);
  const queue = new SegmentQueue(budget);
  fill(queue, ['4:ef', '2:cd'], 0);
  const copy = new SegmentQueue(budget);
  assert.ok(copy.copyFrom(queue));
  for (const one of [queue, copy]) {
    fill(one, ['4:EFGH', '0:ab'], 0);
    assert.equal(read(one, 0), 'abcdEFGH');
  }
  assert.equal(budget.usedBytes, 0);
});

test('a copy that joins otherwise holds what it would, had all come to it', () => {
  const queue = new SegmentQueue(new Budget(10_000));
  fill(queue, ['2:cd', '4:ef'], 0);
  const copy = new SegmentQueue(new Budget(10_000), 'none');
  assert.ok(copy.copyFrom(queue));
  fill(copy, ['4:EFGH', '0:ab'], 0);
  assert.equal(read(copy, 0), 'abcdEFGH');
});

test('other bytes for the same place are seen', () => {
  const queue = new SegmentQueue(new Budget(10_000));
  fill(queue, ['2:cd', '6:gh'], 0);
  const differs = (at: number, text: string): boolean => queue.differs(at, Buffer.from(text), 0, text.length);
  assert.deepEqual([differs(0, 'abcd'), differs(3, 'def'), differs(4, 'xy'), differs(3, 'X'), differs(5, 'fGh')], [false, false, false, true, true]);
});

test('also behind the last one\'s end, in one that was joined beyond it', () => {
  const queue = new SegmentQueue(new Budget(10_000));
  fill(queue, ['0:ab', '4:ef', '2:cdEFGH'], 0);
  assert.deepEqual([queue.differs(7, Buffer.from('X'), 0, 1), queue.differs(7, Buffer.from('H'), 0, 1), queue.differs(8, Buffer.from('X'), 0, 1)], [true, false, false]);
});

test('a queue that was cleared holds nothing, gave its memory back, and is as new', () => {
  const budget = new Budget(10_000);
  const queue = new SegmentQueue(budget);
  fill(queue, ['0:ab', '4:ef', '2:cdEFGH', '20:xyz'], 0);
  queue.clear();
  assert.deepEqual(
    [queue.first, queue.length, queue.bytes, budget.usedBytes, queue.end], [undefined, 0, 0, 0, undefined],
  );
  fill(queue, ['2:CD', '0:AB'], 0);
  assert.equal(read(queue, 0), 'ABCD');
});

test('a queue whose budget is used up takes nothing more, and says so', () => {
  const queue = new SegmentQueue(new Budget(2 * SEGMENT_OVERHEAD + 5));
  assert.deepEqual(fill(queue, ['10:abc', '20:def', '30:g'], 0), ['kept', 'no_memory', 'kept']);
  assert.equal(queue.bytes, 4);
});

test('a queue of one-byte segments is bounded in their number', () => {
  const queue = new SegmentQueue(new Budget(1 << 24));
  const outcomes = fill(queue, Array.from({ length: 17_000 }, (_, i): Text => `${2 * i}:a`), 0);
  assert.equal(outcomes.filter((outcome) => outcome === 'kept').length, 4096);
  assert.ok(queue.isFull);
});
