import type { HttpRequest } from '../http/http-request.ts';
import { INDEX, type Ledger } from '../ledger.ts';

const REQUESTS = INDEX['http.requests'];

/** Counts a request that goes on, and all that is odd about it. */
export function countRequest(ledger: Ledger, request: HttpRequest): void {
  ledger.values[REQUESTS]!++;
  if (request.irregular !== null && (request.streamId === 0 || request.irregular.length > 1)) {
    ledger.count('http.irregular_requests');
  }
  if (request.lost !== null) {
    ledger.count('http.incomplete_requests');
    for (const reason of request.lost) if (reason !== 'tcp.reassembly_gap') ledger.count(reason);
  }
  if (request.reading > 1) ledger.count('http.second_readings');
  if (request.correction) ledger.count('http.corrections');
}
