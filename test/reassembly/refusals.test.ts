// In which ways a receiver that is not seen may have read a stream's segments.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Heard } from '../../rebuilder/reassembly/history.ts';
import { Doubt } from '../../rebuilder/reassembly/receiver.ts';
import { mostDifferent } from '../../rebuilder/reassembly/most-different.ts';
import { waysToRead } from '../../rebuilder/reassembly/refusals.ts';
import { NOT_URGENT } from '../../rebuilder/reassembly/urgent-byte.ts';

function heard(seq: number, text: string, { ack = 0, doubts = 0, timestamp = 0 } = {}): Heard {
  return {
    seq, bytes: Buffer.from(text), ack, doubts, timestamp, urgent: NOT_URGENT, timeMs: 0, ipId: 0, headerBytes: 40,
  };
}

/** What each way has read from the stream's beginning on, without what waits. */
function texts(segments: readonly Heard[]): string[] {
  return waysToRead(segments, 0, 0, { bytes: 1 << 20, wasCut: false }).map(({ text }) => text);
}

const CASES: readonly { why: string; segments: readonly Heard[]; ways: readonly string[] }[] = [
  { why: 'there was no room for the first ones, whose sender goes back and sends them again before the others',
    segments: [heard(0, 'ab'), heard(2, 'cd'), heard(0, 'ef'), heard(0, 'ab'), heard(2, 'gh')], ways: ['abcd', 'efgh'] },
  { why: 'the same acknowledgment: both were taken or none, the first wins', segments: [heard(0, 'ab'), heard(0, 'cd')], ways: ['ab'] },
  { why: 'one acknowledges more than the server may have sent', segments: [heard(0, 'ab', { ack: 9 }), heard(0, 'cd')], ways: ['ab', 'cd'] },
  { why: 'one acknowledges what is long past', segments: [heard(0, 'ab', { ack: -70_000 }), heard(0, 'cd')], ways: ['ab', 'cd'] },
  { why: 'two were ahead of the server, each in its own way', segments: [heard(0, 'ab', { ack: 9 }), heard(0, 'cd', { ack: 5 }), heard(0, 'ef')],
    ways: ['ab', 'cd', 'ef'] },
  { why: 'the handshake was open: only what acknowledges its number is taken',
    segments: [heard(0, 'ab', { ack: -1000 }), heard(2, 'xy', { ack: 300 }), heard(2, 'zz', { ack: -9 }), heard(0, 'cd'), heard(2, 'ef')], ways: ['cdef'] },
  { why: 'the same number as that of the handshake, before it was open', segments: [heard(0, 'ab', { ack: 9 }), heard(0, 'cd'), heard(0, 'ef', { ack: 9 })],
    ways: ['ab', 'cd'] },
  { why: 'a number that the server had not sent at first', segments: [heard(0, 'ab', { ack: 40 }), heard(0, 'cd'), heard(2, 'e', { ack: 40 })],
    ways: ['abe', 'cd', 'ab', 'cde'] },
  { why: 'data in the SYN', segments: [heard(0, 'ab', { doubts: Doubt.syn }), heard(0, 'cd')], ways: ['cd', 'ab'] },
  { why: 'a timestamp that is old only if the first was taken', segments: [heard(0, 'ab', { ack: 9, timestamp: 100 }), heard(0, 'cd', { timestamp: 50 })],
    ways: ['ab', 'cd'] },
  { why: 'an old timestamp behind a hole', segments: [heard(0, 'a', { timestamp: 100 }), heard(1, 'x', { timestamp: 50 }), heard(1, 'b', { timestamp: 101 })],
    ways: ['ab', 'ax'] },
  { why: 'a timestamp that comes with bytes that were read before makes none old', segments: [
    heard(0, 'ab', { timestamp: 50 }), heard(0, 'a', { timestamp: 100 }),
    heard(2, 'zz', { timestamp: 40, doubts: Doubt.timestamp }), heard(2, 'xy', { timestamp: 60, doubts: Doubt.timestamp }),
    heard(2, 'cd', { timestamp: 101 })], ways: ['abxy', 'abcd'] },
  { why: 'beyond the window comes what would keep two others from being joined, and another acknowledges too much', segments: [
    heard(0, 'zz', { ack: 9 }), heard(1_000_000, 'far'), heard(12, 'aaaaa'), heard(2, 'x'), heard(10, 'bbbb'),
    heard(14, 'ccccc'), heard(0, 'ABCDEFGHIJ')], ways: ['ABCDEFGHIJbbbbccccc', 'zzxDEFGHIJbbbbccccc', 'ABCDEFGHIJbbbbaaacc'] },
];

for (const { why, segments, ways } of CASES) {
  test(why, () => {
    const found = texts(segments).filter((one) => one !== '');
    assert.deepEqual(ways.filter((one) => !found.includes(one)), [], `read: ${found.join(', ')}`);
  });
}

test('where there is no work left to be done, what was found so far is all, and that is said', () => {
  const work = { bytes: 200, wasCut: false };
  assert.equal(waysToRead([heard(0, 'ab', { ack: 9 }), heard(0, 'cd')], 0, 0, work).length, 1);
  assert.ok(work.bytes >= 0 && work.bytes < 132);
  assert.equal(work.wasCut, true);
});

test('of too many ways those are read that differ first', () => {
  // Three kinds of segments stand behind the first request, each taken or not; that of the request itself differs once.
  const behind = [heard(9, 'uvw', { ack: 9 }), heard(12, 'xyz', { ack: 5 }), heard(15, 'rst', { doubts: Doubt.checksum })];
  const segments = [heard(0, 'GET /a', { ack: 3 }), ...behind, heard(0, 'GET /b123uuuxxxrrr')];
  const ways = waysToRead(segments, 0, 0, { bytes: 1 << 20, wasCut: false });
  const chosen = mostDifferent(ways, 3);
  assert.equal(chosen[0]!.length, Math.max(...ways.map(({ length }) => length)));
  assert.deepEqual(new Set(chosen.slice(0, 2).map(({ text }) => text.slice(0, 6))), new Set(['GET /a', 'GET /b']));
  assert.equal(mostDifferent(ways, ways.length).length, ways.length);
});

test('ways that only stop where another goes on are the last to be chosen', () => {
  // Three bytes of the second half are contested; the end is there only for whoever takes what acknowledges 0.
  const segments = [heard(0, 'ab'), heard(2, 'cd', { ack: 9 }), heard(2, 'ef'), heard(4, 'gh', { ack: 5 }), heard(4, 'ij')];
  const ways = waysToRead(segments, 0, 0, { bytes: 1 << 20, wasCut: false });
  const whole = new Set(ways.filter(({ length }) => length === 6).map(({ text }) => text));
  assert.ok(ways.length > whole.size, 'some stop');
  const chosen = mostDifferent(ways, whole.size);
  assert.deepEqual(new Set(chosen.map(({ text }) => text)), whole);
});
