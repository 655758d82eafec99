import { addressText } from '../address/address-text.ts';
import { balance, inFlight, type UnitBalance } from './balance.ts';
import type { Quantiles, RateHistory } from './rates.ts';
import { type Stage, stages } from './stages.ts';
import type { EndpointState, SourceState, StatusSource } from './status-source.ts';
import { type Verdict, verdict } from './verdict.ts';

const IPV4_MAPPED = 0xffff;

interface Sender {
  /** Of the mirrored interface; null = packets came without a tunnel. */
  readonly address: string | null;
  readonly vni: number | null;
  readonly packets: number;
  readonly cutPackets: number;
  /** ms since the epoch */
  readonly lastMs: number;
}

/** How much of a limit is used. */
interface Level { readonly name: string; readonly unit: 'bytes' | 'connections'; readonly value: number; readonly limit: number }

/**
 * Everything the page and `rebuilder top` show, but the last requests: one moment. `/status.json`, and an event a
 * second on `/events`.
 */
export interface Snapshot {
  readonly version: string;
  readonly nowMs: number;
  readonly startedMs: number;
  readonly verdict: Verdict;
  readonly stages: readonly Stage[];
  readonly endpoints: readonly EndpointState[];
  readonly openConnections: number;
  /** Requests that the node has answered, by class of the status. */
  readonly answers: Readonly<Record<'2xx' | '3xx' | '4xx' | '5xx', number>>;
  readonly delay: Quantiles;
  readonly queueTime: Quantiles;
  readonly inFlight: number;
  readonly levels: readonly Level[];
  readonly sources: readonly SourceState[];
  readonly senders: readonly Sender[];
  readonly balance: readonly UnitBalance[];
  /** false = the last requests are not kept. */
  readonly keepsRequests: boolean;
}

export function snapshot(source: StatusSource, rates: RateHistory, nowMs: number): Snapshot {
  const ledger = source.ledger();
  const gauges = source.gauges();
  const { limits } = source;
  return {
    version: source.version,
    nowMs,
    startedMs: source.startedMs,
    verdict: verdict(source, rates, nowMs),
    stages: stages(ledger, rates),
    endpoints: source.endpoints(),
    openConnections: gauges.openConnections,
    answers: {
      '2xx': ledger.get('forward.answered_2xx'), '3xx': ledger.get('forward.answered_3xx'), '4xx': ledger.get('forward.answered_4xx'),
      '5xx': ledger.get('forward.server_error'),
    },
    delay: rates.delays(),
    queueTime: rates.queueTimes(),
    inFlight: gauges.inFlightRequests,
    levels: [
      { name: 'delivery queue', unit: 'bytes', value: gauges.queueBytes, limit: limits.queueBytes },
      { name: 'buffers', unit: 'bytes', value: gauges.memoryBytes, limit: limits.memoryBytes },
      { name: 'connections known', unit: 'connections', value: gauges.flows, limit: limits.flows },
    ],
    sources: source.sources(),
    senders: source.senders().map(({ address, vni, packets, cutPackets, lastMs }) => ({
      address: address === 0 ? null : addressText(0, 0, IPV4_MAPPED, address), vni: vni < 0 ? null : vni, packets,
      cutPackets, lastMs,
    })),
    balance: balance(ledger, inFlight(gauges)),
    keepsRequests: source.recent(Infinity) !== null,
  };
}
