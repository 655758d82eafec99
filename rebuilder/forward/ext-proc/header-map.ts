import { INDEX, type Ledger } from '../../ledger.ts';
import { printableEnd } from '../../http/printable.ts';
import { copy } from '../added-lines.ts';
import { putEscaped } from '../rebuilt-form.ts';
import { fieldBytes, putLength, putTextField, varintBytes } from './protobuf.ts';

/** Fields of envoy.config.core.v3.HeaderMap and HeaderValue. */
const HEADERS = 1;
const KEY = 1;
const RAW_VALUE = 3;

/** Beyond its name and value, a header takes no more than this: three tags and lengths. */
export const HEADER_BYTES = 24;
/** What a name or value grows to at most, for each byte: %XX. */
export const MAX_GROWTH = 3;

const TAB = 9;
const DEL = 0x7f;
const [NAME_CASE, ESCAPED] = [INDEX['ext_proc.name_case'], INDEX['ext_proc.escaped_bytes']];

/**
 * Writes the content of an envoy.config.core.v3.HeaderMap: names in lower case, values in `raw_value`, as Envoy does.
 * What no header of Envoy's can hold (control bytes, line ends of a fold) becomes %XX or a blank: a node may write
 * headers as text again.
 */
export class HeaderMap {
  readonly #ledger: Ledger;
  #to: Buffer = Buffer.alloc(0);
  end = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Begins to write at to[at]; the caller has seen to the room. */
  begin(to: Buffer, at: number): void {
    this.#to = to;
    this.end = at;
  }

  /** A header of ours: ASCII. */
  text(name: string, value: string): void {
    this.#open(name.length, value.length);
    this.end = putTextField(KEY, name, this.#to, this.end);
    if (value !== '') this.end = putTextField(RAW_VALUE, value, this.#to, this.end);
  }

  /** A header of ours with a value from the wire. `blanks`: they are written as %20 too. */
  named(name: string, bytes: Uint8Array, start: number, end: number, blanks = false): void {
    const value = this.#plain(bytes, start, end, blanks);
    const [from, to] = value === bytes ? [start, end] : [0, value.length];
    this.#open(name.length, to - from);
    this.end = putTextField(KEY, name, this.#to, this.end);
    this.#value(value, from, to);
  }

  /** A header line of the wire, its name of token characters; `prefix` (ASCII, lower case) comes before the name. */
  line(
    prefix: string, bytes: Uint8Array, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number,
  ): void {
    const value = this.#plain(bytes, valueStart, valueEnd, false);
    const [from, to] = value === bytes ? [valueStart, valueEnd] : [0, value.length];
    const nameLength = prefix.length + nameEnd - nameStart;
    this.#open(nameLength, to - from);
    const target = this.#to;
    let at = putLength(KEY, nameLength, target, this.end);
    for (let i = 0; i < prefix.length; i++) target[at++] = prefix.charCodeAt(i);
    let changed = 0;
    for (let i = nameStart; i < nameEnd; i++) {
      const byte = bytes[i]!;
      const isUpper = byte >= 0x41 && byte <= 0x5a;
      target[at++] = isUpper ? byte | 0x20 : byte;
      if (isUpper) changed = 1;
    }
    this.#ledger.values[NAME_CASE]! += changed;
    this.end = at;
    this.#value(value, from, to);
  }

  #open(nameLength: number, valueLength: number): void {
    const length = 1 + varintBytes(nameLength) + nameLength + fieldBytes(valueLength);
    this.end = putLength(HEADERS, length, this.#to, this.end);
  }

  #value(bytes: Uint8Array, start: number, end: number): void {
    if (end === start) return;
    const at = putLength(RAW_VALUE, end - start, this.#to, this.end);
    this.end = copy(bytes, start, end, this.#to, at);
  }

  /** `bytes` itself when all of the value may be sent as it is, else the escaped value alone. */
  #plain(bytes: Uint8Array, start: number, end: number, blanks: boolean): Uint8Array {
    let odd = 0;
    for (let at = printableEnd(bytes, start, end); at < end; at = printableEnd(bytes, at + 1, end)) {
      const byte = bytes[at]!;
      if (byte === DEL || (byte < 0x20 && (byte !== TAB || blanks))) odd++;
    }
    if (odd === 0 && !(blanks && hasBlank(bytes, start, end))) return bytes;
    this.#ledger.values[ESCAPED]! += odd;
    const escaped = Buffer.allocUnsafe((end - start) * MAX_GROWTH);
    return escaped.subarray(0, putEscaped(bytes, start, end, blanks, escaped, 0));
  }
}

function hasBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === 0x20) return true;
  return false;
}
