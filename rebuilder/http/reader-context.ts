import type { CounterName, Ledger } from '../ledger.ts';
import type { Budget } from '../reassembly/budget.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';
import { HeaderLines } from './header-lines.ts';
import { KeptLines } from './kept-lines.ts';
import type { Framing } from './message.ts';

/** What all readers of one pipeline share. */
export interface ReaderContext {
  readonly ledger: Ledger;
  readonly budget: Budget;
  readonly headBytes: number;
  readonly bodyLimitBytes: number;
  readonly lines: HeaderLines;
  readonly keptLines: KeptLines;
  /**
   * Those whose message was emitted because nothing more of it came, longest ago first: what they hold makes room when
   * memory is short.
   */
  readonly stalled: Set<StreamSink>;
  /** Captured stream bytes that are of a message not finished yet: the part of the ledger's sum that is in flight. */
  pendingBytes: number;
}

export function readerContext(
  ledger: Ledger, budget: Budget, headBytes: number, bodyLimitBytes: number,
): ReaderContext {
  return {
    ledger, budget, headBytes, bodyLimitBytes, lines: new HeaderLines(), keptLines: new KeptLines(),
    stalled: new Set(), pendingBytes: 0,
  };
}

/** What a head says about what follows it. */
export interface BodyFraming {
  readonly framing: Framing;
  readonly contentLength: number;
}

export const NO_BODY: BodyFraming = { framing: 'none', contentLength: 0 };

/** What is known of a message's body when the message is emitted. */
export interface Body {
  readonly framing: Framing;
  /** True length of the entity, bytes. */
  readonly size: number;
  readonly complete: boolean;
  readonly lost: CounterName[] | null;
  readonly irregular: number;
  readonly correction: boolean;
}

const whole: { -readonly [Key in keyof Body]: Body[Key] } = {
  framing: 'none', size: 0, complete: true, lost: null, irregular: 0, correction: false,
};

/** Lent until the next call: nearly every message has one, and becomes an object that has copied it. */
export function wholeBody(framing: Framing, size: number, irregular: number): Body {
  whole.framing = framing;
  whole.size = size;
  whole.irregular = irregular;
  return whole;
}

/** A body of which bytes are missing. */
export function cutBody(framing: Framing, size: number, lost: CounterName[], irregular: number): Body {
  return { framing, size, complete: false, lost, irregular, correction: false };
}
