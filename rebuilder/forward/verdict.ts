import type { CounterName } from '../ledger.ts';
import type { Speaker } from './response-framer.ts';

/** What a final response means for its request. */
export type Verdict = 'delivered' | 'server_error' | 'retry' | CounterName;

/** Answered by whoever could not read the request at all: it was not inspected. */
const REFUSED_BY_ANYONE: Readonly<Record<number, CounterName>> = {
  400: 'forward.refused.400',
  413: 'forward.refused.413',
  414: 'forward.refused.414',
  431: 'forward.refused.431',
  501: 'forward.refused.501',
  505: 'forward.refused.505',
};

/** Further statuses that a load balancer gives of its own (docs: "Troubleshoot your Application Load Balancers"). */
const REFUSED_BY_BALANCER: Readonly<Record<number, CounterName>> = {
  405: 'forward.refused.405',
  408: 'forward.refused.408',
  463: 'forward.refused.463',
};

/**
 * A node's own answer, whatever its status, is a delivery: it has read and inspected the request. A load balancer's
 * 502, 503 and 504 say that no node did. Its `Server: awselb/2.0` tells it apart; it can be configured to leave that
 * line out, so no Server line at all counts as its own.
 * `isSingle`: on the raw path, where odd methods go: NGINX answers 405 to TRACE and CONNECT before any module has seen
 * them.
 */
export function verdict(status: number, speaker: Speaker, isSingle: boolean): Verdict {
  if (status < 400) return 'delivered';
  if (isSingle && status === 405) return 'forward.refused.405';
  const refused = REFUSED_BY_ANYONE[status];
  if (refused !== undefined) return refused;
  if (speaker !== 'node' && status >= 502 && status <= 504) return 'retry';
  if (speaker === 'balancer') return REFUSED_BY_BALANCER[status] ?? 'forward.refused.other';
  return status >= 500 ? 'server_error' : 'delivered';
}
