import type { Provenance } from './provenance.ts';

/** Captured bytes of one direction that wait behind a hole. The bytes are our own copy. */
export interface Segment extends Provenance {
  readonly seq: number;
  readonly bytes: Uint8Array;
}
