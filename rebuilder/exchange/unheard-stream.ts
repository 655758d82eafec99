import type { Provenance } from '../reassembly/provenance.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';

/**
 * A server that has said nothing yet. Where only one direction is mirrored it stays so, and a parser for each would be
 * memory for nothing.
 */
export class UnheardStream implements StreamSink {
  readonly #connection: { hear(): StreamSink };
  readonly unfinished = false;

  constructor(connection: { hear(): StreamSink }) {
    this.#connection = connection;
  }

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    this.#connection.hear().data(bytes, start, end, seq, from);
  }

  gap(bytes: number): void {
    this.#connection.hear().gap(bytes);
  }

  end(): void {}
  stall(): boolean { return false; }
  discard(): void {}

  fork(): StreamSink | null {
    return null;
  }
}
