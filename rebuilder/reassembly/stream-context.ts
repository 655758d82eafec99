import type { Ledger } from '../ledger.ts';
import type { Packet } from '../wire/packet.ts';
import type { Budget } from './budget.ts';
import type { ConnectionMemory } from './connection-memory.ts';
import type { History } from './history.ts';
import type { ReadingsInUse } from './readings-in-use.ts';
import type { Timers } from './timers.ts';

interface StreamLimits {
  /** A hole is waited for this long. */
  gapTimeoutMs: number;
  /**
   * How long a segment may be late by reordering alone. A hole that the receiver has acknowledged, and the beginning of
   * a stream joined midway, are waited for no longer than this.
   */
  reorderMs: number;
  /** A hole is also given up when this many bytes wait behind it. */
  gapBytes: number;
  /** A message to which nothing is added for this long is emitted as it is; 0 = never (capture files). */
  stallTimeoutMs: number;
}

/** Who takes a segment of a client alone that is none of the stream it came to. */
interface Strays { stray(packet: Packet): void }

/** What all streams of one pipeline share. */
export interface StreamContext {
  readonly ledger: Ledger;
  readonly limits: StreamLimits;
  /** Bytes behind the holes of all streams together. */
  readonly reorderBudget: Budget;
  /** Bytes kept for second readings, such as when a hole is filled after it was given up, all streams together. */
  readonly correctionBudget: Budget;
  readonly connections: ConnectionMemory;
  /** Streams that wait for something that may not come. */
  readonly timers: Timers;
  readonly readings: ReadingsInUse;
  readonly history: History;
  /** null = nobody. */
  strays: Strays | null;
  /** On the pipeline's clock. */
  nowMs: number;
  /**
   * The context of connections that are read beside another one, whose bytes are already counted there; null = this is
   * it.
   */
  readonly aside: StreamContext | null;
}
