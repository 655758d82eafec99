import { printable } from '../rules/shown-request.ts';
import type { Snapshot } from '../status/snapshot.ts';
import type { ListedRequest } from '../status/status-page.ts';

/** What `/status.json` says. */
export type Status = Snapshot & { readonly requests: readonly ListedRequest[] };

/** The colours of a verdict; the rest is plain. */
const COLOURS = { good: 32, wait: 36, losing: 33, bad: 31 } as const;
const SHOWN_LOSSES = 4;
const SHOWN_SENDERS = 3;

/**
 * The lines of `rebuilder top`, each at most `columns` wide and at most `rows` of them: verdict, rates, losses by reason, nodes, queue, senders, and
 * with what is left the last requests. Nothing of the network in it can steer a terminal.
 */
export function topScreen(state: Status, host: string, columns: number, rows: number, isColoured: boolean): string[] {
  const fit = (text: string): string => {
    const safe = printable(text.replaceAll('…', '...'));
    return safe.length > columns ? `${safe.slice(0, columns - 3)}...` : safe;
  };
  const verdict = fit(state.verdict.sentence);
  const lines = [
    fit(`rebuilder ${state.version} at ${host}, up ${duration(state.nowMs - state.startedMs)}`),
    isColoured ? `\x1b[1;${COLOURS[state.verdict.level]}m${verdict}\x1b[0m` : verdict,
    '',
    ...state.stages.map(({ title, unit, perSecond, total }) => fit(`${title.padEnd(20)} ${rate(perSecond, unit).padStart(16)} /s ${amount(total, unit).padStart(24)}`)),
    '',
    ...losses(state).map(fit),
    ...state.endpoints.map(({ url, condition, detail }) => fit(`node       ${condition.padEnd(10)} ${url ?? ''} ${detail}`)),
    fit(`delay      half ${ms(state.delay.p50)}, 99 % ${ms(state.delay.p99)}; in flight ${state.inFlight}; ${
      state.levels.map(({ name, value, limit }) => `${name} ${limit > 0 ? Math.round(100 * value / limit) : 0} %`).join(', ')}`),
    ...state.senders.slice(0, SHOWN_SENDERS).map(({ address, vni, packets, cutPackets, lastMs }) => fit(
      `source     ${(address ?? 'no tunnel').padEnd(15)} VNI ${String(vni ?? '-').padEnd(8)} ${number(packets)} packets, ${number(cutPackets)} cut, seen ${duration(state.nowMs - lastMs)} ago`)),
    '',
  ];
  const room = Math.max(0, rows - lines.length);
  const requests = state.requests.slice(room === 0 ? state.requests.length : -Math.min(room, 50)).reverse().map((one) => fit(
    `${new Date(one.timeMs).toISOString().slice(11, 19)} ${one.method.padEnd(5)} ${String(one.status ?? '').padEnd(3)} ${one.host}${one.target} ${
      [...one.badges, ...(one.end === null || one.end === 'forward.delivered' ? [] : [one.end])].join(' ')}`));
  return [...lines, ...requests].slice(0, rows);
}

function losses({ stages }: Status): string[] {
  const lost = stages.flatMap(({ exits }) => exits).filter(({ kind }) => kind === 'lost').sort((a, b) => b.total - a.total);
  if (lost.length === 0) return ['lost       nothing'];
  return lost.slice(0, SHOWN_LOSSES).map(({ name, total, unit, perSecond }) => `lost       ${number(total)} ${unit} ${name}${perSecond > 0 ? `, ${rate(perSecond, unit)} /s` : ''}`);
}

const number = (value: number): string => Math.round(value).toLocaleString('en');
export const count = (value: number, unit: string): string => `${number(value)} ${unit}${value === 1 ? '' : 's'}`;
const amount = (value: number, unit: string): string => unit === 'bytes' ? `${(value / (1 << 20)).toFixed(1)} MiB` : `${number(value)} ${unit}`;
const rate = (value: number, unit: string): string => unit === 'bytes' ? `${(value / 1024).toFixed(1)} KiB` : `${value < 10 ? value.toFixed(1) : number(value)}`;
const ms = (value: number | null): string => value === null ? '-' : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;

function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  return seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
