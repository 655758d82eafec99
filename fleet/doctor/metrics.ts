import { GetMetricDataCommand, type Dimension } from '@aws-sdk/client-cloudwatch';
import type { Account } from '../aws/account.ts';
import type { RebuildSettings } from '../description/description.ts';

/** How far back "recent" goes: the agent reports once a minute. */
export const RECENT_SECONDS = 900;

/** Sum over the last quarter of an hour of a metric of this deployment's rebuilders; null = no datapoint. */
export function recentSums(
  account: Account,
  rebuild: RebuildSettings,
  metric: string,
  stat: 'Sum' | 'SampleCount',
): Promise<number | null> {
  return recentSum(
    account,
    rebuild.metrics_namespace,
    metric,
    [{ Name: 'deployment', Value: rebuild.name_prefix }],
    stat,
  );
}

export async function recentSum(
  account: Account,
  Namespace: string,
  MetricName: string,
  Dimensions: Dimension[],
  Stat: string,
): Promise<number | null> {
  const now = Date.now();
  const { MetricDataResults: results } = await account.cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(now - RECENT_SECONDS * 1000), // The minute that is not over counts too.
      EndTime: new Date(now + 60_000),
      MetricDataQueries: [
        { Id: 'recent', MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period: 60, Stat } },
      ],
    }),
  );
  const values = results?.[0]?.Values ?? [];
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}
