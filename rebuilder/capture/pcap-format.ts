import { Damage, isSupportedLink, linkTypeOf, MAX_FRAME, type CaptureFormat } from './capture-format.ts';
import type { FrameSink } from './frame-source.ts';

const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** The classic pcap format (draft-ietf-opsawg-pcap): a file header, then records of time, lengths and bytes. */
export class PcapFormat implements CaptureFormat {
  readonly name = 'pcap';
  frames = 0;
  timeMs = 0;
  consumed = 0;
  readonly #littleEndian: boolean;
  readonly #fractionsPerMs: number;
  #link = -1;

  private constructor(littleEndian: boolean, fractionsPerMs: number) {
    this.#littleEndian = littleEndian;
    this.#fractionsPerMs = fractionsPerMs;
  }

  /** null = not this format. `bytes` holds at least four bytes at `start`. */
  static recognise(bytes: Uint8Array, start: number): PcapFormat | null {
    switch (view(bytes).getUint32(start)) {
      case 0xa1b2c3d4: return new PcapFormat(false, 1e3);
      case 0xd4c3b2a1: return new PcapFormat(true, 1e3);
      case 0xa1b23c4d: return new PcapFormat(false, 1e6);
      case 0x4d3cb2a1: return new PcapFormat(true, 1e6);
      default: return null;
    }
  }

  read(bytes: Uint8Array, start: number, end: number, sink: FrameSink): void {
    const data = view(bytes);
    this.consumed = 0;
    let at = start;
    if (this.#link < 0) {
      if (end - at < FILE_HEADER) return;
      // The upper half may say how long the frame check sequence is; the IP length cuts that off.
      const number = data.getUint32(at + 20, this.#littleEndian) & 0xffff;
      if (!isSupportedLink(linkTypeOf(number))) {
        throw new Damage(`holds frames of link type ${number} (see https://www.tcpdump.org/linktypes.html), which is not supported: `
          + 'capture on Ethernet, a raw IP link, the loopback, or "any"');
      }
      this.#link = linkTypeOf(number);
      at += FILE_HEADER;
      this.consumed = FILE_HEADER;
    }
    while (end - at >= RECORD_HEADER) {
      const captured = data.getUint32(at + 8, this.#littleEndian);
      if (captured > MAX_FRAME) throw new Damage(`has a record of ${captured} bytes (at most ${MAX_FRAME} are possible)`);
      const frame = at + RECORD_HEADER;
      if (end - frame < captured) break;
      const fractions = data.getUint32(at + 4, this.#littleEndian);
      this.timeMs = data.getUint32(at, this.#littleEndian) * 1000 + fractions / this.#fractionsPerMs;
      this.frames++;
      const original = data.getUint32(at + 12, this.#littleEndian);
      sink.frame(this.#link, bytes, frame, frame + captured, original, this.timeMs, 0);
      at = frame + captured;
      this.consumed = at - start;
    }
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
