import type { Provenance } from './provenance.ts';

/** What brought captured bytes: a packet, or a segment that was one. */
export interface Carrier extends Provenance {
  /** What stood before the bytes, of IP and TCP: with them it was laid into a buffer of the receiver's. */
  readonly headerBytes: number;
}

/** Captured bytes of one direction that wait behind a hole. The bytes are our own copy. */
export interface Segment extends Carrier {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** One of a queue. */
export interface Queued extends Segment {
  /** Higher than that of those that came before. */
  readonly arrival: number;
}
