import type { Account } from '../aws/account.ts';
import { instances } from '../aws/instances.ts';
import { networkInterfaces } from '../aws/network-interfaces.ts';
import { found, idsOf, join, type Found } from './found.ts';
import type { Selectors } from './selectors.ts';

/** Tags of instances or of interfaces; an entry's tags must all match. */
export async function byTags(account: Account, entries: Selectors['by_tags']): Promise<Found> {
  return join(
    await Promise.all(
      Object.entries(entries).map(async ([key, { tags, resource }]) => {
        const filters = Object.entries(tags).map(([tag, value]) => ({ Name: `tag:${tag}`, Values: [value] }));
        if (resource === 'network-interface')
          return found({ networkInterfaces: new Map([[`by_tags ${key}`, await networkInterfaces(account, filters)]]) });
        const tagged = await instances(account, filters);
        return found({ instances: tagged, instanceIds: new Map([[`by_tags ${key}`, idsOf(tagged)]]) });
      }),
    ),
  );
}
