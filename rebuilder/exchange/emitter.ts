import type { HttpRequest } from '../http/http-request.ts';
import type { Message } from '../http/message.ts';
import type { Ledger } from '../ledger.ts';
import { DuplicateViews } from './duplicate-views.ts';
import type { ExchangeSink } from './exchange-sink.ts';

/** The pipeline's own time. */
export interface PipelineTime {
  /** When it began, ms since the epoch: the first frame's, as a whole number; -1 = no frame yet. */
  epochMs: number;
  /** Of the last frame, ms since then. */
  nowMs: number;
}

/**
 * The last step of the pipeline: each request that a connection lets go is handed to who consumes them, once for all
 * the interfaces that saw it, with times since the epoch. A fault of the consumer costs that request.
 */
export class Emitter implements ExchangeSink {
  /** Requests that have left the connections. */
  left = 0;
  readonly #ledger: Ledger;
  readonly #time: PipelineTime;
  readonly #consumer: ExchangeSink;
  readonly #duplicates = new DuplicateViews();

  constructor(ledger: Ledger, time: PipelineTime, consumer: ExchangeSink) {
    this.#ledger = ledger;
    this.#time = time;
    this.#consumer = consumer;
  }

  /** See DuplicateViews. */
  severalVnis(): void {
    this.#duplicates.severalVnis();
  }

  exchange(request: HttpRequest): void {
    this.left++;
    if (this.#duplicates.isSecondView(request, this.#time.nowMs)) {
      this.#ledger.count('http.duplicate_view');
      return;
    }
    this.#toEpoch(request);
    if (request.response !== null) this.#toEpoch(request.response);
    try {
      this.#consumer.exchange(request);
    } catch (fault) {
      this.#ledger.count('pipeline.faulted_requests');
      reportFault(this.#ledger, fault);
    }
  }

  #toEpoch(message: Message): void {
    message.timeMs += this.#time.epochMs;
    message.lastByteMs += this.#time.epochMs;
  }
}

/** Counts a fault of the program; the first is said aloud. */
export function reportFault(ledger: Ledger, fault: unknown): void {
  if (ledger.get('pipeline.faults') === 0) {
    process.emitWarning(fault instanceof Error ? fault : String(fault), { code: 'PIPELINE_FAULT' });
  }
  ledger.count('pipeline.faults');
}
