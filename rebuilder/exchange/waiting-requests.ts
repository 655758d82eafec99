import type { Ledger } from '../ledger.ts';
import { CHARGE } from '../reassembly/connection-memory.ts';
import type { Budget } from '../reassembly/budget.ts';
import type { HttpRequest } from '../http/http-request.ts';
import { LINE_STRIDE } from '../http/message.ts';

const LINE_BYTES = LINE_STRIDE * 4;

/** The requests of all connections that wait for their responses: how many, and the memory they take. */
export class WaitingRequests {
  readonly #ledger: Ledger;
  readonly #budget: Budget;
  count = 0;

  constructor(ledger: Ledger, budget: Budget) {
    this.#ledger = ledger;
    this.#budget = budget;
  }

  /**
   * Makes the request own its bytes. @returns false: there is no memory left to wait in; it is to go on without its
   * response
   */
  hold(request: HttpRequest): boolean {
    const bytes = request.end - request.start + request.lineCount * LINE_BYTES;
    if (!this.#budget.take(bytes, CHARGE.waiting)) {
      this.#ledger.count('http.response_memcap');
      return false;
    }
    request.retain();
    this.count++;
    return true;
  }

  /** It goes on. */
  release(request: HttpRequest): void {
    this.count--;
    this.#budget.release(request.end - request.start + request.lineCount * LINE_BYTES, CHARGE.waiting);
  }
}
