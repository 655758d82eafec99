import { distance } from './sequence.ts';

/** More than any window in use (RFC 7323 allows 1 GiB): what is farther off does not belong to the stream. */
export const MAX_WINDOW_BYTES = 1 << 26;
/** No time that a packet has: capture files also go back in time, to before their first packet. */
const NOT_WAITING = -(2 ** 31);

/** What is known to be missing in one direction, and since when it is waited for. */
export class MissingBytes {
  /** Highest acknowledgment the peer sent; valid when #acked. */
  ackedSeq = 0;
  #acked = false;
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

  /** @returns false: nothing new */
  acknowledged(ack: number): boolean {
    if (this.#acked && distance(ack, this.ackedSeq) <= 0) return false;
    this.ackedSeq = ack;
    this.#acked = true;
    return true;
  }

  isAckedAt(seq: number | undefined): boolean {
    return this.#acked && seq === this.ackedSeq;
  }

  /** Bytes that the peer has and we have not. @param fin 1: the peer also acknowledges a FIN */
  acknowledgedBytes(nextSeq: number, fin: number): number {
    if (!this.#acked) return 0;
    const missing = distance(this.ackedSeq, nextSeq) - fin;
    return missing > MAX_WINDOW_BYTES ? 0 : missing;
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
