/**
 * Where bytes of a stream came from: the packet that carried them. Borrowed like the bytes: whoever keeps it copies it.
 */
export interface Provenance {
  /** Its acknowledgment number: what the sender had received when it sent the bytes. */
  readonly ack: number;
  /** When it was captured, on the pipeline's clock. */
  readonly timeMs: number;
  /** IPv4 identification, or that of the IPv6 fragment header; 0 = none. */
  readonly ipId: number;
}

/** A copy of it, and the sequence number of the first byte: where a message or a frame begins. */
export class Origin implements Provenance {
  seq = 0;
  ack = 0;
  timeMs = 0;
  ipId = 0;

  set(seq: number, { ack, timeMs, ipId }: Provenance): void {
    this.seq = seq;
    this.ack = ack;
    this.timeMs = timeMs;
    this.ipId = ipId;
  }
}
