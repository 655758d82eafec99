import type { Budget } from '../reassembly/budget.ts';
import { CHARGE } from '../reassembly/connection-memory.ts';

/**
 * RFC 7541 appendix A: names from index 1 on, a value behind a space. No name or value there holds a space but
 * `gzip, deflate`.
 */
const STATIC = [
  ':authority', ':method GET', ':method POST', ':path /', ':path /index.html', ':scheme http', ':scheme https', ':status 200', ':status 204',
  ':status 206', ':status 304', ':status 400', ':status 404', ':status 500', 'accept-charset', 'accept-encoding gzip, deflate', 'accept-language',
  'accept-ranges', 'accept', 'access-control-allow-origin', 'age', 'allow', 'authorization', 'cache-control', 'content-disposition',
  'content-encoding', 'content-language', 'content-length', 'content-location', 'content-range', 'content-type', 'cookie', 'date', 'etag', 'expect',
  'expires', 'from', 'host', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified', 'link',
  'location', 'max-forwards', 'proxy-authenticate', 'proxy-authorization', 'range', 'referer', 'refresh', 'retry-after', 'server', 'set-cookie',
  'strict-transport-security', 'transfer-encoding', 'user-agent', 'vary', 'via', 'www-authenticate',
];

/** A field of a table: latin1, one code point is one byte. */
interface TableField {
  readonly name: string;
  readonly value: string;
}

const STATIC_FIELDS: readonly TableField[] = STATIC.map((entry) => {
  const space = entry.indexOf(' ');
  return space < 0 ? { name: entry, value: '' } : { name: entry.slice(0, space), value: entry.slice(space + 1) };
});

/** Stands for a name that was lost. No name on the wire is it: those are latin1. */
export const UNKNOWN_NAME = '\uffff';
const UNKNOWN: TableField = { name: UNKNOWN_NAME, value: '' };

/** RFC 7541 4.1: what an entry counts besides its bytes. */
const ENTRY_BYTES = 32;
/** RFC 9113 6.5.2 */
export const DEFAULT_TABLE_BYTES = 4096;
/** Of the largest table that is followed. */
const MAX_ENTRIES = 61 + (1 << 20) / ENTRY_BYTES;

/**
 * The fields that a header block may refer to by number: the static table, then the dynamic one, its newest entry first
 * (RFC 7541 2.3).
 */
export class HpackTable {
  readonly #budget: Budget;
  /** Oldest first, from #first on. */
  #fields: TableField[] = [];
  #first = 0;
  #bytes = 0;
  #maxBytes = DEFAULT_TABLE_BYTES;
  /** Before the entries that are known there are others. */
  #hasUnknown = false;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** undefined = there is no such entry */
  get(index: number): TableField | undefined {
    if (index <= STATIC_FIELDS.length) return STATIC_FIELDS[index - 1];
    const at = this.#fields.length - (index - STATIC_FIELDS.length);
    if (at >= this.#first) return this.#fields[at];
    return this.#hasUnknown && index <= MAX_ENTRIES ? UNKNOWN : undefined;
  }

  /**
   * Entries were added that nobody has seen. Numbers count from the newest entry, so that those added from here on are
   * known for certain, and only those before are not.
   */
  forget(): void {
    this.clear();
    this.#hasUnknown = true;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#fields.length - this.#first;
  }

  /**
   * RFC 7541 4.4: entries make room for a new one; one larger than the table empties it. @returns false: no memory for
   * it
   */
  add(field: TableField): boolean {
    const size = field.name.length + field.value.length + ENTRY_BYTES;
    this.#evict(this.#maxBytes - size);
    if (size > this.#maxBytes) return true;
    if (!this.#budget.take(size, CHARGE.tableField)) return false;
    this.#bytes += size;
    this.#fields.push(field);
    return true;
  }

  /**
   * A new entry of which not all is known, of so many bytes at least: one larger than the table empties it, any other
   * has pushed out nobody knows what.
   */
  addCut(minBytes: number): void {
    if (minBytes + ENTRY_BYTES > this.#maxBytes) this.clear();
    else this.forget();
  }

  /**
   * RFC 7541 4.3. HAProxy passes over sizes, and still has what others evict; it refers to nothing that these have by
   * another number, for the newest entry has the first. So a smaller size takes nothing away.
   */
  resize(maxBytes: number): void {
    this.#maxBytes = Math.max(this.#maxBytes, maxBytes);
    if (maxBytes < ENTRY_BYTES) this.#hasUnknown = false;
  }

  /** Gives its memory back. */
  clear(): void {
    this.#evict(0);
  }

  copyFrom(other: HpackTable): boolean {
    this.clear();
    if (!this.#budget.take(other.#bytes, other.length * CHARGE.tableField)) return false;
    this.#fields = other.#fields.slice(other.#first);
    this.#first = 0;
    this.#bytes = other.#bytes;
    this.#maxBytes = other.#maxBytes;
    this.#hasUnknown = other.#hasUnknown;
    return true;
  }

  #evict(maxBytes: number): void {
    const before = this.#bytes;
    const first = this.#first;
    while (this.#bytes > maxBytes && this.#first < this.#fields.length) {
      const { name, value } = this.#fields[this.#first++]!;
      this.#bytes -= name.length + value.length + ENTRY_BYTES;
    }
    if (before !== this.#bytes) this.#budget.release(before - this.#bytes, (this.#first - first) * CHARGE.tableField);
    if (this.#first > 64 && this.#first * 2 > this.#fields.length) {
      this.#fields = this.#fields.slice(this.#first);
      this.#first = 0;
    }
  }
}
