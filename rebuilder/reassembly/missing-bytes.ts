import { distance } from './sequence.ts';

/** More than any window in use (RFC 7323 allows 1 GiB): what is farther off does not belong to the stream. */
export const MAX_WINDOW_BYTES = 1 << 26;
/** So near to what is expected next a segment may be of a connection. */
export const NEAR_BYTES = 1 << 20;
/** No time that a packet has: capture files also go back in time, to before their first packet. */
const NOT_WAITING = -(2 ** 31);

/** Since when something is missing in one direction, and where its sender has shown to be. */
export class MissingBytes {
  /** Sequence number of an empty segment beyond the bytes we have: they were sent, and lost. */
  edgeSeq = 0;
  #edge = false;
  #sinceMs = NOT_WAITING;

  get isAwaited(): boolean {
    return this.#sinceMs !== NOT_WAITING;
  }

  /** Since when something is waited for, ms. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Something is missing. */
  wait(nowMs: number): void {
    if (this.#sinceMs === NOT_WAITING) this.#sinceMs = nowMs;
  }

  stop(): void {
    this.#sinceMs = NOT_WAITING;
  }

  setEdge(seq: number): void {
    this.#edge = true;
    this.edgeSeq = seq;
  }

  clearEdge(): void {
    this.#edge = false;
  }

  get hasEdge(): boolean {
    return this.#edge;
  }

  isEdgeAhead(nextSeq: number): boolean {
    return this.#edge && distance(this.edgeSeq, nextSeq) > 0;
  }
}
