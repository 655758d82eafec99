// Writes header blocks (RFC 7541) in all the ways that there are, and now and then in one that is none.
import { HUFFMAN_LENGTHS } from '../../../rebuilder/http2/huffman.ts';

export type Field = readonly [name: string, value: string];

/** By name and value, and by name alone: entries of the static table that the fields here may use. */
const STATIC = new Map<string, number>([
  [':authority', 1], [':method', 2], [':path', 4], [':scheme', 6], [':status', 8], ['accept', 19], ['content-length', 28], ['content-type', 31], ['cookie', 32],
  ['expect', 35], ['host', 38], ['transfer-encoding', 57], ['user-agent', 58],
  [':method GET', 2], [':method POST', 3], [':path /', 4], [':scheme http', 6], [':scheme https', 7], [':status 200', 8],
]);
const STATIC_LENGTH = 61;
const TABLE_BYTES = 4096;
const ENTRY_BYTES = 32;

/** What stands in a block where a field could: more often than not the end of the connection. */
const ODD_REPRESENTATIONS = [
  // Indices: none, beyond the table.
  '80', 'ffffffff01', 'dc', 'ff00', '7fff0100', '0fffffffff0f00', 'ff', '1f2b00',
  // Sizes of the table, up to more than anyone allows.
  '20', '203fe11f', '3fe11f', '3fe21f', '3fe1ff03', '3fffffff7f', '3f', '3f81', '20203fe11f',
  // Beyond 32 bits, and of many bytes: HAProxy reads both.
  '3f8080808010', '3f8180808010', `3f${'80'.repeat(1100)}00`, 'ff83ffffff0f',
  // Strings: the end-of-string symbol, empty ones, longer than the block, padded otherwise.
  '4083ffffff00', '40017884ffffffff', '000000', '400000', '008080', '007fffff03', '00', '4001', '10017900', '0f2e8100', '00017881f8', '00017882f8ff',
].map((hex) => [...Buffer.from(hex, 'hex')]);

/** The encoder of one connection, which knows what the other end's table holds as long as nothing odd was written. */
export class HpackWriter {
  readonly #below: (n: number) => number;
  /** Newest first. */
  readonly #table: Field[] = [];
  #maxBytes = TABLE_BYTES;

  constructor(below: (n: number) => number) {
    this.#below = below;
  }

  #chance(share: number): boolean {
    return this.#below(1 << 20) < share * (1 << 20);
  }

  /** @param wildness how much of it is odd, 0 to 1 */
  block(fields: readonly Field[], wildness: number): Buffer {
    const parts: number[][] = [];
    if (this.#chance(0.05)) parts.push(this.#resize(this.#below(5) * 1024, wildness));
    const odd = this.#chance(wildness * 0.08) ? this.#below(fields.length + 1) : -1;
    for (const [i, field] of fields.entries()) {
      if (i === odd) parts.push(this.#odd());
      parts.push(this.#field(field, wildness));
    }
    if (odd === fields.length) parts.push(this.#odd());
    if (this.#chance(wildness * 0.01)) parts.push([...Array(this.#below(300)).keys()].map(() => 0xbe));
    return Buffer.from(parts.flat());
  }

  #odd(): number[] {
    return ODD_REPRESENTATIONS[this.#below(ODD_REPRESENTATIONS.length)]!;
  }

  #resize(bytes: number, wildness: number): number[] {
    // HAProxy passes over sizes.
    if (!this.#chance(wildness * 0.3)) {
      this.#maxBytes = bytes;
      this.#evict();
    }
    return this.#integer(bytes, 0x20, 0x1f, wildness);
  }

  #evict(): void {
    const size = (): number => (
      this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + ENTRY_BYTES, 0));
    while (this.#table.length > 0 && size() > this.#maxBytes) this.#table.pop();
  }

  #field(field: Field, wildness: number): number[] {
    const [name, value] = field;
    const whole = STATIC.get(`${name} ${value}`) ?? this.#inTable(([a, b]) => a === name && b === value);
    if (whole !== undefined && this.#chance(0.8)) return this.#integer(whole, 0x80, 0x7f, wildness);
    const named = this.#chance(0.8) ? STATIC.get(name) ?? this.#inTable(([a]) => a === name) : undefined;
    const [bits, mask] = ([[0x40, 0x3f], [0x40, 0x3f], [0, 0x0f], [0x10, 0x0f]] as const)[this.#below(4)]!;
    const head = this.#integer(named ?? 0, bits, mask, wildness);
    const strings = [...named === undefined ? this.#string(name, wildness) : [], ...this.#string(value, wildness)];
    if (bits === 0x40) {
      this.#table.unshift(field);
      this.#evict();
    }
    return [...head, ...strings];
  }

  #inTable(is: (field: Field) => boolean): number | undefined {
    const at = this.#table.findIndex(is);
    return at < 0 ? undefined : STATIC_LENGTH + 1 + at;
  }

  /** RFC 7541 5.1; odd ones have bytes that add nothing. */
  #integer(value: number, bits: number, mask: number, wildness: number): number[] {
    if (value < mask) return [bits | value];
    const bytes = [bits | mask];
    let rest = value - mask;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 128);
    bytes.push(rest);
    if (this.#chance(wildness * 0.04)) {
      bytes.push(bytes.pop()! | 128, ...Array<number>(this.#below(11)).fill(0x80), 0);
    }
    return bytes;
  }

  #string(text: string, wildness: number): number[] {
    const plain = [...Buffer.from(text, 'latin1')];
    if (this.#chance(0.5)) return [...this.#integer(plain.length, 0, 0x7f, wildness), ...plain];
    const bytes = huffman(plain, !this.#chance(wildness * 0.01));
    if (this.#chance(wildness * 0.01)) bytes.push(0xff);
    return [...this.#integer(bytes.length, 0x80, 0x7f, wildness), ...bytes];
  }
}

/** By symbol: its code as text of bits; the code is canonical. */
const CODES = huffmanCodes();

function huffmanCodes(): string[] {
  const codes: string[] = [];
  let code = 0;
  for (let bits = 1; bits <= 30; bits++, code *= 2) {
    for (let symbol = 0; symbol < HUFFMAN_LENGTHS.length; symbol++) {
      if (parseInt(HUFFMAN_LENGTHS[symbol]!, 36) === bits) codes[symbol] = (code++).toString(2).padStart(bits, '0');
    }
  }
  return codes;
}

/** @param isPadded false: with zeros, which is an error (RFC 7541 5.2) */
function huffman(bytes: readonly number[], isPadded: boolean): number[] {
  let bits = '';
  const out: number[] = [];
  for (const byte of bytes) {
    bits += CODES[byte]!;
    for (; bits.length >= 8; bits = bits.slice(8)) out.push(parseInt(bits.slice(0, 8), 2));
  }
  if (bits !== '') out.push(parseInt(bits.padEnd(8, isPadded ? '1' : '0'), 2));
  return out;
}
