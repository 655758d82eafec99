import { COUNTERS, type CounterName, type Ledger } from '../ledger.ts';
import { EXITS } from '../status/exits.ts';
import { count } from '../status/verdict.ts';
import { sizeText } from './size-text.ts';

const SHOWN_REASONS = 3;

/**
 * What came of capture files, in three lines for people: read, rebuilt, delivered or printed, with the largest reasons
 * of what did not go on.
 */
export function replaySummary(ledger: Ledger, bytes: number, elapsedMs: number, endpoint: string | null): string {
  const of = (name: CounterName): number => ledger.get(name);
  const read = `${sizeText(bytes)}, ${count(of('capture.frames'), 'packet')}, in ${(elapsedMs / 1000).toFixed(1)} s`;
  const incomplete = of('http.incomplete_requests');
  const second = of('http.second_readings');
  const rebuilt = `${count(of('http.requests'), 'request')}${incomplete > 0 ? `, ${incomplete} with bytes missing` : ''}${
    second > 0 ? `, ${second} in a second reading (http.second_readings)` : ''}, ${count(of('http.responses'), 'response')}`;
  const end = endpoint === null ? `printed    ${count(of('http.exchanges'), 'exchange')}` : `delivered  ${deliveredText(ledger, endpoint)}`;
  return [`read       ${read}${reasons(ledger, 'packets')}`, `rebuilt    ${rebuilt}${reasons(ledger, 'bytes')}`, `${end}${reasons(ledger, 'requests')}`].join('\n');
}

/** Requests, whole or with bytes missing. */
export const deliveredOf = (ledger: Ledger): number => ledger.get('forward.delivered') + ledger.get('forward.delivered_incomplete');

/** `5 of 5 requests to http://127.0.0.1:8445` */
export function deliveredText(ledger: Ledger, endpoint: string): string {
  return `${deliveredOf(ledger).toLocaleString('en')} of ${count(ledger.get('forward.submitted'), 'request')} to ${endpoint}`;
}

function reasons(ledger: Ledger, unit: string): string {
  const found = EXITS.filter(({ name }) => COUNTERS[name].unit === unit && ledger.get(name) > 0)
    .sort((a, b) => ledger.get(b.name) - ledger.get(a.name));
  if (found.length === 0) return '';
  const shown = found.slice(0, SHOWN_REASONS).map(({ name }) => `${ledger.get(name).toLocaleString('en')} ${name}`);
  const more = found.length > SHOWN_REASONS ? `, ${found.length - SHOWN_REASONS} more` : '';
  return `; not: ${shown.join(', ')}${more} (docs/ledger.md says what to do)`;
}
