import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Damage } from '../../rebuilder/capture/capture-format.ts';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { PcapngFormat } from '../../rebuilder/capture/pcapng-format.ts';
import { pcapngBlock, pcapngSection, type CapturedFrame } from '../capture-files.ts';
import { CollectedFrames } from '../collected-frames.ts';
import { randomNumbers } from '../random-numbers.ts';

function read(file: Buffer): CollectedFrames {
  const sink = new CollectedFrames();
  const format = PcapngFormat.recognise(file, 0);
  assert.ok(format !== null);
  format.read(file, 0, file.length, sink);
  assert.equal(format.consumed, file.length);
  return sink;
}

const frame = (n: number, more: Partial<CapturedFrame> = {}): CapturedFrame =>
  ({ bytes: new Uint8Array(n).fill(n), timeMs: 1_700_000_000_000 + n, ...more });

test('enhanced and obsolete packet blocks, both byte orders, every padding', () => {
  for (const order of ['little', 'big'] as const) {
    for (const block of ['enhanced', 'obsolete'] as const) {
      const frames = [1, 2, 3, 4, 5].map((n) => frame(n, { originalLength: 1000 + n }));
      const got = read(pcapngSection(frames, { order, block })).frames;
      assert.deepEqual(got.map(({ bytes, timeMs, originalLength }) => ({ bytes, timeMs, originalLength })), frames, `${order} ${block}`);
    }
  }
});

test('simple packet blocks: interface 0, its snap length, the time of the last frame that had one', () => {
  const simple = pcapngSection([frame(8, { originalLength: 20 })], { interfaces: [{ snapLength: 5 }], block: 'simple' });
  const [got] = read(simple).frames;
  assert.deepEqual([...got!.bytes], [8, 8, 8, 8, 8]);
  assert.equal(got!.originalLength, 20);
  assert.equal(got!.timeMs, 0);
});

test('each interface has its link type, time resolution and offset', () => {
  const interfaces = [
    { linkType: LinkType.ethernet },
    { linkType: LinkType.raw, resolution: 9 },
    { linkType: LinkType.linuxSll, resolution: 0x80 | 20, offset: 1_600_000_000 },
  ];
  const got = read(pcapngSection([0, 1, 2].map((id) => frame(10, { interface: id })), { interfaces })).frames;
  assert.deepEqual(got.map(({ link }) => link), [LinkType.ethernet, LinkType.raw, LinkType.linuxSll]);
  for (const { timeMs } of got) assert.ok(Math.abs(timeMs - 1_700_000_000_010) < 0.001, String(timeMs));
});

test('a new section begins with its own byte order and no interfaces', () => {
  const file = Buffer.concat([pcapngSection([frame(1)], { order: 'big' }), pcapngSection([frame(2)], { interfaces: [{ linkType: 113 }] })]);
  assert.deepEqual(read(file).frames.map(({ link }) => link), [LinkType.ethernet, LinkType.linuxSll]);
});

test('blocks of other kinds are passed over, whatever their length', () => {
  const file = Buffer.concat([
    pcapngSection([]),
    pcapngBlock(5, [Buffer.alloc(40)]),
    pcapngBlock(0xbad, [Buffer.alloc(400_000)]),
    pcapngSection([frame(3)]),
  ]);
  assert.equal(read(file).frames.length, 1);
});

test('an obsolete packet block without a byte of its packet; what was dropped before it is no part of its interface', () => {
  const drops = 7 << 16;
  const file = Buffer.concat([pcapngSection([]), pcapngBlock(2, [words(drops, 0, 0, 0, 60)])]);
  assert.deepEqual(read(file).frames.map(({ bytes, originalLength }) => [bytes.length, originalLength]), [[0, 60]]);
});

const DAMAGED: Readonly<Record<string, Buffer>> = {
  'a frame longer than its block': pcapngBlock(6, [words(0, 0, 0, 100, 100), Buffer.alloc(8)]),
  'an interface nobody described': pcapngBlock(6, [words(7, 0, 0, 4, 4), Buffer.alloc(4)]),
  'a packet block that is too short': pcapngBlock(6, [words(0, 0)]),
  'a packet block one word short of a packet': pcapngBlock(6, [words(0, 0, 0, 0)]),
  'an obsolete packet block one word short': pcapngBlock(2, [words(0, 0, 0, 0)]),
  'a simple packet block without a length': pcapngBlock(3, []),
  'a block shorter than a block can be': words(6, 8, 8),
  'a length that is no multiple of 4': words(6, 33, 0, 0),
  'a packet block of 256 MiB': words(6, 0x1000_0000, 0, 0),
  'two lengths that differ': Buffer.concat([words(6, 36, 0, 0, 0, 0, 4, 0, 40)]),
  'a section without the magic': words(0x0a0d0d0a, 28, 0x12345678, 0, 0, 0, 28),
};

function words(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, i) => bytes.writeUInt32LE(number, i * 4));
  return bytes;
}

for (const [name, block] of Object.entries(DAMAGED)) {
  test(`${name} is damage, and the frames before it are kept`, () => {
    const good = pcapngSection([frame(9)]);
    const file = Buffer.concat([good, block]);
    const sink = new CollectedFrames();
    const format = PcapngFormat.recognise(file, 0)!;
    assert.throws(() => format.read(file, 0, file.length, sink), Damage);
    assert.equal(sink.frames.length, 1);
    assert.equal(format.consumed, good.length);
  });
}

test('damaged files end in frames or damage, never in anything else', () => {
  const whole = pcapngSection([frame(40), frame(41, { interface: 1 })], { interfaces: [{}, { resolution: 9 }] });
  const random = randomNumbers(4);
  for (let i = 0; i < 5000; i++) {
    const file = Buffer.from(whole);
    for (let changes = 1 + random(4); changes > 0; changes--) file[4 + random(file.length - 4)] = random(256);
    const format = PcapngFormat.recognise(file, 0)!;
    try {
      format.read(file, 0, file.length, {
        frame(_link, _bytes, start, end) { assert.ok(start <= end && end <= file.length && start >= 0); },
        batchEnd() {},
      });
    } catch (error) {
      assert.ok(error instanceof Damage, String(error));
    }
  }
});
