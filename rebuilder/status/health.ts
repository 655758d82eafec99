import type { EndpointState, StatusSource } from './status-source.ts';

/**
 * Without a packet for this long, an instance says that it is not ready: either nothing is mirrored, or nothing gets
 * here.
 */
export const MAX_SILENCE_MS = 60_000;

interface Check {
  readonly check: 'process' | 'sockets bound' | 'packets arriving' | 'endpoint answering';
  readonly ok: boolean;
  readonly reason: string;
}

export interface Health { readonly ok: boolean; readonly checks: readonly Check[] }

/** `/live`: the event loop turns, or this would not be read. */
export function live(source: StatusSource, nowMs: number): Health {
  return health([{ check: 'process', ok: true, reason: `up for ${seconds(nowMs - source.startedMs)}` }]);
}

/**
 * `/-/healthcheck`, for load balancers: 200 while packets can be received. A dead detection node or a quiet network
 * must not take the instance out of the NLB, since every other one would follow it and the mirror would have no target
 * at all.
 */
export function canReceive(source: StatusSource): Health {
  return health([socketsBound(source)]);
}

/** `/ready`: packets in and requests out, the whole way. */
export function ready(source: StatusSource, nowMs: number): Health {
  return health([socketsBound(source), packetsArriving(source, nowMs), ...source.endpoints().map(endpointAnswering)]);
}

/** One JSON object a line. */
export function healthText({ checks }: Health): string {
  return checks.map((check) => `${JSON.stringify(check)}\n`).join('');
}

function health(checks: readonly Check[]): Health {
  return { ok: checks.every(({ ok }) => ok), checks };
}

function socketsBound(source: StatusSource): Check {
  const sources = source.sources();
  const closed = sources.filter(({ bound }) => !bound);
  const ok = sources.length > 0 && closed.length === 0;
  const reason = sources.length === 0
    ? 'no packet source is open'
    : (ok ? sources : closed).map(({ description }) => description).join('; ') + (ok ? '' : ': not open');
  return { check: 'sockets bound', ok, reason };
}

function packetsArriving(source: StatusSource, nowMs: number): Check {
  const last = source.lastPacketMs();
  if (last === null) {
    return { check: 'packets arriving', ok: false, reason: `none since the start ${seconds(nowMs - source.startedMs)} ago` };
  }
  // The clock may step back; a packet of the future has arrived just now.
  const silence = Math.max(0, nowMs - last);
  return { check: 'packets arriving', ok: silence <= MAX_SILENCE_MS, reason: `last packet ${seconds(silence)} ago` };
}

function endpointAnswering({ url, condition, detail }: EndpointState): Check {
  const ok = condition !== 'failing' && condition !== 'untried';
  return { check: 'endpoint answering', ok, reason: url === null ? detail : `${url}: ${detail}` };
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
