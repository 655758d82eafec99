import type { Flow, SourceStatus, StatusReport } from './status/status.ts';
import { table, wrap } from './terminal/table.ts';
import { UsageError } from './usage-error.ts';

/** Sources shown: with what stands above them they fit a screen of 24 lines; --json has all. */
const ROWS = 12;
const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** CloudWatch keeps five-minute datapoints for 63 days. */
const LONGEST_MS = 63 * UNITS.d;

/** `15m`, `6h`, `2d` in ms. */
export function spanOf(text: string): number {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const ms = unit === 'm' || unit === 'h' || unit === 'd' ? Number(count) * UNITS[unit] : 0;
  if (ms >= 5 * UNITS.m && ms <= LONGEST_MS) return ms;
  throw new UsageError(`--since ${text}: give a time such as 15m, 6h or 2d, from 5m to 63d.`);
}

/** One screen of 80 columns. */
export function statusText(report: StatusReport): string {
  const { sources, rebuilders, nodes, alarms } = report;
  const silent = sources.filter(({ packets }) => packets === null || packets === 0);
  const skipping = sources.filter(({ skipped }) => skipped > 0);
  const lines: readonly (readonly [string, string])[] = [
    [
      'sources',
      `${sources.length} picked, ${sources.filter(({ session_id: id }) => id !== null).length} with a session; ${silent.length} silent, ${skipping.length} with packets left out`,
    ],
    [
      'rebuilders',
      `${rebuilders.in_service} of ${rebuilders.wanted} in service${rebuilders.healthy === null ? '' : `, ${rebuilders.healthy} healthy`}${rebuilders.reporting ? '' : '; their metrics do not arrive'}`,
    ],
    ['packets', `${flow(report.packets, 'arrived', '')}${lost(report.packets)}`],
    ['requests', `${flow(report.requests, 'rebuilt', 'delivered')}${lost(report.requests)}`],
    ...(report.exchanges === null
      ? []
      : [['exchanges', `${flow(report.exchanges, 'handed over', 'delivered')}${lost(report.exchanges)}`] as const]),
    ['nodes', nodes === null ? 'not known to the description' : `${nodes.healthy} of ${nodes.registered} healthy`],
    ['alarms', alarms.length === 0 ? 'none raised' : alarms.join(', ')],
  ];
  return [
    `${report.region}, since ${minute(report.since)} UTC\n\n`,
    ...lines.flatMap(([name, text]) =>
      wrap(text, 68).map((line, i) => `${(i === 0 ? name : '').padEnd(12)}${line}\n`),
    ),
    sources.length === 0 ? '' : `\n${sourcesTable(sources)}`,
  ].join('');
}

/** What needs a look first: without a session, with packets left out, silent; then by packets. */
function sourcesTable(sources: readonly SourceStatus[]): string {
  const urgency = ({ session_id: session, skipped, packets }: SourceStatus): number =>
    session === null ? 3 : skipped > 0 ? 2 : (packets ?? 0) === 0 ? 1 : 0;
  const order = sources.toSorted((a, b) => urgency(b) - urgency(a) || (b.packets ?? 0) - (a.packets ?? 0));
  const rows = order.slice(0, ROWS).map((one) => [
    one.network_interface_id,
    one.instance_id ?? '-',
    one.session_id === null ? 'no session' : one.packets === null ? 'unknown' : number(one.packets),
    one.skipped === 0 ? '' : number(one.skipped),
    one.last_packet === null ? '-' : minute(one.last_packet),
  ]);
  const more = order.length - ROWS;
  return table(
    ['interface', 'instance', 'packets', 'left out', 'last'],
    more > 0 ? [...rows, [`${more} more`, 'see --json']] : rows,
  );
}

function flow({ in: came, out, last_in: lastIn, last_out: lastOut }: Flow, arrived: string, left: string): string {
  const at = (time: string | null): string => (time === null ? '' : ` (last ${minute(time)})`);
  return `${number(came)} ${arrived}${at(lastIn)}${left === '' ? '' : `, ${number(out)} ${left}${at(lastOut)}`}`;
}

const lost = ({ lost: n, first_lost: first, last_lost: last }: Flow): string =>
  n === 0 ? ', 0 lost' : `, ${number(n)} lost (from ${minute(first ?? '')} to ${minute(last ?? '')})`;

const number = (value: number): string => Math.round(value).toLocaleString('en-US');

/** `2026-11-26T09:31:00.000Z` -> `11-26 09:31` */
const minute = (iso: string): string => iso.slice(5, 16).replace('T', ' ');
