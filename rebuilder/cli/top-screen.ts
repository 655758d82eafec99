import { wrap } from '../config/wrapped-text.ts';
import { printable } from '../rules/shown-request.ts';
import type { Snapshot } from '../status/snapshot.ts';
import { count } from '../status/verdict.ts';
import type { ListedRequest } from '../status/status-page.ts';
import { sizeText } from './size-text.ts';

/** What `/status.json` says. */
export type Status = Snapshot & { readonly requests: readonly ListedRequest[] };

/** The colours of a verdict; the rest is plain. */
const COLOURS = { good: 32, wait: 36, losing: 33, bad: 31 } as const;
const SHOWN_LOSSES = 4;
const SHOWN_SENDERS = 3;
/** The words at the left, and the blanks behind them. */
const WORD_COLUMNS = 8;
/** Of a method, which may be whatever a client writes. */
const METHOD_COLUMNS = 12;
/** Below it a stage has its rate alone. */
const WIDE_COLUMNS = 66;

/**
 * The lines of `rebuilder top`, each at most `columns` wide and at most `rows` of them: verdict, rates, losses by
 * reason, nodes, queue, senders, and with what is left the last requests. Nothing of the network in it can steer a
 * terminal.
 */
export function topScreen(state: Status, host: string, columns: number, rows: number, isColoured: boolean): string[] {
  const safe = (text: string): string => printable(text.replaceAll('…', '...'));
  const cut = (text: string, most = columns): string => text.length > most ? `${text.slice(0, most - 3)}...` : text;
  const fit = (text: string): string => cut(safe(text));
  /** A sentence under its word: whole, on as many lines as it takes. */
  const said = (word: string, text: string): string[] => wrap(safe(text), columns - WORD_COLUMNS)
    .map((line, i) => cut((i === 0 ? word : '').padEnd(WORD_COLUMNS) + line));
  const colour = (text: string): string => isColoured ? `\x1b[1;${COLOURS[state.verdict.level]}m${text}\x1b[0m` : text;
  const lines = [
    fit(`rebuilder ${state.version} at ${host}, up ${duration(state.nowMs - state.startedMs)}`),
    ...wrap(safe(state.verdict.sentence), columns).map((line) => cut(line)).map(colour),
    '',
    ...state.stages.map(({ title, unit, perSecond, total }) => fit(columns < WIDE_COLUMNS
      ? `${title.padEnd(20)}${rate(perSecond, unit).padStart(9)} /s`
      : `${title.padEnd(20)} ${rate(perSecond, unit).padStart(16)} /s ${amount(total, unit).padStart(24)}`)),
    '',
    ...losses(state).flatMap((text) => said('lost', text)),
    ...state.endpoints.flatMap(({ url, condition, detail }) => said('node', `${condition}: ${url ?? ''} ${detail}`)),
    ...said('delay', state.delay.p50 === null ? 'nothing was answered in the last minute' : `half within ${ms(state.delay.p50)}, 99 % within ${ms(state.delay.p99)}`),
    ...said('held', [`${state.inFlight} in flight`, ...state.levels.map(({ name, value, limit }) => `${name} ${percent(value, limit)}`)].join(', ')),
    ...state.senders.slice(0, SHOWN_SENDERS).flatMap(({ address, vni, packets, cutPackets, lastMs }) => said('source',
      `${address ?? 'no tunnel'}, VNI ${vni ?? '-'}: ${count(packets, 'packet')}, ${number(cutPackets)} cut, seen ${duration(state.nowMs - lastMs)} ago`)),
    '',
  ];
  const room = Math.max(0, rows - lines.length);
  const requests = state.requests.slice(room === 0 ? state.requests.length : -Math.min(room, 50)).reverse()
    .map((one) => fit(
      `${new Date(one.timeMs).toISOString().slice(11, 19)} ${cut(one.method, METHOD_COLUMNS).padEnd(5)} ${String(one.status ?? '').padEnd(3)} ${place(one)} ${
        [...one.badges, ...(one.end === null || one.end === 'forward.delivered' ? [] : [one.end])].join(' ')}`.trimEnd()));
  return [...lines, ...requests].slice(0, rows);
}

function losses({ stages }: Status): string[] {
  const lost = stages.flatMap(({ exits }) => exits).filter(({ kind }) => kind === 'lost').sort((a, b) => b.total - a.total);
  if (lost.length === 0) return ['nothing'];
  return lost.slice(0, SHOWN_LOSSES).map(({ name, total, unit, perSecond }) => `${amount(total, unit)} ${name}${perSecond > 0 ? `, ${rate(perSecond, unit)} /s` : ''}`);
}

/** A target that is no path (`*`, `host:port`, a URL) would run into the host before it. */
const place = ({ host, target }: ListedRequest): string => /^(?:\/|$)/.test(target) ? `${host}${target}` : `${host} ${target}`.trimStart();
const percent = (value: number, limit: number): string => `${limit > 0 ? Math.round(100 * value / limit) : 0} %`;
const number = (value: number): string => Math.round(value).toLocaleString('en');
const amount = (value: number, unit: string): string => unit === 'bytes' ? sizeText(value) : count(Math.round(value), unit.replace(/s$/, ''));
const rate = (value: number, unit: string): string => unit === 'bytes' ? `${(value / 1024).toFixed(1)} KiB` : `${value < 10 ? value.toFixed(1) : number(value)}`;
const ms = (value: number | null): string => value === null ? '-' : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;

function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  return seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
