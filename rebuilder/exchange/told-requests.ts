import { createHash } from 'node:crypto';
import type { HttpRequest } from '../http/http-request.ts';

/** What was told of one place in a client's stream. */
interface Told {
  readonly id: string;
  /** Of the bytes of each reading, the first one's first; empty = nobody needed them. */
  readonly digests: string[];
  /** The same of corrections. */
  readonly corrections: string[];
}

/** Places remembered: of a stream that is read in one way only, and of one that others read beside it. */
const MAX_PLACES = 16;
const MAX_PLACES_READ_TWICE = 4096;
/** Readings of one place that are told. More would be no second opinion but a flood. */
const MAX_READINGS = 32;

/**
 * The requests of one connection that may be told again, by their place (the sequence number of their first byte):
 * incomplete ones, and all of them while a second reader is at work. Whatever is told of the same place later has the
 * id of the first, so that whoever counts by id counts one request; and a second reading whose bytes are those of an
 * earlier one is not told.
 */
export class ToldRequests {
  readonly #places = new Map<number, Told>();
  #readers = 0;

  /** A second reader begins. */
  readerBegins(): void {
    this.#readers++;
  }

  readerEnds(): void {
    this.#readers--;
  }

  /** A request of the first reading. */
  first(request: HttpRequest): void {
    const told = this.#places.get(request.seq);
    if (told !== undefined) {
      request.identifyAs(told.id);
      if (this.#readers > 0) told.digests.push(digestOf(request));
    } else if (this.#readers > 0 || !request.complete) {
      this.#remember(request);
    }
  }

  /**
   * A request that is told once more because bytes of it came late.
   * @returns false: a correction of these bytes was told
   */
  correction(request: HttpRequest): boolean {
    const told = this.#places.get(request.seq);
    if (told === undefined) return true;
    request.identifyAs(told.id);
    const digest = digestOf(request);
    if (told.corrections.includes(digest)) return false;
    if (told.corrections.length < MAX_READINGS) told.corrections.push(digest);
    return true;
  }

  /** A request of a second reader. @returns false: it is the same as an earlier one, or one of too many */
  reading(request: HttpRequest): boolean {
    const told = this.#places.get(request.seq);
    if (told === undefined) {
      this.#remember(request);
      request.reading = 2;
      return true;
    }
    const digest = digestOf(request);
    if (told.digests.includes(digest) || told.digests.length >= MAX_READINGS) return false;
    told.digests.push(digest);
    request.identifyAs(told.id);
    request.reading = Math.max(2, told.digests.length);
    return true;
  }

  #remember(request: HttpRequest): void {
    const digests = this.#readers > 0 ? [digestOf(request)] : [];
    this.#places.set(request.seq, { id: request.id, digests, corrections: [] });
    if (this.#places.size <= (this.#readers > 0 ? MAX_PLACES_READ_TWICE : MAX_PLACES)) return;
    for (const oldest of this.#places.keys()) {
      this.#places.delete(oldest);
      break;
    }
  }
}

/** Requests of the same bytes as far as they are known, as complete, and whose body means the same are the same. */
function digestOf({ bytes, start, headEnd, end, complete, framing }: HttpRequest): string {
  return createHash('sha256').update(`${headEnd - start} ${complete} ${framing === 'chunked'} `).update(bytes.subarray(start, end)).digest('base64');
}
