import { Code } from './bpf-code.ts';

/**
 * Classic BPF (McCanne and Jacobson, "The BSD Packet Filter", 1993), the machine that libpcap compiles filters for: an
 * accumulator, an index register, sixteen words of memory, and jumps forward only, so that every program ends.
 */
export class BpfProgram {
  readonly #codes: Uint16Array;
  readonly #jumpTrue: Uint8Array;
  readonly #jumpFalse: Uint8Array;
  readonly #constants: Int32Array;
  readonly #memory = new Int32Array(16);

  /**
   * @param instructions eight bytes each: 16-bit code, two jump offsets, 32-bit constant, little-endian. Throws an
   *   Error if the program is not valid: an unknown code, a jump out of it, or an end without a return.
   */
  constructor(instructions: Uint8Array) {
    const count = instructions.length >> 3;
    const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.length);
    this.#codes = new Uint16Array(count);
    this.#jumpTrue = new Uint8Array(count);
    this.#jumpFalse = new Uint8Array(count);
    this.#constants = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      this.#codes[i] = view.getUint16(i * 8, true);
      this.#jumpTrue[i] = view.getUint8(i * 8 + 2);
      this.#jumpFalse[i] = view.getUint8(i * 8 + 3);
      this.#constants[i] = view.getInt32(i * 8 + 4, true);
    }
    this.#validate(count);
  }

  /**
   * Whether the program takes the packet `bytes[start..end)`. A load from beyond its end refuses it, as in the kernel.
   * @param length bytes the packet had on the wire
   */
  accepts(bytes: Uint8Array, start: number, end: number, length: number): boolean {
    const codes = this.#codes;
    const constants = this.#constants;
    const memory = this.#memory;
    let a = 0;
    let x = 0;
    // Arithmetic is on 32-bit words: held signed, compared unsigned.
    for (let i = 0; ; i++) {
      const k = constants[i]!;
      switch (codes[i]!) {
        case Code.retK: return k !== 0;
        case Code.retA: return a !== 0;
        case Code.ldAbsW:
        case Code.ldIndW: {
          const at = start + (k >>> 0) + (codes[i] === Code.ldIndW ? x >>> 0 : 0);
          if (at + 4 > end) return false;
          a = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
          break;
        }
        case Code.ldAbsH:
        case Code.ldIndH: {
          const at = start + (k >>> 0) + (codes[i] === Code.ldIndH ? x >>> 0 : 0);
          if (at + 2 > end) return false;
          a = (bytes[at]! << 8) | bytes[at + 1]!;
          break;
        }
        case Code.ldAbsB:
        case Code.ldIndB: {
          const at = start + (k >>> 0) + (codes[i] === Code.ldIndB ? x >>> 0 : 0);
          if (at >= end) return false;
          a = bytes[at]!;
          break;
        }
        case Code.ldLen: a = length | 0; break;
        case Code.ldImm: a = k; break;
        case Code.ldMem: a = memory[k]!; break;
        case Code.ldxImm: x = k; break;
        case Code.ldxMem: x = memory[k]!; break;
        case Code.ldxLen: x = length | 0; break;
        // The length of an IPv4 header from its first byte: the one special load there is.
        case Code.ldxMsh: {
          const at = start + (k >>> 0);
          if (at >= end) return false;
          x = (bytes[at]! & 0x0f) << 2;
          break;
        }
        case Code.st: memory[k] = a; break;
        case Code.stx: memory[k] = x; break;
        case Code.addK: a = (a + k) | 0; break;
        case Code.addX: a = (a + x) | 0; break;
        case Code.subK: a = (a - k) | 0; break;
        case Code.subX: a = (a - x) | 0; break;
        case Code.mulK: a = Math.imul(a, k); break;
        case Code.mulX: a = Math.imul(a, x); break;
        case Code.divK: a = Math.floor((a >>> 0) / (k >>> 0)) | 0; break;
        case Code.divX:
          if (x === 0) return false;
          a = Math.floor((a >>> 0) / (x >>> 0)) | 0;
          break;
        case Code.modK: a = ((a >>> 0) % (k >>> 0)) | 0; break;
        case Code.modX:
          if (x === 0) return false;
          a = ((a >>> 0) % (x >>> 0)) | 0;
          break;
        case Code.andK: a &= k; break;
        case Code.andX: a &= x; break;
        case Code.orK: a |= k; break;
        case Code.orX: a |= x; break;
        case Code.xorK: a ^= k; break;
        case Code.xorX: a ^= x; break;
        case Code.lshK: a = shiftLeft(a, k); break;
        case Code.lshX: a = shiftLeft(a, x); break;
        case Code.rshK: a = shiftRight(a, k); break;
        case Code.rshX: a = shiftRight(a, x); break;
        case Code.neg: a = -a | 0; break;
        case Code.tax: x = a; break;
        case Code.txa: a = x; break;
        case Code.ja: i += k; break;
        case Code.jeqK: i += this.#jump(i, a === k); break;
        case Code.jeqX: i += this.#jump(i, a === x); break;
        case Code.jgtK: i += this.#jump(i, a >>> 0 > k >>> 0); break;
        case Code.jgtX: i += this.#jump(i, a >>> 0 > x >>> 0); break;
        case Code.jgeK: i += this.#jump(i, a >>> 0 >= k >>> 0); break;
        case Code.jgeX: i += this.#jump(i, a >>> 0 >= x >>> 0); break;
        case Code.jsetK: i += this.#jump(i, (a & k) !== 0); break;
        case Code.jsetX: i += this.#jump(i, (a & x) !== 0); break;
        default: return false;
      }
    }
  }

  #jump(i: number, condition: boolean): number {
    return condition ? this.#jumpTrue[i]! : this.#jumpFalse[i]!;
  }

  #validate(count: number): void {
    if (count === 0) throw new Error('a BPF program of no instructions');
    for (let i = 0; i < count; i++) {
      const fault = this.#faultOf(i, count);
      if (fault !== null) throw new Error(`instruction ${i} of a BPF program ${fault}`);
    }
    const last = this.#codes[count - 1]!;
    if (last !== Code.retK && last !== Code.retA) throw new Error('a BPF program does not end with a return');
  }

  /** What is wrong with instruction `i` of `count`. */
  #faultOf(i: number, count: number): string | null {
    const code = this.#codes[i]!;
    const k = this.#constants[i]!;
    if (!KNOWN.has(code)) return `has the unknown code 0x${code.toString(16)}`;
    const usesMemory = code === Code.ldMem || code === Code.ldxMem || code === Code.st || code === Code.stx;
    if (usesMemory && (k < 0 || k > 15)) return 'uses memory that is not there';
    if ((code === Code.divK || code === Code.modK) && k === 0) return 'divides by zero';
    const isConditional = (code & 0x07) === 0x05 && code !== Code.ja;
    const jump = isConditional ? 1 + Math.max(this.#jumpTrue[i]!, this.#jumpFalse[i]!) : 0;
    return i + (code === Code.ja ? 1 + (k >>> 0) : jump) >= count ? 'jumps out of it' : null;
  }
}

/** A shift by a whole word or more leaves nothing; the processor's own shift would leave everything. */
function shiftLeft(value: number, by: number): number {
  return by >>> 0 > 31 ? 0 : value << by;
}

function shiftRight(value: number, by: number): number {
  return by >>> 0 > 31 ? 0 : (value >>> by) | 0;
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(Code));
