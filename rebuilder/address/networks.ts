import { wordsOf } from './ip-address.ts';

const IPV4_BITS = 96;

/** A set of networks, IPv4 and IPv6, compiled to masks. An IPv6 network holds no IPv4 address, however wide it is. */
export class Networks {
  /** For each network: four words, four masks. */
  readonly #entries: Int32Array;
  readonly #isIpv4: Uint8Array;

  /** @param cidrs addresses and networks that the configuration has checked */
  constructor(cidrs: readonly string[]) {
    this.#entries = new Int32Array(cidrs.length * 8);
    this.#isIpv4 = new Uint8Array(cidrs.length);
    cidrs.forEach((cidr, i) => {
      const [address, length] = cidr.split('/');
      const words = wordsOf(address!);
      if (words === null) throw new Error(`'${cidr}' is not a network`);
      const isIpv4 = isMapped(words[0]!, words[1]!, words[2]!);
      const bits = length === undefined ? 128 : Number(length) + (isIpv4 && !address!.includes(':') ? IPV4_BITS : 0);
      this.#isIpv4[i] = isIpv4 ? 1 : 0;
      for (let word = 0; word < 4; word++) {
        const taken = Math.min(32, Math.max(0, bits - word * 32));
        const mask = taken === 0 ? 0 : -1 << 32 - taken;
        this.#entries[i * 8 + word] = words[word]! & mask;
        this.#entries[i * 8 + 4 + word] = mask;
      }
    });
  }

  get size(): number {
    return this.#isIpv4.length;
  }

  has(w0: number, w1: number, w2: number, w3: number): boolean {
    const entries = this.#entries;
    const isIpv4 = isMapped(w0, w1, w2) ? 1 : 0;
    for (let i = 0; i < this.#isIpv4.length; i++) {
      const at = i * 8;
      if (this.#isIpv4[i] === isIpv4
        && (w3 & entries[at + 7]!) === entries[at + 3]! && (w2 & entries[at + 6]!) === entries[at + 2]!
        && (w1 & entries[at + 5]!) === entries[at + 1]! && (w0 & entries[at + 4]!) === entries[at]!) return true;
    }
    return false;
  }

  hasWords(words: Int32Array): boolean {
    return this.has(words[0]!, words[1]!, words[2]!, words[3]!);
  }
}

const isMapped = (w0: number, w1: number, w2: number): boolean => w0 === 0 && w1 === 0 && w2 === 0xffff;
