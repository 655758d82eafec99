import type { Settings } from '../config/settings.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { CounterName, Ledger } from '../ledger.ts';
import type { Envelope } from '../rules/envelope.ts';

/** What a service tells about each request, for logs. The request's bytes are borrowed. */
export interface RequestObserver {
  /** @param end the counter under which it ended before delivery; null = handed over */
  request(request: HttpRequest, envelope: Envelope | null, end: CounterName | null): void;
  /** How the delivery of a request that was handed over ended; null = not wanted. */
  readonly ended: ((id: string, end: CounterName) => void) | null;
  /** No more will come. */
  close(): Promise<void>;
}

/** Makes the observer of one thread; null = nothing is to be told. */
export type ObserverOf = (settings: Settings, ledger: Ledger) => RequestObserver | null;
