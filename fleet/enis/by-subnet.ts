import type { Account } from '../aws/account.ts';
import { networkInterfacesBy } from '../aws/network-interfaces.ts';
import { found, type Found } from './found.ts';

/** Subnets: whatever lives in them is found, and what is no instance's is refused by `reasonAgainst`. */
export async function bySubnet(account: Account, subnets: readonly string[]): Promise<Found> {
  const all = await networkInterfacesBy(account, 'subnet-id', subnets);
  return found({
    networkInterfaces: new Map(subnets.map((id) => [`by_subnet ${id}`, all.filter(({ subnetId }) => subnetId === id)])),
  });
}
