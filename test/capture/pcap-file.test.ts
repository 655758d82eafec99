import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { FileError } from '../../rebuilder/capture/file-error.ts';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { PcapFile } from '../../rebuilder/capture/pcap-file.ts';
import { pcapFile, pcapngBlock, pcapngSection } from '../capture-files.ts';
import { CollectedFrames } from '../collected-frames.ts';

const frames = Array.from({ length: 40 }, (_, i) => ({
  bytes: new Uint8Array(60 + i).fill(i),
  timeMs: 1_700_000_000_000 + i,
}));

const inPieces = (bytes: Uint8Array, size: number): Readable => Readable.from((function* () {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
})());

async function read(origin: string | Readable, name?: string): Promise<{ sink: CollectedFrames; error: string }> {
  const sink = new CollectedFrames();
  const file = new PcapFile(origin, name === undefined ? {} : { name });
  let error = '';
  try {
    await file.start(sink);
    await file.done;
  } catch (caught) {
    assert.ok(caught instanceof FileError, String(caught));
    error = caught.message;
  }
  return { sink, error };
}

const FORMATS: Readonly<Record<string, Buffer>> = {
  'pcap': pcapFile(frames),
  'pcapng': Buffer.concat([pcapngSection(frames.slice(0, 11)), pcapngSection(frames.slice(11), { order: 'big' })]),
};

for (const [format, bytes] of Object.entries(FORMATS)) {
  test(`${format}: the same frames come from pieces of any size`, async () => {
    for (const size of [1, 3, 64, 1000, bytes.length]) {
      const { sink, error } = await read(inPieces(bytes, size));
      assert.equal(error, '');
      assert.deepEqual(sink.frames.map(({ bytes, timeMs }) => ({ bytes, timeMs })), frames, `pieces of ${size}`);
      assert.ok(sink.batches > 0);
    }
  });

  test(`${format}: cut off at any byte, it says so and keeps what was whole`, async () => {
    let kept = 0;
    for (let length = 1; length < bytes.length; length += 7) {
      const { sink, error } = await read(Readable.from([bytes.subarray(0, length)]), 'cut.pcap');
      if (error === '') assert.ok([24, 28].includes(length) || sink.frames.length > 0);
      else assert.match(error, /^cut\.pcap: is (cut off in its file header, after \d+ bytes: no packet is in it|cut off in the middle of a record, which begins at byte \d+; the \d+ frames? before it w|too short)/);
      assert.deepEqual(
        sink.frames.map(({ bytes, timeMs }) => ({ bytes, timeMs })),
        frames.slice(0, sink.frames.length),
      );
      kept = Math.max(kept, sink.frames.length);
    }
    assert.ok(kept > 30);
  });
}

test('a stopped source calls nobody any more', async () => {
  const sink = new CollectedFrames();
  const file: PcapFile = new PcapFile(inPieces(FORMATS['pcap']!, 400), { betweenBatches: () => file.stop() });
  await file.start(sink);
  await file.done;
  const { length } = sink.frames;
  assert.ok(length > 0 && length < frames.length);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sink.frames.length, length);
});

test('a slow consumer holds back the reading', async () => {
  let waiting = 0;
  const file = new PcapFile(inPieces(FORMATS['pcap']!, 500), {
    betweenBatches: async () => {
      waiting++;
      assert.equal(waiting, 1, 'one batch at a time');
      await new Promise((resolve) => setImmediate(resolve));
      waiting--;
    },
  });
  const sink = new CollectedFrames();
  await file.start(sink);
  await file.done;
  assert.equal(sink.frames.length, frames.length);
});

test('files that cannot be read are named with the reason', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pcap-file-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const cases: readonly (readonly [string, RegExp])[] = [
    [join(folder, 'missing.pcap'), /missing\.pcap: cannot be read: there is no such file$/],
    [folder, /: is a directory, not a capture file$/],
    [write('empty.pcap', new Uint8Array(0)), /empty\.pcap: is empty$/],
    [write('short.pcap', new Uint8Array(3)), /short\.pcap: is too short to be a capture file \(3 bytes\)$/],
    [write('text.pcap', Buffer.from('GET / HTTP/1.1')), /text\.pcap: is not a capture file/],
    [write('packed.pcap.gz', Buffer.of(0x1f, 0x8b, 8, 0, 0)), /packed\.pcap\.gz: is compressed; unpack it first/],
    [write('wifi.pcap', pcapFile(frames, { linkType: 105 })), /wifi\.pcap: holds frames of link type 105 .* is not supported/],
  ];
  for (const [path, expected] of cases) {
    const { sink, error } = await read(path);
    assert.match(error, expected);
    assert.equal(sink.frames.length, 0);
  }
  const good = write('good.pcap', FORMATS['pcap']!);
  const file = new PcapFile(good);
  assert.equal(file.describe(), `capture file ${good}`);
  const sink = new CollectedFrames();
  await file.start(sink);
  await file.done;
  assert.equal(file.describe(), `capture file ${good} (pcap)`);
  assert.equal(sink.frames[0]?.link, LinkType.ethernet);
});

test('a file much larger than the memory for it is read', async () => {
  const large = pcapFile(Array.from({ length: 1000 }, (_, i) => ({ bytes: new Uint8Array(9000).fill(i & 0xff) })));
  let count = 0;
  const file = new PcapFile(inPieces(large, 65536));
  await file.start({
    frame(_link, bytes, start, end) {
      assert.equal(end - start, 9000);
      assert.equal(bytes[start], count & 0xff);
      assert.ok(bytes.length < 2 * 1024 * 1024);
      count++;
    },
    batchEnd() {},
  });
  await file.done;
  assert.equal(count, 1000);
});

/**
 * Larger than the memory for a file: what a capturing program writes beside the packets, such as TLS secrets or an
 * image of its own.
 */
const LARGE_BLOCK = pcapngBlock(0xbad, [Buffer.alloc(4 << 20)]);

test('a block that nobody wants is passed over though it does not fit into memory, and missed when it is cut off', async () => {
  const file = Buffer.concat([pcapngSection(frames.slice(0, 3)), LARGE_BLOCK, pcapngSection(frames.slice(3, 5))]);
  for (const size of [65_536, 1_000_003, file.length]) {
    const { sink, error } = await read(inPieces(file, size));
    assert.deepEqual([sink.frames.length, error], [5, ''], `pieces of ${size}`);
  }
  const { error } = await read(inPieces(file.subarray(0, 3 << 20), 65_536), 'cut.pcapng');
  assert.match(error, /^cut\.pcapng: is cut off in the middle of a record, .*; the 3 frames before it were read$/);
});

test('a file that ends within its own header says so', async () => {
  const { error } = await read(inPieces(pcapngSection(frames.slice(0, 1)).subarray(0, 10), 65_536), 'cut.pcapng');
  assert.equal(error, 'cut.pcapng: is cut off in its file header, after 10 bytes: no packet is in it');
});

test('damage is named with its place in the file, however the file comes', async () => {
  const damage = pcapngBlock(6, [Buffer.alloc(4)]);
  const file = Buffer.concat([pcapngSection(frames.slice(0, 3)), LARGE_BLOCK, pcapngSection(frames.slice(3, 5))]);
  for (const [good, frameCount] of [[pcapngSection(frames.slice(0, 3)), 3], [file, 5]] as const) {
    for (const size of [50, 65_536, 1_000_003, good.length + damage.length]) {
      if (good.length / size > 10_000) continue;
      const { error } = await read(inPieces(Buffer.concat([good, damage]), size), 'x.pcapng');
      assert.equal(error, `x.pcapng: has a packet block that is too short, at byte ${good.length}; the ${frameCount} frames before it were read`, `pieces of ${size}`);
    }
  }
});
