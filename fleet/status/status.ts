import type { Account } from '../aws/account.ts';
import { readMetrics, type Datapoint, type Metric } from '../aws/metrics.ts';
import type { Description } from '../description/description.ts';
import { readFacts, type Facts } from '../doctor/facts.ts';
import { healthyIds, withoutDraining } from '../doctor/target-health.ts';
import type { Session } from '../sessions/session.ts';

/** What went through one stage. */
export interface Flow {
  readonly in: number;
  readonly out: number;
  readonly lost: number;
  /** The minute in which something came in or went out last; null = not in this time. */
  readonly last_in: string | null;
  readonly last_out: string | null;
  /** The minutes of the first and the last loss. */
  readonly first_lost: string | null;
  readonly last_lost: string | null;
}

export interface SourceStatus {
  readonly network_interface_id: string;
  readonly instance_id: string | null;
  readonly availability_zone: string;
  readonly session_id: string | null;
  /** That AWS mirrored of its instance; null = CloudWatch knows nothing of it, or there is no instance. */
  readonly packets: number | null;
  /** That AWS left out, most often for want of bandwidth. */
  readonly skipped: number;
  readonly last_packet: string | null;
}

export interface StatusReport {
  readonly region: string;
  readonly since: string;
  readonly until: string;
  readonly sources: readonly SourceStatus[];
  readonly rebuilders: {
    readonly in_service: number;
    readonly wanted: number;
    readonly healthy: number | null;
    readonly reporting: boolean;
  };
  readonly packets: Flow;
  readonly requests: Flow;
  /** For native nodes; null = none was handed over. */
  readonly exchanges: Flow | null;
  readonly nodes: { readonly healthy: number; readonly registered: number } | null;
  readonly alarms: readonly string[];
}

/** CloudWatch has these of an instance once in five minutes, unless detailed monitoring is on. */
const SOURCE_PERIOD = 300;
/** Up to so long a minute is a datapoint. */
const BY_MINUTE_MS = 6 * 3_600_000;

/** What went through in the last `spanMs`, from the account's own words; changes nothing. */
export async function status(account: Account, description: Description, spanMs: number): Promise<StatusReport> {
  const facts = await readFacts(account, description);
  const toMs = Date.now();
  const fromMs = toMs - spanMs;
  // The minute that is not over counts too.
  const span = { fromMs, toMs: toMs + 60_000 };
  const [sources, counted] = await Promise.all([
    readSources(account, facts, { ...span, period: SOURCE_PERIOD }),
    readMetrics(account, counters(facts), { ...span, period: spanMs <= BY_MINUTE_MS ? 60 : SOURCE_PERIOD }),
  ]);
  const flow = (at: number): Flow => flowOf(counted[at] ?? [], counted[at + 1] ?? [], counted[at + 2] ?? []);
  const exchanges = flow(6);
  return {
    region: account.region,
    since: new Date(fromMs).toISOString(),
    until: new Date(toMs).toISOString(),
    sources,
    rebuilders: {
      in_service: (facts.group?.Instances ?? []).filter(({ LifecycleState: state }) => state === 'InService').length,
      wanted: facts.group?.DesiredCapacity ?? 0,
      healthy: facts.health.rebuilders === null ? null : healthyIds(facts.health.rebuilders).size,
      reporting: facts.agentDatapoints > 0,
    },
    packets: flow(0),
    requests: flow(3),
    exchanges: exchanges.in + exchanges.lost > 0 ? exchanges : null,
    nodes: nodesOf(facts),
    alarms: facts.alarms.flatMap(({ StateValue: state, AlarmName: name }) => (state === 'ALARM' ? (name ?? []) : [])),
  };
}

/** In, out and lost of packets, requests and exchanges. */
function counters({ rebuild }: Facts): Metric[] {
  return ['packets', 'requests', 'exchanges'].flatMap((unit) =>
    ['in', 'out', 'lost'].map((role) => ({
      namespace: rebuild.metrics_namespace,
      name: `rebuilder_${unit}_${role}_total`,
      dimensions: { deployment: rebuild.name_prefix },
      stat: 'Sum' as const,
    })),
  );
}

async function readSources(
  account: Account,
  { situation: { selection, plan } }: Facts,
  span: { readonly fromMs: number; readonly toMs: number; readonly period: number },
): Promise<SourceStatus[]> {
  const sessions = new Map<string, Session>(
    [...plan.keep, ...plan.elsewhere, ...plan.change.map(({ session }) => session)].map((one) => [
      one.networkInterfaceId,
      one,
    ]),
  );
  const metrics = selection.picked.flatMap(({ instance }) =>
    ['NetworkPacketsMirrorIn', 'NetworkPacketsSkipMirrorIn'].map(
      (name): Metric => ({
        namespace: 'AWS/EC2',
        name,
        dimensions: { InstanceId: instance?.id ?? '-' },
        stat: 'Sum',
      }),
    ),
  );
  const read = await readMetrics(account, metrics, span);
  return selection.picked.map(({ eni, instance }, i) => {
    const [mirrored = [], skipped = []] = read.slice(2 * i, 2 * i + 2);
    return {
      network_interface_id: eni.id,
      instance_id: instance?.id ?? null,
      availability_zone: eni.availabilityZone,
      session_id: sessions.get(eni.id)?.id ?? null,
      packets: mirrored.length === 0 ? null : sum(mirrored),
      skipped: sum(skipped),
      last_packet: last(mirrored),
    };
  });
}

const flowOf = (came: readonly Datapoint[], went: readonly Datapoint[], lost: readonly Datapoint[]): Flow => ({
  in: sum(came),
  out: sum(went),
  lost: sum(lost),
  last_in: last(came),
  last_out: last(went),
  first_lost: last(lost.toReversed()),
  last_lost: last(lost),
});

const sum = (points: readonly Datapoint[]): number => points.reduce((all, { value }) => all + value, 0);

function last(points: readonly Datapoint[]): string | null {
  const point = points.findLast(({ value }) => value > 0);
  return point === undefined ? null : new Date(point.timeMs).toISOString();
}

function nodesOf({ health }: Facts): StatusReport['nodes'] {
  const of = health.nodes ?? health.exchanges;
  return of === null ? null : { healthy: healthyIds(of).size, registered: withoutDraining(of).length };
}
