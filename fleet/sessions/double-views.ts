import type { TrafficMirrorFilter } from '@aws-sdk/client-ec2';
import type { Picked } from '../enis/selection.ts';
import { accepts, namedPorts } from './filter-rules.ts';

/** A port of a client, for asking a filter. */
const CLIENT_PORT = 40_000;

/**
 * Requests that would be seen twice. The client's interface and the server's are both picked, and the filter takes a
 * request where it leaves as well as where it arrives; or a load balancer's own interface is picked beside its targets.
 * One sentence each.
 */
export function doubleViews(picked: readonly Picked[], filter: TrafficMirrorFilter): string[] {
  const sentences: string[] = [];
  const balancers = picked.filter(({ eni }) => eni.instanceOwnerId === 'amazon-elb');
  const [balancer] = balancers;
  if (balancer !== undefined && balancers.length < picked.length) {
    sentences.push(
      `${balancer.eni.id} is a load balancer's (${balancer.eni.description}), and interfaces behind it are picked too: each request may be seen at both; by_elb with mirror = targets sees it once`,
    );
  }
  const pair = pairSeenTwice(picked, filter);
  if (pair !== null) {
    const { client, server, port } = pair;
    sentences.push(
      `a request of ${client} to port ${port} of ${server} is mirrored where it leaves and where it arrives: both are picked, and an egress rule takes what an ingress rule takes (the rebuilders drop the second copy, but both are paid for)`,
    );
  }
  return sentences;
}

/** Rules look at addresses: any client will do for a server, so one other interface is asked for each. */
function pairSeenTwice(
  picked: readonly Picked[],
  filter: TrafficMirrorFilter,
): { client: string; server: string; port: number } | null {
  const ports = namedPorts(filter, 'ingress');
  for (const [i, { eni: server }] of picked.entries()) {
    const client = picked[(i + 1) % picked.length]?.eni;
    if (client === undefined || client.id === server.id) continue;
    for (const port of ports) {
      const packet = {
        protocol: 6,
        source: client.privateIp,
        sourcePort: CLIENT_PORT,
        destination: server.privateIp,
        destinationPort: port,
      };
      if (accepts(filter, { ...packet, direction: 'egress' }) && accepts(filter, { ...packet, direction: 'ingress' })) {
        return { client: client.id, server: server.id, port };
      }
    }
  }
  return null;
}
