import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History, NOTHING } from '../../rebuilder/reassembly/history.ts';
import { Doubt } from '../../rebuilder/reassembly/receiver.ts';
import { randomNumbers } from '../random-numbers.ts';

const FROM = { ack: 0, timeMs: 5, ipId: 0 };

/** A stream that says these bytes, one segment each, every one between two messages. */
class Stream {
  last = NOTHING;
  seq: number;
  readonly #history: History;

  constructor(history: History, seq: number) {
    this.#history = history;
    this.seq = seq;
  }

  say(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.last = this.#history.append(bytes, start, end, this.seq, 0, 0, 0, 0, 0, this.seq, true, 40, this.last);
    this.seq = (this.seq + end - start) | 0;
  }
}

// The bytes come from any place, and go to any place, the end of the ring included.
test('what was said is known to the byte, wherever it lay and wherever it went', () => {
  const random = randomNumbers(7);
  const history = new History(4096);
  // Its last bytes are no whole word.
  const slab = Uint8Array.from({ length: 1301 }, () => random(256));
  const stream = new Stream(history, 0x7fff_ff00);
  for (let i = 0; i < 2000; i++) {
    const start = random(1000);
    const end = start + 1 + random(300);
    const { seq } = stream;
    stream.say(slab, start, end);
    assert.equal(history.compare(stream.last, slab, start, end, seq), 'same');
    const other = slab.slice(start, end);
    const at = random(other.length);
    other[at]! ^= 1;
    assert.equal(history.compare(stream.last, other, 0, other.length, seq), 'other', `round ${i}, byte ${at} of ${other.length}`);
    const { heard, from, isWhole } = history.since(stream.last, seq, FROM);
    assert.deepEqual(
      [heard.map(({ bytes }) => Buffer.from(bytes)), from, isWhole],
      [[Buffer.from(slab.subarray(start, end))], seq, true],
    );
  }
});

test('what newer bytes have overwritten is not known, and not taken for what overwrote it', () => {
  const history = new History(1024);
  const [one, other] = [new Stream(history, 0), new Stream(history, 0)];
  one.say(new Uint8Array(100).fill(1));
  for (let i = 0; i < 20; i++) other.say(new Uint8Array(100).fill(2));
  assert.equal(history.compare(one.last, new Uint8Array(100).fill(3), 0, 100, 0), 'forgotten');
  assert.deepEqual(history.since(one.last, 0, FROM).heard, []);
  assert.equal(history.compare(other.last, new Uint8Array(100).fill(3), 0, 100, other.seq - 100), 'other');
});

test('where the stream stood later is no beginning for whoever knows that not all of its readings stood there', () => {
  const history = new History(4096);
  const one = new Stream(history, 0);
  one.say(new Uint8Array(10).fill(1));
  const { oldest } = history.since(one.last, 0, FROM);
  one.say(new Uint8Array(10).fill(2));
  assert.equal(history.since(one.last, 15, FROM).from, 10);
  const { heard, from, isWhole } = history.since(one.last, 15, FROM, undefined, oldest);
  assert.deepEqual([heard.length, from, isWhole], [2, 0, true]);
});

test('bytes that do not fit are not kept, and whoever asks for them is told so', () => {
  const history = new History(64);
  assert.equal(history.append(new Uint8Array(100), 0, 100, 0, 0, 0, 0, 0, 0, 0, true, 40, NOTHING), NOTHING);
  assert.equal(history.compare(NOTHING, new Uint8Array(100), 0, 100, 0), 'forgotten');
});

test('of a stream that is remembered from its first byte on nothing is forgotten', () => {
  const history = new History(4096);
  const stream = new Stream(history, 100);
  stream.say(Buffer.from('abc'));
  stream.say(Buffer.from('def'));
  assert.equal(history.compare(stream.last, Buffer.from('bcde'), 0, 4, 101), 'same');
  assert.equal(history.compare(stream.last, Buffer.from('bcdx'), 0, 4, 101), 'other');
  assert.equal(history.compare(stream.last, Buffer.from('__ab'), 0, 4, 98), 'same');
});

test('what a surer segment brings was not said by one that may have been dropped', () => {
  const history = new History(4096);
  const append = (text: string, seq: number, doubts: number, before: number): number => history.append(
    Buffer.from(text), 0, text.length, seq, 0, 0, 0, doubts, 0, 100, false, 40, before,
  );
  let last = append('bbbb', 102, Doubt.none, NOTHING);
  last = append('aaaaaa', 100, Doubt.timestamp, last);
  const compare = (doubts: number): string => history.compare(last, Buffer.from('aaaa'), 0, 4, 100, doubts);
  assert.deepEqual([Doubt.none, Doubt.acknowledgment, Doubt.timestamp].map(compare), ['other', 'other', 'same']);
});

test('the rest of a place is remembered when its beginning is not', () => {
  const history = new History(1024);
  const [one, other] = [new Stream(history, 0), new Stream(history, 0)];
  one.say(new Uint8Array(100).fill(1));
  for (let i = 0; i < 9; i++) other.say(new Uint8Array(100).fill(2));
  one.say(new Uint8Array(100).fill(3));
  const [both, second] = [Buffer.alloc(200, 1).fill(3, 100), Buffer.alloc(100, 3)];
  assert.equal(history.compare(one.last, both, 0, 200, 0), 'forgotten');
  assert.equal(history.compare(one.last, second, 0, 100, 100), 'same');
});
