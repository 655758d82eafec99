import { Code } from './bpf-code.ts';
import { BpfProgram } from './bpf.ts';

/** A packet, and of each of its bytes the bits that may be others. */
export interface OpenPacket { readonly bytes: Uint8Array; readonly open: Uint8Array }

/** `from` = the instruction before which both ways were tried; jumps lead forward only. */
interface Attempt extends OpenPacket { readonly from: number }

/** What the accumulator was loaded from: `size` bytes at `at`, of which `mask` is left. */
interface Loaded { readonly at: number; readonly size: number; readonly mask: number }

const NOT_LOADED: Loaded = { at: 0, size: 0, mask: 0 };

/** Forty hosts, each with thirty ports, are 4800 ways. */
const MAX_RUNS = 20_000;

/**
 * Packets that a BPF program takes: `packet` with other values in its open bits, which are found by going both ways
 * wherever the program compares such bits with a number. Not all that it takes, but one for each way through it that
 * such comparisons decide alone.
 *
 * @param instructions of a valid program, as BpfProgram has them
 */
export function* takenPackets(instructions: Uint8Array, packet: OpenPacket): Generator<Uint8Array> {
  const program = new BpfProgram(instructions);
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.length);
  const waiting: Attempt[] = [{ ...packet, from: 0 }];
  for (let runs = 0; runs < MAX_RUNS; runs++) {
    const next = waiting.pop();
    if (next === undefined) return;
    waiting.push(...otherWays(view, next));
    if (program.accepts(next.bytes, 0, next.bytes.length, next.bytes.length)) yield next.bytes;
  }
}

/** Runs the program. @returns the packet changed so that one comparison on its way ends otherwise, for each that can */
function otherWays(program: DataView, packet: Attempt): Attempt[] {
  const { bytes, from } = packet;
  const found: Attempt[] = [];
  const memory = new Int32Array(16);
  let a = 0;
  let x = 0;
  let loaded: Loaded = NOT_LOADED;
  for (let i = 0; ; i++) {
    const code = program.getUint16(i * 8, true);
    const k = program.getInt32(i * 8 + 4, true);
    switch (code) {
      case Code.ldAbsW: case Code.ldAbsH: case Code.ldAbsB: case Code.ldIndW: case Code.ldIndH: case Code.ldIndB: {
        const size = 4 >> ((code >> 3) & 3);
        const at = (k >>> 0) + (code >= Code.ldIndW ? x >>> 0 : 0);
        if (at + size > bytes.length) return found;
        a = wordAt(bytes, at, size);
        loaded = { at, size, mask: -1 };
        continue;
      }
      case Code.andK:
        a &= k;
        loaded = { ...loaded, mask: loaded.mask & k };
        continue;
      case Code.jeqK: case Code.jgtK: case Code.jgeK: case Code.jsetK: {
        const holds = compare(code, a, k);
        const other = i < from ? null : changed(packet, loaded, code, k, !holds);
        if (other !== null) found.push({ ...other, from: i + 1 });
        i += program.getUint8(i * 8 + (holds ? 2 : 3));
        continue;
      }
      case Code.jeqX: case Code.jgtX: case Code.jgeX: case Code.jsetX:
        i += program.getUint8(i * 8 + (compare(code - 8, a, x) ? 2 : 3));
        continue;
      case Code.ja:
        i += k;
        continue;
      case Code.st:
        memory[k] = a;
        continue;
      case Code.stx:
        memory[k] = x;
        continue;
      case Code.ldxImm:
        x = k;
        continue;
      case Code.ldxMem:
        x = memory[k]!;
        continue;
      case Code.ldxLen:
        x = bytes.length;
        continue;
      case Code.ldxMsh:
        x = ((bytes[k] ?? 0) & 0x0f) << 2;
        continue;
      case Code.tax:
        x = a;
        continue;
      case Code.retK: case Code.retA: return found;
      case Code.ldLen: a = bytes.length; break;
      case Code.ldImm: a = k; break;
      case Code.ldMem: a = memory[k]!; break;
      case Code.txa: a = x; break;
      default: a = calculated(code & 0xf7, a, (code & 8) === 0 ? k : x);
    }
    loaded = NOT_LOADED;
  }
}

function compare(code: number, a: number, k: number): boolean {
  switch (code) {
    case Code.jeqK: return a === k;
    case Code.jgtK: return a >>> 0 > k >>> 0;
    case Code.jgeK: return a >>> 0 >= k >>> 0;
    default: return (a & k) !== 0;
  }
}

/** The packet with which the comparison ends as wanted, its bits no longer open; null = they are not open. */
function changed(
  { bytes, open }: OpenPacket, { at, size, mask }: Loaded, code: number, k: number, wanted: boolean,
): OpenPacket | null {
  const compared = size === 0 ? 0 : mask & (-1 >>> (32 - size * 8));
  const now = wordAt(bytes, at, size);
  const free = wordAt(open, at, size) & compared;
  const value = wantedValue(now & compared, free, code, k, wanted);
  const difference = value ^ (now & compared);
  if (difference === 0 || (difference & ~free) !== 0) return null;
  const other = { bytes: new Uint8Array(bytes), open: new Uint8Array(open) };
  for (let i = 0; i < size; i++) {
    const right = (size - 1 - i) * 8;
    other.bytes[at + i]! ^= difference >>> right;
    other.open[at + i]! &= ~(compared >>> right);
  }
  return other;
}

/** @param now what is compared; @param free which of its bits are open */
function wantedValue(now: number, free: number, code: number, k: number, wanted: boolean): number {
  switch (code) {
    case Code.jeqK: return wanted ? k : now ^ lowestBit(free);
    case Code.jgtK: return wanted ? k + 1 : k;
    case Code.jgeK: return wanted ? k : k - 1;
    default: return wanted ? now | lowestBit(free & k) : now & ~k;
  }
}

const lowestBit = (word: number): number => word & -word;

function calculated(code: number, a: number, by: number): number {
  switch (code) {
    case Code.addK: return (a + by) | 0;
    case Code.subK: return (a - by) | 0;
    case Code.mulK: return Math.imul(a, by);
    case Code.divK: return Math.floor((a >>> 0) / (by >>> 0)) | 0;
    case Code.modK: return ((a >>> 0) % (by >>> 0)) | 0;
    case Code.andK: return a & by;
    case Code.orK: return a | by;
    case Code.xorK: return a ^ by;
    case Code.lshK: return by >>> 0 > 31 ? 0 : a << by;
    case Code.rshK: return by >>> 0 > 31 ? 0 : (a >>> by) | 0;
    default: return -a | 0;
  }
}

/** Big-endian; as a signed number where it has four bytes. */
function wordAt(bytes: Uint8Array, at: number, size: number): number {
  let word = 0;
  for (let i = 0; i < size; i++) word = (word << 8) | bytes[at + i]!;
  return word;
}
