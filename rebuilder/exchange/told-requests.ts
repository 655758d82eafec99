import { createHash } from 'node:crypto';
import type { HttpRequest } from '../http/http-request.ts';
import type { Ledger } from '../ledger.ts';
import { CHARGE, type Charged } from '../reassembly/connection-memory.ts';

/** What was told of one place in a client's stream. */
interface Told {
  readonly id: string;
  /** Of the bytes of each telling, the first one's first, unless nobody needed that. */
  readonly digests: string[];
  /** The highest number that a reading of it has; 1 = the first reading's. */
  readings: number;
}

/** Places remembered: of a stream that is read in one way only, and of one that others read beside it. */
const MAX_PLACES = 16;
const MAX_PLACES_READ_TWICE = 4096;
/** Tellings of one place: readings and corrections. More would be no second opinion but a flood. */
const MAX_TELLINGS = 32;
/**
 * Bytes that may be told once more on each connection besides as many as its client sent: a small request has more
 * readings than two, and this is enough for all that are followed of one that has 1 KiB …
 */
const ALLOWANCE = 1 << 14;
/** … and so many requests like the longest that is told once more, up to so many bytes, if that is more. */
const MORE_READINGS = 4;
const MOST_ALLOWED = 1 << 16;
/** Numbers of bytes sent are counted modulo this. */
const SENT_MODULUS = 2 ** 32;

/**
 * The requests of one connection that may be told again, by their place (the sequence number of their first byte):
 * incomplete ones, and all of them while a second reader is at work. Whatever is told of the same place later has the
 * id of the first, so that whoever counts by id counts one request; and what has the bytes of an earlier telling is not
 * told. Nor is what would make all that is told once more, readings and corrections, more than what the client has sent
 * and an allowance (`http.readings_limit`).
 */
export class ToldRequests {
  readonly #places = new Map<number, Told>();
  readonly #ledger: Ledger;
  readonly #connection: Charged;
  #readers = 0;
  #credit = ALLOWANCE;
  #allowance = ALLOWANCE;
  /** Of what the client has sent, so much is in #credit. */
  #sent = 0;

  constructor(ledger: Ledger, connection: Charged) {
    this.#ledger = ledger;
    this.#connection = connection;
  }

  /** A second reader begins. */
  readerBegins(): void {
    this.#readers++;
    this.#connection.charge(CHARGE.reader);
  }

  /** A connection is read beside this one, as long as it lives. */
  readerBeside(): void {
    this.#readers++;
  }

  readerEnds(): void {
    this.#readers--;
    this.#connection.charge(-CHARGE.reader);
  }

  /** A request of the first reading. */
  first(request: HttpRequest): void {
    const told = this.#places.get(request.seq);
    if (told !== undefined) {
      request.identifyAs(told.id);
      if (this.#readers > 0) this.#keep(told, digestOf(request));
    } else if (this.#readers > 0 || !request.complete) {
      this.#remember(request, this.#readers > 0 ? digestOf(request) : null);
    }
  }

  /** The first reader has told a request without its rest, which came. */
  rest(request: HttpRequest): void {
    const told = this.#places.get(request.seq);
    if (told === undefined) return;
    request.identifyAs(told.id);
    const digest = digestOf(request);
    if (!told.digests.includes(digest)) this.#keep(told, digest);
  }

  /**
   * A request that a second reader tells because bytes of it came late.
   * @param sent of `reading`
   * @returns false: these bytes were told, or it is one of too many
   */
  correction(request: HttpRequest, sent: number): boolean {
    return this.#again(request, sent) !== null;
  }

  /**
   * A request of a second reader.
   * @param sent bytes that its client has sent on this connection, modulo 2^32
   * @returns false: it is the same as an earlier one, or one of too many
   */
  reading(request: HttpRequest, sent: number): boolean {
    const told = this.#again(request, sent);
    if (told === null) return false;
    request.reading = ++told.readings;
    return true;
  }

  /** @returns null: it is not to be told */
  #again(request: HttpRequest, sent: number): Told | null {
    const told = this.#places.get(request.seq);
    const digest = digestOf(request);
    if (told !== undefined && (told.digests.includes(digest) || told.digests.length >= MAX_TELLINGS)) return null;
    if (!this.#spend(request.end - request.start, sent)) return null;
    if (told === undefined) return this.#remember(request, digest);
    this.#keep(told, digest);
    request.identifyAs(told.id);
    return told;
  }

  /** @returns false: the client has not sent enough for so many bytes to be told once more */
  #spend(bytes: number, sent: number): boolean {
    this.#credit += (sent - this.#sent + SENT_MODULUS) % SENT_MODULUS;
    this.#sent = sent;
    const allowance = Math.max(this.#allowance, Math.min(MORE_READINGS * bytes, MOST_ALLOWED));
    this.#credit += allowance - this.#allowance;
    this.#allowance = allowance;
    if (bytes > this.#credit) {
      this.#ledger.count('http.readings_limit');
      return false;
    }
    this.#credit -= bytes;
    return true;
  }

  #remember(request: HttpRequest, digest: string | null): Told {
    const told: Told = { id: request.id, digests: [], readings: 1 };
    if (digest !== null) this.#keep(told, digest);
    this.#places.set(request.seq, told);
    this.#connection.charge(CHARGE.toldRequest);
    if (this.#places.size > (this.#readers > 0 ? MAX_PLACES_READ_TWICE : MAX_PLACES)) {
      for (const [oldest, { digests }] of this.#places) {
        this.#places.delete(oldest);
        this.#connection.charge(-CHARGE.toldRequest - digests.length * CHARGE.digest);
        break;
      }
    }
    return told;
  }

  #keep({ digests }: Told, digest: string): void {
    digests.push(digest);
    this.#connection.charge(CHARGE.digest);
  }
}

/** Requests of the same bytes as far as they are known, as complete, and whose body means the same are the same. */
function digestOf({ bytes, start, headEnd, end, complete, framing }: HttpRequest): string {
  const hash = createHash('sha256').update(`${headEnd - start} ${complete} ${framing === 'chunked'} `);
  return hash.update(bytes.subarray(start, end)).digest('base64');
}
