import type { CounterName } from '../ledger.ts';
import type { Speaker } from './response-framer.ts';

/** What a final response means for its request. */
export type Verdict = 'delivered' | 'server_error' | 'retry' | 'unread' | CounterName;

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
  463: 'forward.refused.463',
};

/**
 * A node's own answer, whatever its status, is a delivery: it has read and inspected the request. A load balancer's
 * 502, 503 and 504 say that no node did. Its `Server: awselb/2.0` tells it apart; it can be configured to leave that
 * line out, so no Server line at all counts as its own. 408 of whoever closes behind it, or of a load balancer, is for
 * what did not come whole in time (RFC 9110, 15.5.9), be it that nothing had come yet when it was said.
 * `isSingle`: on the raw path, where odd methods go: NGINX answers 405 to TRACE and CONNECT before any module has seen
 * them.
 */
export function verdict(status: number, speaker: Speaker, isSingle: boolean, closes: boolean): Verdict {
  if (status < 400) return 'delivered';
  if (status === 408 && (closes || speaker === 'balancer')) return 'unread';
  if (isSingle && status === 405) return 'forward.refused.405';
  const refused = REFUSED_BY_ANYONE[status];
  if (refused !== undefined) return refused;
  if (speaker !== 'node' && status >= 502 && status <= 504) return 'retry';
  if (speaker === 'balancer') return REFUSED_BY_BALANCER[status] ?? 'forward.refused.other';
  return status >= 500 ? 'server_error' : 'delivered';
}
