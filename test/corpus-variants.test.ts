import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LinkType } from '../rebuilder/capture/frame-source.ts';
import { PcapFile } from '../rebuilder/capture/pcap-file.ts';
import { addressText } from '../rebuilder/address/address-text.ts';
import { decapsulate } from '../rebuilder/wire/decapsulate.ts';
import { encodeVxlan } from '../rebuilder/wire/encode.ts';
import { Packet } from '../rebuilder/wire/packet.ts';
import { type CollectedFrame, framesOf } from './collected-frames.ts';
import { type ExpectedCapture, differences, expectedCaptures } from './corpus.ts';
import { play } from './played-frames.ts';

const TUNNELS = new Set(['vxlan', 'geneve', 'gre']);

const ends = new Packet();

/**
 * Does this frame go from a client of an expected request to its server? Frames without a segment stay: fragments may
 * be a client's.
 */
function isFromClient(expected: ExpectedCapture, { link, bytes, originalLength }: CollectedFrame): boolean {
  if (decapsulate(link, bytes, 0, bytes.length, originalLength, 0, ends) !== 'segment') return true;
  const text = (address: string, port: number): string => address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const src = text(addressText(ends.src0, ends.src1, ends.src2, ends.src3), ends.srcPort);
  const dst = text(addressText(ends.dst0, ends.dst1, ends.dst2, ends.dst3), ends.dstPort);
  return !expected.requests.some((request) => request.src === dst && request.dst === src);
}

function inVxlan(frame: CollectedFrame, vni: number): CollectedFrame {
  const bytes = encodeVxlan(vni, frame.bytes);
  return { ...frame, link: LinkType.vxlan, bytes, originalLength: frame.originalLength + 8 };
}

/** Pairs of neighbours change places: every packet is at most one place away from its own. */
function swapped(frames: readonly CollectedFrame[], first: number): CollectedFrame[] {
  const result = [...frames];
  for (let i = first; i + 1 < result.length; i += 2) {
    [result[i], result[i + 1]] = [
      { ...result[i + 1]!, timeMs: result[i]!.timeMs },
      { ...result[i]!, timeMs: result[i + 1]!.timeMs },
    ];
  }
  return result;
}

const isEthernet = (frames: readonly CollectedFrame[]): boolean =>
  frames.every(({ link }) => link === LinkType.ethernet);
const captures = expectedCaptures();

describe('known captures, seen otherwise', { skip: captures.length === 0 && '../shared/captures is not beside this checkout' }, () => {
  for (const expected of captures) {
    test(`${expected.name} (${expected.tags.join(' ')})`, async (t) => {
      const frames = await framesOf(new PcapFile(expected.file));
      await t.test('the client\'s packets alone', () => {
        const { exchanges } = play(frames.filter((frame) => isFromClient(expected, frame)));
        assert.deepEqual(differences(expected, exchanges, false), []);
      });
      await t.test('neighbours swapped', () => {
        for (const first of [0, 1]) {
          assert.deepEqual(differences(expected, play(swapped(frames, first)).exchanges, false), []);
        }
      });
      await t.test('every packet twice', () => {
        assert.deepEqual(differences(expected, play(frames.flatMap((frame) => [frame, frame])).exchanges, false), []);
      });
      // A tunnel inside a mirrored frame is the machine's own.
      if (!isEthernet(frames) || expected.tags.some((tag) => TUNNELS.has(tag)) || expected.name.includes('mpls')) return;
      await t.test('mirrored as VXLAN', () => {
        const { exchanges } = play(frames.map((frame) => inVxlan(frame, 1377)));
        assert.deepEqual(differences(expected, exchanges), []);
        assert.ok(exchanges.every(({ vni }) => vni === 1377));
      });
      await t.test('mirrored at two interfaces with a VNI each', () => {
        const { exchanges } = play(frames.flatMap((frame) => [inVxlan(frame, 1), inVxlan(frame, 2)]));
        assert.deepEqual(differences(expected, exchanges, false), []);
      });
    });
  }
});
