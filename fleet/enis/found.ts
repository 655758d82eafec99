import type { Instance } from '../aws/instances.ts';
import type { NetworkInterface } from '../aws/network-interfaces.ts';

/** What the entries of a profile found; an entry is a profile's name and the user's word, such as `by_asg shop`. */
export interface Found {
  readonly instanceIds: ReadonlyMap<string, readonly string[]>;
  readonly networkInterfaces: ReadonlyMap<string, readonly NetworkInterface[]>;
  /** Interfaces that belong to an AWS service and are wanted all the same. */
  readonly withoutInstance: ReadonlySet<string>;
  /** Instances that were read on the way, and need not be read again. */
  readonly instances: readonly Instance[];
}

export const found = (part: Partial<Found>): Found => ({
  instanceIds: part.instanceIds ?? new Map(),
  networkInterfaces: part.networkInterfaces ?? new Map(),
  withoutInstance: part.withoutInstance ?? new Set(),
  instances: part.instances ?? [],
});

export function join(parts: readonly Found[]): Found {
  return {
    instanceIds: new Map(parts.flatMap(({ instanceIds }) => [...instanceIds])),
    networkInterfaces: new Map(parts.flatMap(({ networkInterfaces }) => [...networkInterfaces])),
    withoutInstance: new Set(parts.flatMap(({ withoutInstance }) => [...withoutInstance])),
    instances: parts.flatMap(({ instances }) => instances),
  };
}

export const idsOf = (things: readonly { readonly id: string }[]): string[] => [...new Set(things.map(({ id }) => id))];
