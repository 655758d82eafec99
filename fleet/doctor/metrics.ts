import type { Account } from '../aws/account.ts';
import { readMetrics } from '../aws/metrics.ts';
import type { RebuildSettings } from '../description/description.ts';

/** How far back "recent" goes: the agent reports once a minute. */
export const RECENT_SECONDS = 900;

/** Sum over the last quarter of an hour of a metric of this deployment's rebuilders; null = no datapoint. */
export async function recentSum(
  account: Account,
  rebuild: RebuildSettings,
  name: string,
  stat: 'Sum' | 'SampleCount',
): Promise<number | null> {
  const metric = { namespace: rebuild.metrics_namespace, name, dimensions: { deployment: rebuild.name_prefix }, stat };
  const now = Date.now();
  // The minute that is not over counts too.
  const span = { fromMs: now - RECENT_SECONDS * 1000, toMs: now + 60_000, period: 60 };
  const [points = []] = await readMetrics(account, [metric], span);
  return points.length === 0 ? null : points.reduce((sum, { value }) => sum + value, 0);
}
