import type { HttpRequest } from '../http/http-request.ts';

/** Where requests go once they are whole, answered, or not waited for any longer. */
export interface ExchangeSink {
  /** request.response holds the response, when there is one. Bytes may be borrowed: keep nothing. */
  exchange(request: HttpRequest): void;
}
