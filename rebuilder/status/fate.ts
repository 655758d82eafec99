import type { TraceStep } from '../forward/trace.ts';
import { COUNTERS, COUNTER_NAMES, type CounterName } from '../ledger.ts';
import type { RecentRequest } from './recent-requests.ts';

/** One step of a request's way, for people. */
interface FateStep {
  /** ms since the epoch */
  readonly timeMs: number;
  readonly text: string;
}

const STEPS: Readonly<Record<TraceStep, (detail: string) => string>> = {
  queued: () => 'handed over for delivery',
  apart: () => 'goes alone, on a connection of its own, byte for byte',
  reframed: () => 'goes in a form with one true Content-Length and one reading',
  sent: () => 'sent',
  answered: (status) => `answered with ${status}`,
  unavailable: (status) => `the load balancer answers ${status} itself: tried again`,
  failed: (reason) => `failed: ${meaning(reason)}`,
  returned: () => 'the connection ended before its turn: put back into the queue',
  enveloped: () => 'refused: goes once more, with its request line as a header',
  ended: (end) => `${isOut(end) ? 'done' : 'lost'}: ${meaning(end)}`,
  exchange_queued: () => 'handed over as an exchange for the native nodes',
  exchange_sent: () => 'sent to a native node',
  exchange_failed: (reason) => `a native node failed: ${reason}`,
  exchange_ended: (end) => `exchange ${isOut(end) ? 'done' : 'lost'}: ${meaning(end)}`,
};

const NOTES: readonly (readonly [RecentRequest['badges'][number], string])[] = [
  ['second reading', 'one more reading of bytes that its server may have read in another way; normal traffic has none (http.second_readings)'],
  ['found', 'found by a search, or in one reading only: it may be a part of another request\'s body'],
  ['correction', 'told before, and now once more with bytes that came late (http.corrections)'],
];

/** What became of a request, step by step. */
export function fate(request: RecentRequest): FateStep[] {
  const at = (text: string, timeMs = request.timeMs): FateStep => ({ timeMs, text });
  const vni = request.vni === null ? '' : `, VNI ${request.vni}`;
  return [
    at(`first packet, from ${request.source} to ${request.server}${vni}`),
    ...NOTES.flatMap(([badge, text]) => request.badges.includes(badge) ? [at(text)] : []),
    ...(request.irregular.length === 0 ? [] : [at(`read with a tolerance: ${request.irregular.join(', ')}`)]),
    ...request.lost.map((reason) => at(`bytes are missing: ${meaning(reason)}`)),
    ...(request.status === null ? [] : [at(`the application answered with ${request.status}${request.tookMs === null ? '' : ` after ${request.tookMs} ms`}`)]),
    ...request.steps.map(({ timeMs, step, detail }) => at(STEPS[step](detail), timeMs)),
  ];
}

function meaning(name: string): string {
  return isCounter(name) ? `${COUNTERS[name].help} (${name})` : name;
}

function isOut(name: string): boolean {
  return isCounter(name) && COUNTERS[name].role === 'out';
}

const isCounter = (name: string): name is CounterName => (COUNTER_NAMES as readonly string[]).includes(name);
