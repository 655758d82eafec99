import { Damage, linkTypeOf, MAX_FRAME, type CaptureFormat } from './capture-format.ts';
import type { FrameSink } from './frame-source.ts';

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const WANTED: ReadonlySet<number> = new Set([
  SECTION_HEADER,
  INTERFACE,
  OBSOLETE_PACKET,
  SIMPLE_PACKET,
  ENHANCED_PACKET,
]);
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;

/**
 * A block of frames or interfaces longer than this is damage; blocks of other kinds are skipped whatever their length.
 */
const MAX_BLOCK = MAX_FRAME + 65_536;
const MAX_INTERFACES = 65_536;

interface CapturedInterface {
  link: number;
  /** 0 = no limit */
  snapLength: number;
  unitsPerMs: number;
  offsetMs: number;
}

/**
 * The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks, each section with its own byte order and
 * interfaces.
 */
export class PcapngFormat implements CaptureFormat {
  readonly name = 'pcapng';
  frames = 0;
  timeMs = 0;
  consumed = 0;
  #littleEndian = true;
  #interfaces: CapturedInterface[] = [];

  /** null = not this format. `bytes` holds at least four bytes at `start`. */
  static recognise(bytes: Uint8Array, start: number): PcapngFormat | null {
    // The type of the first block reads the same in both byte orders.
    return view(bytes).getUint32(start) === SECTION_HEADER ? new PcapngFormat() : null;
  }

  read(bytes: Uint8Array, start: number, end: number, sink: FrameSink): void {
    const data = view(bytes);
    this.consumed = 0;
    let at = start;
    for (; end - at >= 12; this.consumed = at - start) {
      const type = data.getUint32(at, this.#littleEndian);
      if (type === SECTION_HEADER) this.#beginSection(data, at);
      const length = data.getUint32(at + 4, this.#littleEndian);
      if (length < 12 || length % 4 !== 0) throw new Damage(`has a block of ${length} bytes, which cannot be`);
      if (!WANTED.has(type)) {
        at += length;
        continue;
      }
      if (length > MAX_BLOCK) throw new Damage(`has a block of ${length} bytes (at most ${MAX_BLOCK} are possible)`);
      if (at + length > end) break;
      if (data.getUint32(at + length - 4, this.#littleEndian) !== length) throw new Damage('has a block whose two lengths differ');
      this.#readBlock(type, data, bytes, at + 8, at + length - 4, sink);
      at += length;
    }
  }

  #beginSection(data: DataView, at: number): void {
    if (data.getUint32(at + 8, true) === BYTE_ORDER_MAGIC) this.#littleEndian = true;
    else if (data.getUint32(at + 8, false) === BYTE_ORDER_MAGIC) this.#littleEndian = false;
    else throw new Damage('has a section header without the byte-order magic');
    this.#interfaces = [];
  }

  #readBlock(type: number, data: DataView, bytes: Uint8Array, start: number, end: number, sink: FrameSink): void {
    const little = this.#littleEndian;
    switch (type) {
      case INTERFACE:
        this.#addInterface(data, start, end);
        break;
      case ENHANCED_PACKET:
        if (end - start < 20) throw new Damage('has a packet block that is too short');
        this.#deliver(data.getUint32(start, little), data, start + 4, bytes, end, sink);
        break;
      case OBSOLETE_PACKET:
        if (end - start < 20) throw new Damage('has a packet block that is too short');
        this.#deliver(data.getUint16(start, little), data, start + 4, bytes, end, sink);
        break;
      case SIMPLE_PACKET: {
        if (end - start < 4) throw new Damage('has a packet block that is too short');
        const source = this.#interface(0);
        const originalLength = data.getUint32(start, little);
        const limit = source.snapLength === 0 ? originalLength : Math.min(source.snapLength, originalLength);
        const captured = Math.min(limit, end - start - 4);
        this.frames++;
        // This block has no time: that of the last frame that had one.
        sink.frame(source.link, bytes, start + 4, start + 4 + captured, originalLength, this.timeMs, 0);
        break;
      }
    }
  }

  /** A packet with its time (two halves), captured and original length at `at`, and its bytes behind them. */
  #deliver(id: number, data: DataView, at: number, bytes: Uint8Array, end: number, sink: FrameSink): void {
    const little = this.#littleEndian;
    const source = this.#interface(id);
    const captured = data.getUint32(at + 8, little);
    const frame = at + 16;
    if (captured > end - frame || captured > MAX_FRAME) throw new Damage(`has a frame of ${captured} bytes in a block that is shorter`);
    const units = data.getUint32(at, little) * 0x1_0000_0000 + data.getUint32(at + 4, little);
    this.timeMs = units / source.unitsPerMs + source.offsetMs;
    this.frames++;
    sink.frame(source.link, bytes, frame, frame + captured, data.getUint32(at + 12, little), this.timeMs, 0);
  }

  #interface(id: number): CapturedInterface {
    const source = this.#interfaces[id];
    if (source === undefined) throw new Damage(`has a frame of interface ${id}, which its section does not describe`);
    return source;
  }

  #addInterface(data: DataView, start: number, end: number): void {
    const little = this.#littleEndian;
    if (end - start < 8) throw new Damage('has an interface block that is too short');
    if (this.#interfaces.length >= MAX_INTERFACES) throw new Damage(`describes more than ${MAX_INTERFACES} interfaces in one section`);
    const added: CapturedInterface = {
      link: linkTypeOf(data.getUint16(start, little)),
      snapLength: data.getUint32(start + 4, little),
      unitsPerMs: 1e3,
      offsetMs: 0,
    };
    for (let at = start + 8; end - at >= 4;) {
      const code = data.getUint16(at, little);
      const length = data.getUint16(at + 2, little);
      const value = at + 4;
      if (code === OPTION_END || value + length > end) break;
      if (code === OPTION_TIME_RESOLUTION && length === 1) {
        const resolution = data.getUint8(value);
        added.unitsPerMs = ((resolution & 0x80) !== 0 ? 2 ** (resolution & 0x7f) : 10 ** resolution) / 1000;
      }
      if (code === OPTION_TIME_OFFSET && length === 8) added.offsetMs = Number(data.getBigInt64(value, little)) * 1000;
      at = value + ((length + 3) & ~3);
    }
    this.#interfaces.push(added);
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
