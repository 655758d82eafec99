import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createFrameRing, type FrameRing, FrameRingSource, FrameRingWriter } from '../../rebuilder/capture/frame-ring.ts';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { RecordingSink } from './recording-sink.ts';

function frameOf(i: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, k) => (i * 131 + k * 7) & 0xff));
}

/** Lengths from nothing to jumbo, in an order that leaves the end of the ring at every position. */
const lengthOf = (i: number): number => (i * 2647) % 9001;

function offer(writer: FrameRingWriter, i: number): boolean {
  const frame = frameOf(i, lengthOf(i));
  return writer.offer(LinkType.ethernet, frame, 0, frame.length, frame.length + (i % 3), 1_700_000_000_000.25 + i, i % 2 === 0 ? -1 - i : i);
}

function check(sink: RecordingSink, count: number): void {
  assert.equal(sink.frames.length, count);
  sink.frames.forEach(({ link, bytes, originalLength, timeMs, outerSource }, i) => {
    assert.deepEqual(bytes, frameOf(i, lengthOf(i)), `frame ${i}`);
    assert.deepEqual([link, originalLength, timeMs, outerSource], [
      LinkType.ethernet, lengthOf(i) + (i % 3), 1_700_000_000_000.25 + i, i % 2 === 0 ? -1 - i : i,
    ]);
  });
}

async function received(ring: FrameRing, count: number, write: (writer: FrameRingWriter) => Promise<void>): Promise<void> {
  const sink = new RecordingSink();
  const source = new FrameRingSource(ring);
  await source.start(sink);
  await write(new FrameRingWriter(ring));
  await sink.until(() => sink.frames.length >= count);
  await source.stop();
  await source.done;
  check(sink, count);
}

test('frames come out as they went in, many times around', async () => {
  await received(createFrameRing(65_536), 3000, async (writer) => {
    for (let i = 0; i < 3000; i++) {
      while (!offer(writer, i)) {
        writer.announce();
        await setImmediate();
      }
    }
    writer.announce();
  });
});

test('a full ring takes no more, and loses nothing of what it has', () => {
  const ring = createFrameRing(65_536);
  const writer = new FrameRingWriter(ring);
  let count = 0;
  while (offer(writer, count)) count++;
  assert.ok(count > 5 && count < 60, `${count}`);
  assert.equal(offer(writer, count), false);
  return received(ring, count, async () => {});
});

test('a reader that waits is woken', async () => {
  const ring = createFrameRing(65_536);
  const sink = new RecordingSink();
  const source = new FrameRingSource(ring);
  await source.start(sink);
  assert.match(source.describe(), /ring of 0\.0625 MiB/);
  await sink.until(() => sink.batchEnds >= 2);
  const writer = new FrameRingWriter(ring);
  offer(writer, 0);
  writer.announce();
  await sink.until(() => sink.frames.length === 1);
  await source.stop();
  check(sink, 1);
});
