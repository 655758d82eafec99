import type { CounterName } from '../ledger.ts';

/** What can happen to a request on its way to the node. */
export type TraceStep = 'queued' | 'apart' | 'reframed' | 'sent' | 'answered' | 'unavailable' | 'failed' | 'returned' | 'enveloped' | 'ended'
  // The same of the exchange that goes to a native node.
  | 'exchange_queued' | 'exchange_sent' | 'exchange_failed' | 'exchange_ended';

export interface TracedStep {
  /** ms since the epoch */
  readonly timeMs: number;
  readonly step: TraceStep;
  /** A status, or the name of a counter; empty = nothing to add. */
  readonly detail: string;
}

/** A request that is retried for a minute would fill any list. */
const MAX_STEPS = 24;

/**
 * The fate of one request, step by step, for whoever looks at it. Only few requests have one: see
 * status/recent-requests.ts.
 */
export class Trace {
  readonly steps: TracedStep[] = [];
  end: CounterName | null = null;
  readonly #onChange: () => void;

  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange;
  }

  note(step: TraceStep, detail: string | number = ''): void {
    const one = { timeMs: Date.now(), step, detail: String(detail) };
    if (this.steps.length < MAX_STEPS) this.steps.push(one);
    else this.steps[MAX_STEPS - 1] = one;
    this.#onChange();
  }

  ended(end: CounterName): void {
    this.end = end;
    this.note('ended', end);
  }

  /** `isOnly`: nothing else is delivered of the request. */
  exchangeEnded(end: CounterName, isOnly: boolean): void {
    if (isOnly) this.end = end;
    this.note('exchange_ended', end);
  }
}
