import type { Account } from '../aws/account.ts';
import { instancesWithIds, type Instance } from '../aws/instances.ts';
import { networkInterfacesBy, type NetworkInterface } from '../aws/network-interfaces.ts';
import { byAsg } from './by-asg.ts';
import { byEks } from './by-eks.ts';
import { byElb } from './by-elb.ts';
import { bySubnet } from './by-subnet.ts';
import { byTags } from './by-tags.ts';
import { found, join } from './found.ts';
import { mistakesOf, noteOn, reasonAgainst, REQUESTER_MANAGED_NOTE } from './reason.ts';
import type { Selectors } from './selectors.ts';

export interface Picked {
  /** Its id, or the caller's word for `by_id`. */
  readonly key: string;
  readonly eni: NetworkInterface;
  /** undefined = it belongs to no instance of this account. */
  readonly instance: Instance | undefined;
  /** The entries that picked it: `by_asg shop, by_elb api`. */
  readonly why: string;
  /** What AWS's pages do not answer for; null = nothing. */
  readonly note: string | null;
}

interface Refused {
  readonly eni: NetworkInterface;
  readonly instance: Instance | undefined;
  readonly reason: string;
}

/**
 * What the selectors pick of an account, and what they leave out and why: the same as the Terraform module in enis/.
 */
export interface Selection {
  readonly picked: readonly Picked[];
  readonly refused: readonly Refused[];
  /** Entries that found no interface at all, such as `by_asg shop`. */
  readonly unmatched: readonly string[];
  /** Sentences about entries of `by_id` that cannot be mirrored. */
  readonly mistakes: readonly string[];
}

export async function select(account: Account, selectors: Selectors): Promise<Selection> {
  const named = found({ instanceIds: new Map(selectors.by_instance.map((id) => [`by_instance ${id}`, [id]])) });
  const all = join([
    named,
    ...(await Promise.all([
      byAsg(account, selectors.by_asg),
      byEks(account, selectors.by_eks),
      byElb(account, selectors.by_elb),
      bySubnet(account, selectors.by_subnet),
      byTags(account, selectors.by_tags),
    ])),
  ]);
  const givenIds = [...Object.values(selectors.by_id), ...Object.values(selectors.by_id_without_instance)];
  const [ofInstances, given] = await Promise.all([
    networkInterfacesBy(account, 'attachment.instance-id', [...all.instanceIds.values()].flat()),
    networkInterfacesBy(account, 'network-interface-id', givenIds),
  ]);
  const byId = new Map([...all.networkInterfaces.values(), ofInstances].flat().map((eni) => [eni.id, eni]));
  const enis = [...byId.values()]
    .filter(({ vpcId }) => selectors.vpc_id === null || vpcId === selectors.vpc_id)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const instances = await instancesOf(account, [...enis, ...given], all.instances);
  const explicit = pickById(selectors, new Map(given.map((eni) => [eni.id, eni])), instances);

  const whyOf = reasonsToPick(all);
  const picked: Picked[] = [...explicit.picked];
  const refused: Refused[] = [];
  const matched = new Set<string>();
  for (const eni of enis) {
    const entries = whyOf(eni);
    for (const entry of entries) matched.add(entry);
    const instance = instances.get(eni.instanceId);
    const why = entries.join(', ');
    const reason = reasonAgainst(eni, instance, selectors, all.withoutInstance.has(eni.id));
    if (reason !== null) refused.push({ eni, instance, reason: `${why}: ${reason}` });
    // An interface that by_id names keeps the caller's word as its key, whoever else found it.
    else if (!givenIds.includes(eni.id))
      picked.push({ key: eni.id, eni, instance, why, note: noteOn(eni, instance, selectors) });
  }
  return {
    picked: picked.sort((a, b) => (a.key < b.key ? -1 : 1)),
    refused,
    unmatched: [...new Set([...all.instanceIds.keys(), ...all.networkInterfaces.keys()])]
      .filter((entry) => !matched.has(entry))
      .sort(),
    mistakes: explicit.mistakes,
  };
}

function reasonsToPick({
  instanceIds,
  networkInterfaces,
}: ReturnType<typeof found>): (eni: NetworkInterface) => string[] {
  const entries = new Map<string, Set<string>>();
  const add = (id: string, entry: string): void => void entries.set(id, (entries.get(id) ?? new Set()).add(entry));
  for (const [entry, ids] of instanceIds) for (const id of ids) add(id, entry);
  for (const [entry, enis] of networkInterfaces) for (const { id } of enis) add(id, entry);
  return (eni) =>
    [
      ...new Set([
        ...(entries.get(eni.id) ?? []),
        ...(eni.instanceId === '' ? [] : (entries.get(eni.instanceId) ?? [])),
      ]),
    ].sort();
}

async function instancesOf(
  account: Account,
  enis: readonly NetworkInterface[],
  known: readonly Instance[],
): Promise<ReadonlyMap<string, Instance>> {
  const byId = new Map(known.map((instance) => [instance.id, instance]));
  const missing = enis.map(({ instanceId }) => instanceId).filter((id) => id !== '' && !byId.has(id));
  for (const instance of await instancesWithIds(account, missing)) byId.set(instance.id, instance);
  return byId;
}

function pickById(
  selectors: Selectors,
  enis: ReadonlyMap<string, NetworkInterface>,
  instances: ReadonlyMap<string, Instance>,
): { picked: Picked[]; mistakes: string[] } {
  const picked: Picked[] = [];
  const mistakes: string[] = [];
  for (const [key, id] of Object.entries(selectors.by_id)) {
    const eni = enis.get(id);
    const instance = instances.get(eni?.instanceId ?? '');
    const wrong =
      eni === undefined
        ? [`by_id["${key}"]: there is no interface ${id} in this account and region.`]
        : mistakesOf(key, eni, instance, selectors);
    mistakes.push(...wrong);
    if (eni !== undefined && wrong.length === 0)
      picked.push({ key, eni, instance, why: `by_id ${key}`, note: noteOn(eni, instance, selectors) });
  }
  for (const [key, id] of Object.entries(selectors.by_id_without_instance)) {
    const eni = enis.get(id);
    if (eni === undefined)
      mistakes.push(`by_id_without_instance["${key}"]: there is no interface ${id} in this account and region.`);
    else
      picked.push({
        key,
        eni,
        instance: instances.get(eni.instanceId),
        why: `by_id_without_instance ${key}`,
        note: REQUESTER_MANAGED_NOTE,
      });
  }
  return { picked, mistakes };
}
