import type { Instance } from '../aws/instances.ts';
import type { NetworkInterface } from '../aws/network-interfaces.ts';
import { familyOf, isBareMetal, MIRRORABLE_LIST, mirrorability } from './mirrorable.ts';
import type { Selectors } from './selectors.ts';

export const REQUESTER_MANAGED_NOTE =
  'belongs to an AWS service: AWS\'s pages disagree on whether it mirrors such interfaces: tried';

const list = `list of ${MIRRORABLE_LIST.date}, ${MIRRORABLE_LIST.source}`;

/**
 * Why an interface that a profile found is left out, the first reason that holds; null = it is picked. The sentences
 * are those of enis/main.tf.
 */
export function reasonAgainst(
  eni: NetworkInterface,
  instance: Instance | undefined,
  selectors: Selectors,
  isWantedWithoutInstance: boolean,
): string | null {
  const excluding = excludingTag(eni.tags, selectors);
  const excludingInstance = instance === undefined ? undefined : excludingTag(instance.tags, selectors);
  const type = instance?.instanceType ?? '';
  if (selectors.excluded_network_interface_ids.includes(eni.id)) return 'excluded by its id';
  if (selectors.excluded_instance_ids.includes(eni.instanceId)) return `excluded by its instance ${eni.instanceId}`;
  if (excluding !== undefined) return `excluded by its tag ${excluding}`;
  if (excludingInstance !== undefined)
    return `excluded by the tag ${excludingInstance} of its instance ${eni.instanceId}`;
  if (eni.interfaceType !== 'interface')
    return `AWS mirrors interfaces of type interface only, and this is ${eni.interfaceType}`;
  if (!eni.isAttached) return 'attached to nothing';
  if (instance?.state === 'shutting-down') return `its instance ${eni.instanceId} is shutting down`;
  if (eni.instanceId === '' && !isWantedWithoutInstance) {
    return `attached to no instance of yours but to ${eni.instanceOwnerId} (${eni.description}): mirror what stands behind it, or try it with by_id_without_instance`;
  }
  if (eni.privateIp === '') return 'no IPv4 address: AWS does not mirror in IPv6-only subnets';
  if (selectors.primary_network_interface_only && eni.deviceIndex !== 0)
    return `not the primary interface of ${eni.instanceId} (device index ${eni.deviceIndex})`;
  if (isBareMetal(type)) return `AWS does not mirror bare metal: its instance ${eni.instanceId} is of type ${type}`;
  if (mirrorability(type) === 'no' && !selectors.treat_as_mirrorable.includes(familyOf(type))) {
    return `AWS does not mirror instances of type ${type}, such as its ${eni.instanceId} (${list})`;
  }
  return null;
}

/** What is said of an interface that AWS's own pages do not answer for. */
export function noteOn(eni: NetworkInterface, instance: Instance | undefined, selectors: Selectors): string | null {
  if (eni.instanceId === '') return REQUESTER_MANAGED_NOTE;
  const type = instance?.instanceType ?? '';
  if (mirrorability(type) === 'yes') return null;
  return selectors.treat_as_mirrorable.includes(familyOf(type))
    ? `instance type ${type} is tried, because treat_as_mirrorable says so`
    : `instance type ${type} is not in the list of ${MIRRORABLE_LIST.date}: tried`;
}

/** `by_id` is explicit: what would be refused is a mistake there. All of them, in the sentences of enis/by_id.tf. */
export function mistakesOf(
  key: string,
  eni: NetworkInterface,
  instance: Instance | undefined,
  selectors: Selectors,
): string[] {
  const keys = Object.keys(selectors.excluded_tags).sort().join(', ');
  const excluded = `excluded, by its id or by a tag (${keys}). Mirroring a rebuilder or a node would mirror the mirror: take the entry out.`;
  const type = instance?.instanceType ?? '';
  const mistakes: string[] = [];
  const check = (isRight: boolean, sentence: string): void =>
    void (isRight || mistakes.push(`by_id["${key}"]: ${sentence}`));
  check(
    !selectors.excluded_network_interface_ids.includes(eni.id) && excludingTag(eni.tags, selectors) === undefined,
    `${eni.id} is ${excluded}`,
  );
  check(
    eni.interfaceType === 'interface',
    `AWS mirrors interfaces of type interface only, and ${eni.id} is of type ${eni.interfaceType}.`,
  );
  check(
    eni.instanceId !== '',
    `${eni.id} is attached to no instance, so there is nothing to mirror. Attach it first, or, if it belongs to an AWS service and you want to try, name it in by_id_without_instance.`,
  );
  check(eni.privateIp !== '', `${eni.id} has no IPv4 address: AWS does not mirror in IPv6-only subnets.`);
  if (instance === undefined) return mistakes;
  check(
    instance.state !== 'shutting-down',
    `the instance ${instance.id} of ${eni.id} is shutting down, and the interface goes with it: take the entry out.`,
  );
  check(
    !selectors.excluded_instance_ids.includes(instance.id) && excludingTag(instance.tags, selectors) === undefined,
    `the instance ${instance.id} of ${eni.id} is ${excluded}`,
  );
  const isRefused =
    isBareMetal(type) || (mirrorability(type) === 'no' && !selectors.treat_as_mirrorable.includes(familyOf(type)));
  check(!isRefused, `AWS does not mirror ${eni.id}, because its instance ${instance.id} is of type ${type} (${list}).`);
  return mistakes;
}

/** The first of its tags, in the order of the keys, that excludes: `app = shop`. */
function excludingTag(tags: ReadonlyMap<string, string>, { excluded_tags: excluded }: Selectors): string | undefined {
  for (const key of [...tags.keys()].sort()) {
    const values = Object.getOwnPropertyDescriptor(excluded, key)?.value as readonly string[] | undefined;
    const value = tags.get(key) ?? '';
    if (values !== undefined && (values.length === 0 || values.includes(value))) return `${key} = ${value}`;
  }
  return undefined;
}
