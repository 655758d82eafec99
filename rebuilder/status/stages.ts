import { COUNTERS, type CounterName, type Ledger } from '../ledger.ts';
import { EXITS, type ExitKind, type StageName } from './exits.ts';
import type { RateHistory } from './rates.ts';

interface StageExit {
  readonly name: CounterName;
  readonly kind: ExitKind;
  readonly unit: string;
  readonly help: string;
  readonly total: number;
  readonly perSecond: number;
}

/** Something worth knowing of what went on. */
interface StageMark { readonly name: CounterName; readonly unit: string; readonly help: string; readonly total: number }

export interface Stage {
  readonly name: StageName;
  readonly title: string;
  readonly unit: string;
  readonly total: number;
  readonly perSecond: number;
  /** Per second, of the last minute, oldest first. */
  readonly series: readonly number[];
  readonly exits: readonly StageExit[];
  readonly marks: readonly StageMark[];
}

interface Definition extends Pick<Stage, 'name' | 'title' | 'unit'> {
  readonly counters: readonly CounterName[];
  /** Where those are 0: requests may go to native nodes alone. */
  readonly otherwise?: readonly CounterName[];
  readonly marks: readonly CounterName[];
}

const STAGES: readonly Definition[] = [
  { name: 'packets', title: 'Packets arrive', unit: 'packets', counters: ['capture.frames'], marks: ['tcp.cut_segments'] },
  {
    name: 'streams', title: 'TCP streams', unit: 'bytes', counters: ['tcp.stream_bytes'],
    marks: ['tcp.sessions', 'http.tls_flow', 'http.http2_flow', 'http.not_http_flow', 'tcp.reassembly_gap', 'tcp.overlap_diff_data',
      'tcp.readings_limit'],
  },
  {
    name: 'requests', title: 'Requests rebuilt', unit: 'requests', counters: ['http.requests'],
    marks: ['http.incomplete_requests', 'http.body_limit', 'http.head_limit', 'http.corrections', 'http.irregular_requests',
      'http.second_readings', 'http.readings_limit'],
  },
  {
    name: 'rules', title: 'Kept by the rules', unit: 'requests', counters: ['forward.submitted', 'http.exchanges', 'http.http09_request', 'ext_proc.only_delivery'],
    marks: ['rules.redacted', 'rules.looks_like_health_check'],
  },
  {
    name: 'nodes', title: 'Delivered to nodes', unit: 'requests', counters: ['forward.delivered', 'forward.delivered_incomplete'],
    otherwise: ['ext_proc.delivered', 'ext_proc.delivered_incomplete'],
    marks: ['forward.delivered_incomplete', 'forward.raw', 'forward.reframed', 'forward.retried', 'forward.connect_failed',
      'ext_proc.delivered', 'ext_proc.delivered_incomplete'],
  },
];

/** The way from packets to nodes, with what leaves it at each stage. */
export function stages(ledger: Ledger, rates: RateHistory): Stage[] {
  return STAGES.map((definition) => stageOf(definition, ledger, rates));
}

function stageOf({ name, title, unit, marks, ...definition }: Definition, ledger: Ledger, rates: RateHistory): Stage {
  const totalOf = (names: readonly CounterName[]): number => names.reduce((sum, one) => sum + ledger.get(one), 0);
  const counters = totalOf(definition.counters) > 0 ? definition.counters : definition.otherwise ?? definition.counters;
  return {
    name, title, unit,
    total: totalOf(counters),
    perSecond: rates.perSecond(...counters),
    series: rates.series(...counters),
    exits: EXITS.filter((exit) => exit.stage === name && ledger.get(exit.name) > 0).map((exit) => ({
      name: exit.name, kind: exit.kind, unit: COUNTERS[exit.name].unit, help: COUNTERS[exit.name].help,
      total: ledger.get(exit.name),
      perSecond: rates.perSecond(exit.name),
    })).sort((a, b) => b.total - a.total),
    marks: marks.filter((one) => ledger.get(one) > 0).map((one) => ({
      name: one, unit: COUNTERS[one].unit, help: COUNTERS[one].help, total: ledger.get(one),
    })),
  };
}
