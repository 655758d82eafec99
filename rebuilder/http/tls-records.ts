const HEADER_BYTES = 5;
/** RFC 5246 6.2.3: 2^14 and 2048 for what encryption adds. */
const MAX_RECORD_BYTES = 16_384 + 2048;

/**
 * Passes over TLS record by record (RFC 8446 5.1) for as long as the lengths chain: content type 20 to 24, version 3.0
 * to 3.4, a length that may be. The first byte out of chain is where the search for requests goes on, so that
 * TLS-looking bytes hide nothing behind them.
 */
export class TlsRecords {
  /** Bytes of the present record's body still to come. */
  #remaining = 0;
  #header = 0;
  #length = 0;

  /** Does a TLS record begin at bytes[at]? 'maybe' = too few bytes to tell. */
  static begins(bytes: Uint8Array, at: number, end: number): 'yes' | 'no' | 'maybe' {
    const type = bytes[at]!;
    if (type < 20 || type > 24) return 'no';
    if (end - at > 1 && bytes[at + 1] !== 3) return 'no';
    if (end - at > 2 && bytes[at + 2]! > 4) return 'no';
    if (end - at < HEADER_BYTES) return 'maybe';
    const length = bytes[at + 3]! << 8 | bytes[at + 4]!;
    return length > 0 && length <= MAX_RECORD_BYTES ? 'yes' : 'no';
  }

  /** Does one begin with `before`, of earlier pieces, and bytes[at, end)? */
  static beginsIn(before: Uint8Array, bytes: Uint8Array, at: number, end: number): boolean {
    const piece = bytes.subarray(at, Math.min(end, at + HEADER_BYTES));
    const first = Buffer.concat([before.subarray(0, HEADER_BYTES), piece]);
    return first.length > 0 && TlsRecords.begins(first, 0, first.length) === 'yes';
  }

  /** @returns the offset where the chain broke, or `to`. */
  skip(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to) {
      if (this.#remaining > 0) {
        const n = Math.min(this.#remaining, to - at);
        this.#remaining -= n;
        at += n;
        continue;
      }
      const byte = bytes[at]!;
      const fits = this.#header === 0 ? byte >= 20 && byte <= 24
        : this.#header === 1 ? byte === 3 : this.#header === 2 ? byte <= 4 : true;
      if (!fits) return at;
      if (this.#header === 3) this.#length = byte << 8;
      if (this.#header === 4) this.#length |= byte;
      at++;
      if (++this.#header === HEADER_BYTES) {
        this.#header = 0;
        if (this.#length === 0 || this.#length > MAX_RECORD_BYTES) return at;
        this.#remaining = this.#length;
      }
    }
    return at;
  }

  /** A hole of `bytes`; @returns false when it may have swallowed a record header. */
  gap(bytes: number): boolean {
    if (bytes > this.#remaining) return false;
    this.#remaining -= bytes;
    return true;
  }
}
