import { paginateGetMetricData, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { Account } from './account.ts';

/** One series of CloudWatch. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: 'Sum' | 'SampleCount';
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** Seconds of a datapoint, a multiple of 60. */
  readonly period: number;
}

export interface Datapoint {
  /** Its beginning, ms since the epoch. */
  readonly timeMs: number;
  readonly value: number;
}

/** GetMetricData takes 500 queries and answers with 100,800 datapoints at most. */
const QUERIES = 500;
const DATAPOINTS = 100_800;

/** The datapoints of each metric, oldest first; what CloudWatch knows nothing of has none. */
export async function readMetrics(
  account: Account,
  metrics: readonly Metric[],
  { fromMs, toMs, period }: Span,
): Promise<Datapoint[][]> {
  const series: Datapoint[][] = metrics.map(() => []);
  const points = Math.ceil((toMs - fromMs) / 1000 / period) + 1;
  const size = Math.max(1, Math.min(QUERIES, Math.floor(DATAPOINTS / points)));
  for (let at = 0; at < metrics.length; at += size) {
    const queries = metrics.slice(at, at + size).map((metric, i) => query(metric, `m${at + i}`, period));
    const window = { StartTime: new Date(fromMs), EndTime: new Date(toMs), ScanBy: 'TimestampAscending' as const };
    for await (const page of paginateGetMetricData(
      { client: account.cloudWatch },
      { ...window, MetricDataQueries: queries },
    )) {
      for (const { Id: id = '', Timestamps: times = [], Values: values = [] } of page.MetricDataResults ?? []) {
        series[Number(id.slice(1))]?.push(
          ...values.map((value, i) => ({ timeMs: times[i]?.getTime() ?? fromMs, value })),
        );
      }
    }
  }
  return series;
}

function query({ namespace, name, dimensions, stat }: Metric, id: string, period: number): MetricDataQuery {
  const pairs = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return {
    Id: id,
    MetricStat: { Metric: { Namespace: namespace, MetricName: name, Dimensions: pairs }, Period: period, Stat: stat },
  };
}
