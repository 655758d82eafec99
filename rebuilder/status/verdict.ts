import { COUNTERS, type CounterName, type Ledger } from '../ledger.ts';
import { EXITS } from './exits.ts';
import { MAX_SILENCE_MS } from './health.ts';
import type { RateHistory } from './rates.ts';
import type { StatusSource } from './status-source.ts';

/** `wait`: it cannot be told yet. */
type VerdictLevel = 'good' | 'wait' | 'losing' | 'bad';

export interface Verdict {
  readonly level: VerdictLevel;
  /** For people; may hold an endpoint's address, never a payload. */
  readonly sentence: string;
  /** Heading of docs/operations.md under which it says what to do, as an anchor; null = there is nothing to do. */
  readonly advice: 'nothing-arrives' | 'delivery' | 'packets-missing-or-cut' | 'files-and-logs' | 'wrong-requests' | null;
}

/** Fewer packets than this may well be a scan or a health check: no reason yet to say that no HTTP is in them. */
const ENOUGH_PACKETS = 200;
const LOST_UNITS: readonly string[] = ['requests', 'exchanges'];
const DAMAGES: readonly CounterName[] = ['capture.kernel_drops', 'capture.interface_drops', 'tcp.reassembly_gap', 'tcp.cut_segments', 'http.body_limit',
  'http.head_limit', 'http.memcap', 'http.message_cut', 'http.stalled'];
/** Lines of exchanges that whoever reads the file, or S3, lacks. */
const LEFT_OUT: readonly CounterName[] = ['exchanges.write_failed', 'exchanges.queue_full', 'exchanges.spool_full'];
/** A node has no reason of its own to answer with 5xx; single requests may. */
const MANY_SERVER_ERRORS = 0.5;
const READINGS_LIMITS: readonly CounterName[] = ['http.readings_limit', 'tcp.readings_limit'];

/** Whether it works, in one sentence: the first thing that is wrong on the way, as it was in the last minute. */
export function verdict(source: StatusSource, rates: RateHistory, nowMs: number): Verdict {
  const minute = rates.lastMinute();
  return arrival(source, nowMs) ?? delivery(source) ?? content(source) ?? losses(minute) ?? readings(minute)
    ?? damages(minute) ?? nodeErrors(minute) ?? leftOut(minute) ?? working(source, rates);
}

function arrival(source: StatusSource, nowMs: number): Verdict | null {
  const closed = source.sources().find(({ bound }) => !bound);
  if (closed !== undefined) return { level: 'bad', sentence: `Not capturing: ${closed.description} is not open.`, advice: 'nothing-arrives' };
  const last = source.lastPacketMs();
  if (last === null) {
    const ms = nowMs - source.startedMs;
    return ms < MAX_SILENCE_MS || isDemo(source)
      ? { level: 'wait', sentence: 'Waiting for the first packet.', advice: null }
      : { level: 'bad', sentence: `Nothing arrives: no packet since the start ${ago(ms)} ago.`, advice: 'nothing-arrives' };
  }
  if (nowMs - last <= MAX_SILENCE_MS || isDemo(source)) return null;
  const since = new Date(last).toISOString().replace('T', ' ').slice(0, 19);
  return { level: 'bad', sentence: `Nothing has arrived since ${since} UTC (${ago(nowMs - last)} ago).`, advice: 'nothing-arrives' };
}

/** Nothing is sent to the demo's app but what a person tries: there silence is no sign of anything. */
const isDemo = ({ attackIn }: StatusSource): boolean => attackIn !== undefined;

function delivery(source: StatusSource): Verdict | null {
  const failing = source.endpoints().find(({ condition }) => condition === 'failing');
  if (failing === undefined) return null;
  const waiting = source.gauges().inFlightRequests;
  return {
    level: 'bad', sentence: `Not delivering: ${failing.url} ${failing.detail}${waiting > 0 ? `; ${count(waiting, 'request')} ${waiting === 1 ? 'waits' : 'wait'}` : ''}.`, advice: 'delivery',
  };
}

/** Packets, and no request in them. */
function content(source: StatusSource): Verdict | null {
  const ledger = source.ledger();
  if (ledger.get('http.requests') > 0) return null;
  const packets = ledger.get('capture.frames');
  if (packets < ENOUGH_PACKETS) return { level: 'wait', sentence: `${count(packets, 'packet')} arrived, and no request yet.`, advice: null };
  const what = ledger.get('http.tls_flow') > 0 ? 'TLS: mirror behind the hop that ends it' : 'other protocols';
  return { level: 'bad', sentence: `Packets arrive, but no plain HTTP is in them; what is in them is ${what}.`, advice: 'nothing-arrives' };
}

function losses(minute: Ledger): Verdict | null {
  const rebuilt = minute.get('http.requests');
  const lost = EXITS.filter(({ name, kind }) => kind === 'lost' && LOST_UNITS.includes(COUNTERS[name].unit) && minute.get(name) > 0)
    .sort((a, b) => minute.get(b.name) - minute.get(a.name));
  const [worst] = lost;
  if (worst !== undefined) {
    const sum = lost.reduce((all, { name }) => all + minute.get(name), 0);
    // What is dropped now may have come earlier than a minute ago.
    return {
      level: 'losing', sentence: `Working, but losing ${percent(sum, Math.max(rebuilt, sum))} of the requests to ${worst.name}: ${COUNTERS[worst.name].help}.`,
      advice: 'delivery',
    };
  }
  return null;
}

/** Normal traffic has none of these: somebody sends what servers read in different ways. */
function readings(minute: Ledger): Verdict | null {
  const [limit] = READINGS_LIMITS.filter((name) => minute.get(name) > 0);
  if (limit !== undefined) {
    return {
      level: 'losing', advice: 'wrong-requests',
      sentence: `Working, but somebody sends what can be read in more ways than are delivered (${limit}).`,
    };
  }
  const second = minute.get('http.second_readings');
  if (second === 0) return null;
  return {
    level: 'losing', advice: 'wrong-requests',
    sentence: `Working, but somebody sends what servers read in different ways: ${count(second, 'second reading')} in the last minute, `
      + 'delivered as well (http.second_readings).',
  };
}

function damages(minute: Ledger): Verdict | null {
  const [damage] = DAMAGES.filter((name) => minute.get(name) > 0).sort((a, b) => minute.get(b) - minute.get(a));
  const rebuilt = minute.get('http.requests');
  const incomplete = minute.get('http.incomplete_requests');
  if (damage !== undefined && (incomplete > 0 || minute.get('capture.kernel_drops') > 0)) {
    return {
      level: 'losing',
      sentence: `Working, but ${percent(incomplete, Math.max(rebuilt, incomplete))} of the requests are incomplete, `
        + `mostly because of ${damage}: ${COUNTERS[damage].help}.`,
      advice: 'packets-missing-or-cut',
    };
  }
  return null;
}

/** They have the requests, and may still not work: of what they do with them their answers are the only sign. */
function nodeErrors(minute: Ledger): Verdict | null {
  const errors = minute.get('forward.server_error');
  const delivered = minute.get('forward.delivered') + minute.get('forward.delivered_incomplete');
  if (errors === 0 || errors < delivered * MANY_SERVER_ERRORS) return null;
  return {
    level: 'losing', advice: 'delivery',
    sentence: `Delivering, but the nodes answer ${percent(errors, delivered)} of the requests with 5xx of their own (forward.server_error).`,
  };
}

function leftOut(minute: Ledger): Verdict | null {
  const [counter] = LEFT_OUT.filter((name) => minute.get(name) > 0).sort((a, b) => minute.get(b) - minute.get(a));
  if (counter === undefined) return null;
  return {
    level: 'losing', advice: 'files-and-logs',
    sentence: `Delivering, but ${count(minute.get(counter), 'request')} of the last minute ${minute.get(counter) === 1 ? 'was' : 'were'} left out of exchanges.file (${counter}): ${
      COUNTERS[counter].help}.`,
  };
}

function working(source: StatusSource, rates: RateHistory): Verdict {
  const [main] = source.endpoints();
  const perSecond = rates.perSecond('http.requests');
  const rate = perSecond >= 10 ? Math.round(perSecond) : Number(perSecond.toFixed(1));
  const traffic = perSecond === 0 ? 'no request in the last seconds' : `${count(rate, 'request')} per second`;
  if (main === undefined || main.condition === 'none') return { level: 'good', sentence: `Working: ${traffic}; nothing is delivered, by configuration.`, advice: null };
  const lastMinute = rates.lastMinute().get('http.requests') > 0 ? ', and nothing was lost in the last minute' : '';
  return { level: 'good', sentence: `Working: ${traffic}${lastMinute}.`, advice: null };
}

/** `1 request`, `2,000 requests` */
export const count = (number: number, unit: string): string => `${number.toLocaleString('en')} ${unit}${number === 1 ? '' : 's'}`;

function percent(part: number, whole: number): string {
  const share = whole === 0 ? 0 : 100 * part / whole;
  return share > 0 && share < 0.1 ? 'less than 0.1 %' : `${Number(share.toFixed(share < 10 ? 1 : 0))} %`;
}

/** `45 s`, `12 min`, `3 h 20 min` */
function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
