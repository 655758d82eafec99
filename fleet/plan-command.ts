import type { Account } from './aws/account.ts';
import { CallError } from './aws/call-error.ts';
import type { Failure } from './sessions/apply.ts';
import { rivalsSentence } from './sessions/ownership.ts';
import { dollars, monthlyCost, PRICES } from './sessions/cost.ts';
import { doubleViews } from './sessions/double-views.ts';
import type { Followed, Situation } from './sessions/follow.ts';
import { balancerZones, crossZoneShare } from './sessions/zones.ts';
import { table, wrap } from './terminal/table.ts';
import { UsageError } from './usage-error.ts';

/** What a plan would do, and what the result costs. */
interface PlanReport {
  readonly region: string;
  readonly add: readonly {
    readonly network_interface_id: string;
    readonly session_number: number;
    readonly why: string;
    readonly note: string | null;
  }[];
  readonly change: readonly { readonly id: string; readonly network_interface_id: string; readonly what: string }[];
  readonly remove: readonly { readonly id: string; readonly network_interface_id: string; readonly reason: string }[];
  readonly keep: readonly string[];
  /** Sessions of others, such as Terraform's, that do what one of ours would. */
  readonly elsewhere: readonly string[];
  readonly blocked: readonly { readonly network_interface_id: string; readonly reason: string }[];
  readonly warnings: readonly string[];
  readonly cost: {
    readonly price_table: string;
    /** Dollars a month of all sessions to this target, when applied. */
    readonly sessions_month: number;
    /** null: --gb-per-month says how much is mirrored. */
    readonly traffic_month: number | null;
    /** 0 to 1; null = the target is no Network Load Balancer of this account, or a warning says why it is not known. */
    readonly cross_zone_share: number | null;
  };
}

/** @param gigabytes mirrored in a month; null = not known */
export async function planReport(
  account: Account,
  situation: Situation,
  gigabytes: number | null,
): Promise<PlanReport> {
  const { plan, selection, mirror, settings } = situation;
  const arn = mirror.target.NetworkLoadBalancerArn;
  const share = arn === undefined ? null : await shareOf(account, arn, situation);
  const shareKnown = typeof share === 'string' ? null : share;
  const sessions = plan.add.length + plan.change.length + plan.keep.length + plan.elsewhere.length;
  const cost = monthlyCost(sessions, gigabytes === null ? null : { gigabytes, crossZoneShare: shareKnown ?? 0 });
  return {
    region: account.region,
    add: plan.add.map(({ picked: { eni, why, note }, sessionNumber }) => ({
      network_interface_id: eni.id,
      session_number: sessionNumber,
      why,
      note,
    })),
    change: plan.change.map(({ session, what }) => ({
      id: session.id,
      network_interface_id: session.networkInterfaceId,
      what,
    })),
    remove: plan.remove.map(({ session, reason }) => ({
      id: session.id,
      network_interface_id: session.networkInterfaceId,
      reason,
    })),
    keep: plan.keep.map(({ id }) => id),
    elsewhere: plan.elsewhere.map(({ id }) => id),
    blocked: plan.blocked.map(({ picked, reason }) => ({ network_interface_id: picked.eni.id, reason })),
    warnings: [
      ...(plan.rivals.length > 0 ? [rivalsSentence(plan.rivals, settings)] : []),
      ...selection.mistakes,
      ...selection.unmatched.map((entry) => `${entry} found nothing`),
      ...plan.warnings,
      ...doubleViews(selection.picked, mirror.filter),
      ...(typeof share === 'string' ? [share] : []),
    ],
    cost: {
      price_table: `${PRICES.date}, ${PRICES.region}`,
      sessions_month: cost.sessions,
      traffic_month: cost.traffic,
      cross_zone_share: shareKnown,
    },
  };
}

/** A sentence where it cannot be known: it is a figure of the plan, and no reason to write no session. */
async function shareOf(
  account: Account,
  arn: string,
  { selection: { picked }, targetGroup }: Situation,
): Promise<number | string | null> {
  try {
    return crossZoneShare(picked, await balancerZones(account, arn, targetGroup));
  } catch (error) {
    // A shared target's load balancer is in another account, and not for us to see.
    if (error instanceof CallError && /NotFound/.test(error.code)) return null;
    if (!(error instanceof CallError || error instanceof UsageError)) throw error;
    return `how much of the mirrored bytes crosses zones is not known: ${error.message}`;
  }
}

/** Rows shown of a kind; --json has them all. */
const ROWS = 40;

export function planText(report: PlanReport): string {
  const rows = [
    ...report.add.map((one) => [
      'add',
      one.network_interface_id,
      `number ${one.session_number}: ${one.why}${one.note === null ? '' : ` (${one.note})`}`,
    ]),
    ...report.change.map((one) => ['change', one.network_interface_id, `${one.id}: ${one.what}`]),
    ...report.remove.map((one) => ['remove', one.network_interface_id, `${one.id}: ${one.reason}`]),
    ...report.blocked.map((one) => ['cannot', one.network_interface_id, one.reason]),
  ];
  const shown = ['add', 'change', 'remove', 'cannot'].flatMap((what) => {
    const all = rows.filter(([kind]) => kind === what);
    return all.length > ROWS ? [...all.slice(0, ROWS), [what, `${all.length - ROWS} more`, 'see --json']] : all;
  });
  const { cost } = report;
  const crossing =
    cost.cross_zone_share === null
      ? ''
      : `; ${Math.round(cost.cross_zone_share * 100)} % of the mirrored bytes cross zones`;
  const traffic =
    cost.traffic_month === null
      ? ' (and by the mirrored bytes: --gb-per-month)'
      : ` and ${dollars(cost.traffic_month)} for the bytes`;
  return [
    shown.length === 0 ? 'Nothing to do.\n' : table(['', 'interface', ''], shown),
    ...report.warnings.flatMap((warning) => paragraph(`warning: ${warning}`)),
    '\n',
    ...paragraph(
      `${report.add.length} to add, ${report.change.length} to change, ${report.remove.length} to remove, ${report.keep.length} as they are, ${report.elsewhere.length} by others, ${report.blocked.length} cannot be mirrored.`,
    ),
    ...paragraph(
      `Then about ${dollars(cost.sessions_month)} a month for the sessions${traffic}${crossing}. List prices of ${cost.price_table}.`,
    ),
  ].join('');
}

export function followedText(followed: Followed): string {
  const row =
    (what: string) =>
      ({ networkInterfaceId, sentence }: Failure): string[] => [what, networkInterfaceId, sentence];
  const rows = [...followed.refusedByAws.map(row('AWS refuses')), ...followed.failed.map(row('failed'))];
  return [
    ...paragraph(
      `${followed.added.length} added, ${followed.changed.length} changed, ${followed.removed.length} removed${followed.stoppedBy === null ? '' : ', then stopped'}.`,
    ),
    ...(followed.untried.length === 0 ? [] : paragraph(`Not begun: ${untried(followed.untried)}.`)),
    rows.length === 0 ? '' : table(['', 'interface', ''], rows),
  ].join('');
}

/** `add eni-1, add eni-2 and 7 more` */
function untried(names: readonly string[]): string {
  const more = names.length - ROWS;
  return more > 0 ? `${names.slice(0, ROWS).join(', ')} and ${more} more` : names.join(', ');
}

const paragraph = (text: string): string[] => wrap(text, 80).map((line) => `${line}\n`);
