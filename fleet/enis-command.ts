import assert from 'node:assert/strict';
import type { Account } from './aws/account.ts';
import { MIRRORABLE_LIST } from './enis/mirrorable.ts';
import { select, type Selection } from './enis/selection.ts';
import type { Selectors } from './enis/selectors.ts';
import type { Instance } from './aws/instances.ts';
import type { NetworkInterface } from './aws/network-interfaces.ts';
import { readSessions, type Session } from './sessions/session.ts';
import { table } from './terminal/table.ts';
import { groupBy } from './group-by.ts';
import { UsageError } from './usage-error.ts';

interface Candidate {
  readonly instance_id: string | null;
  readonly instance_type: string | null;
  /** Sessions of a stopped instance bill on. */
  readonly instance_state: string | null;
  readonly availability_zone: string;
  readonly private_ip: string;
  readonly interface_type: string;
  readonly sessions: readonly {
    readonly id: string;
    readonly session_number: number;
    readonly target: string;
    readonly owner: string | null;
  }[];
}

/** The outputs of the Terraform module in enis/, by the same names, and what is known of each interface. */
interface EnisReport {
  readonly region: string;
  readonly network_interfaces: Readonly<
    Record<string, { readonly network_interface_id: string; readonly why: string; readonly note: string | null }>
  >;
  readonly refused: Readonly<Record<string, string>>;
  readonly unmatched: readonly string[];
  readonly mirrorable_list_date: string;
  readonly candidates: Readonly<Record<string, Candidate>>;
}

/** Throws a UsageError if `by_id` names what cannot be mirrored, or if no entry finds anything at all. */
export async function listEnis(account: Account, selectors: Selectors): Promise<EnisReport> {
  const [selection, sessions] = await Promise.all([select(account, selectors), readSessions(account)]);
  if (selection.mistakes.length > 0) throw new UsageError(selection.mistakes.join('\n'));
  return report(account.region, selection, sessions);
}

function report(region: string, { picked, refused, unmatched }: Selection, sessions: readonly Session[]): EnisReport {
  const byInterface = groupBy(sessions, ({ networkInterfaceId }) => networkInterfaceId);
  const candidate = ({
    eni,
    instance,
  }: {
    eni: NetworkInterface;
    instance: Instance | undefined;
  }): [string, Candidate] => [
    eni.id,
    {
      instance_id: instance?.id ?? null,
      instance_type: instance?.instanceType ?? null,
      instance_state: instance?.state ?? null,
      availability_zone: eni.availabilityZone,
      private_ip: eni.privateIp,
      interface_type: eni.interfaceType,
      sessions: (byInterface.get(eni.id) ?? []).map((one) => ({
        id: one.id,
        session_number: one.sessionNumber,
        target: one.targetId,
        owner: one.owner,
      })),
    },
  ];
  return {
    region,
    network_interfaces: Object.fromEntries(
      picked.map(({ key, eni, why, note }) => [key, { network_interface_id: eni.id, why, note }]),
    ),
    refused: Object.fromEntries(refused.map(({ eni, reason }) => [eni.id, reason])),
    unmatched,
    mirrorable_list_date: MIRRORABLE_LIST.date,
    candidates: Object.fromEntries([...picked, ...refused].map(candidate)),
  };
}

/** For people: 80 columns, what is mirrored first. */
export function enisText(report: EnisReport): string {
  const row = (id: string): string[] => {
    const one = report.candidates[id];
    assert(one !== undefined, `${id} is no candidate`);
    const stopped =
      one.instance_state === 'stopped' || one.instance_state === 'stopping' ? ` (${one.instance_state})` : '';
    return [
      id,
      `${one.instance_type ?? one.interface_type}${stopped}`,
      one.availability_zone,
      String(one.sessions.length),
    ];
  };
  const head = ['interface', 'type', 'zone', 'sessions'];
  const picked = Object.values(report.network_interfaces);
  const refused = Object.entries(report.refused);
  const stopped = Object.values(report.candidates).filter(
    (one) => one.instance_state === 'stopped' && one.sessions.length > 0,
  ).length;
  return [
    picked.length === 0
      ? 'No interface is picked.\n'
      : table(
          [...head, 'picked by'],
          picked.map(({ network_interface_id: id, why, note }) => [
            ...row(id),
            note === null ? why : `${why} (${note})`,
          ]),
        ),
    refused.length === 0
      ? ''
      : `\n${table(
        [...head, 'left out because'],
        refused.map(([id, reason]) => [...row(id), reason]),
      )}`,
    report.unmatched.length === 0 ? '' : `\nFound nothing in ${report.region}: ${report.unmatched.join(', ')}\n`,
    stopped === 0
      ? ''
      : `\n${stopped === 1 ? '1 stopped instance has sessions, which bill' : `${stopped} stopped instances have sessions, which bill`} on.\n`,
  ].join('');
}
