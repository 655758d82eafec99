import type { TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2';

type Targets = readonly TargetHealthDescription[];

const stateOf = ({ TargetHealth: health }: TargetHealthDescription): string => health?.State ?? 'unknown';

/** A target that is on its way out, as by a scale-in or a refresh, gets nothing new and is no fault. */
export const withoutDraining = (targets: Targets): Targets =>
  targets.filter((target) => !['draining', 'unhealthy.draining'].includes(stateOf(target)));

export const healthyIds = (targets: Targets | null): ReadonlySet<string> =>
  new Set((targets ?? []).flatMap((one) => (stateOf(one) === 'healthy' ? (one.Target?.Id ?? []) : [])));

/** Those that are a fault; one whose first checks are not done (`initial`) is none beside a healthy one. */
export function sickOf(targets: Targets): Targets {
  const isSomeHealthy = targets.some((one) => stateOf(one) === 'healthy');
  return withoutDraining(targets).filter(
    (one) => stateOf(one) !== 'healthy' && !(isSomeHealthy && stateOf(one) === 'initial'),
  );
}

/** `3 healthy, 1 draining` */
export function countsOf(targets: Targets): string {
  const counts = new Map<string, number>();
  for (const one of targets) counts.set(stateOf(one), (counts.get(stateOf(one)) ?? 0) + 1);
  return [...counts].map(([state, n]) => `${n} ${state}`).join(', ');
}
