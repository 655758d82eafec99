import type { HttpRequest } from '../http/http-request.ts';
import type { Connection } from '../reassembly/connection.ts';
import type { HalfStream } from '../reassembly/half-stream.ts';
import type { ToldRequests } from './told-requests.ts';

/**
 * Marks what the first reader found, where nobody may have read it: of a connection that is not proven, sent behind
 * what ends one, or of bytes that its receiver may have dropped, or may not have come to, and has not acknowledged.
 */
export function markUncertain(
  request: HttpRequest, connection: Connection, client: HalfStream, told: ToldRequests | null,
): void {
  const { unproven, nextSeq, isPastFin } = client;
  if (unproven?.isBehindHole === true) request.isFound = true;
  const { isCandidate, resetMs } = connection;
  const isDoubtful = isCandidate || (resetMs !== null && request.lastByteMs > resetMs) || isPastFin
    || unproven?.isDoubtfulAt(nextSeq) === true;
  if (!isDoubtful) return;
  told?.first(request);
  request.reading = 2;
}
