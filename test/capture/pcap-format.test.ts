import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Damage, MAX_FRAME } from '../../rebuilder/capture/capture-format.ts';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { PcapFormat } from '../../rebuilder/capture/pcap-format.ts';
import { pcapFile, type CapturedFrame, type PcapOptions } from '../capture-files.ts';
import { CollectedFrames } from '../collected-frames.ts';

function read(file: Buffer): CollectedFrames {
  const sink = new CollectedFrames();
  const format = PcapFormat.recognise(file, 0);
  assert.ok(format !== null);
  format.read(file, 0, file.length, sink);
  assert.equal(format.consumed, file.length);
  return sink;
}

const frame: CapturedFrame = { bytes: Uint8Array.of(1, 2, 3), timeMs: 1_700_000_000_123.456, originalLength: 1500 };

for (const order of ['little', 'big'] as const) {
  for (const resolution of ['microseconds', 'nanoseconds'] as const) {
    test(`${order}-endian, ${resolution}`, () => {
      const [got] = read(pcapFile([frame], { order, resolution })).frames;
      assert.deepEqual([...got!.bytes], [1, 2, 3]);
      assert.equal(got!.originalLength, 1500);
      assert.equal(got!.timeMs.toFixed(3), '1700000000123.456');
    });
  }
}

test('link types, the three numbers of raw IP included', () => {
  const cases: readonly (readonly [number, number])[] = [
    [0, LinkType.null], [1, LinkType.ethernet], [12, LinkType.raw], [14, LinkType.raw], [101, LinkType.raw],
    [108, LinkType.loop],
    [113, LinkType.linuxSll], [228, LinkType.ipv4], [229, LinkType.ipv6], [276, LinkType.linuxSll2],
  ];
  for (const [linkType, link] of cases) assert.equal(read(pcapFile([frame], { linkType })).frames[0]!.link, link);
});

test('lengths that cannot be are damage, and the frames before them are kept', () => {
  const options: PcapOptions = { order: 'big' };
  const file = pcapFile([frame, frame], options);
  const second = 24 + 16 + 3;
  for (const length of [MAX_FRAME + 1, 0x7fffffff, 0xffffffff]) {
    file.writeUInt32BE(length, second + 8);
    const sink = new CollectedFrames();
    const format = PcapFormat.recognise(file, 0)!;
    assert.throws(() => format.read(file, 0, file.length, sink), Damage);
    assert.equal(sink.frames.length, 1);
    assert.equal(format.consumed, second);
  }
});

test('other magic numbers are not recognised', () => {
  assert.equal(PcapFormat.recognise(Buffer.from('a1b2cd34', 'hex'), 0), null);
  assert.equal(PcapFormat.recognise(Buffer.from('0a0d0d0a', 'hex'), 0), null);
});
