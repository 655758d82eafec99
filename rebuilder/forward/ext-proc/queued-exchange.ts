import type { Trace } from '../trace.ts';

/** An exchange on its way to the nodes; lists chain them by `next`. */
export class QueuedExchange {
  /** Its stream: gRPC messages, one behind the other. */
  readonly bytes: Buffer;
  readonly id: string;
  readonly complete: boolean;
  readonly submittedMs: number;
  /** Told of its steps; null = nobody looks. */
  readonly trace: Trace | null;
  readonly start = 0;
  readonly end: number;
  /** Once at least, with or without success. */
  wasSent = false;
  /** Failed attempts. */
  attempts = 0;
  /** How many exchanges the nodes had answered when this one failed last; -1 = never failed. */
  answeredAtFailure = -1;
  next: QueuedExchange | null = null;

  constructor(bytes: Buffer, id: string, complete: boolean, submittedMs: number, trace: Trace | null) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.id = id;
    this.complete = complete;
    this.submittedMs = submittedMs;
    this.trace = trace;
  }
}
