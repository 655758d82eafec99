import { DescribeNodegroupCommand, paginateListNodegroups } from '@aws-sdk/client-eks';
import type { Account } from '../aws/account.ts';
import { CallError } from '../aws/call-error.ts';
import { instances, type Instance } from '../aws/instances.ts';
import { UsageError } from '../usage-error.ts';
import { instancesOfGroups } from './by-asg.ts';
import { found, idsOf, join, type Found } from './found.ts';
import type { Selectors } from './selectors.ts';

type Cluster = Selectors['by_eks'][string];

/**
 * EKS: node groups -> Auto Scaling groups -> instances; with `nodes: all` also nodes that Karpenter or Auto Mode
 * started, by the cluster's tags.
 */
export async function byEks(account: Account, clusters: Selectors['by_eks']): Promise<Found> {
  return join(
    await Promise.all(
      Object.entries(clusters).map(async ([key, cluster]) => {
        const managed = await instancesOfGroups(account, await groupsOf(account, key, cluster));
        const nodes =
          cluster.nodes === 'all' ? [...managed, ...(await taggedNodes(account, cluster.cluster_name))] : managed;
        return found({ instances: nodes, instanceIds: new Map([[`by_eks ${key}`, idsOf(nodes)]]) });
      }),
    ),
  );
}

async function groupsOf(account: Account, key: string, cluster: Cluster): Promise<string[]> {
  const names: string[] = [...cluster.node_group_names];
  try {
    if (names.length === 0) {
      for await (const page of paginateListNodegroups({ client: account.eks }, { clusterName: cluster.cluster_name }))
        names.push(...(page.nodegroups ?? []));
    }
    const groups = await Promise.all(
      names.map(async (nodegroupName) => {
        const { nodegroup } = await account.eks.send(
          new DescribeNodegroupCommand({ clusterName: cluster.cluster_name, nodegroupName }),
        );
        return (nodegroup?.resources?.autoScalingGroups ?? []).flatMap(({ name }) => name ?? []);
      }),
    );
    return [...new Set(groups.flat())];
  } catch (error) {
    if (error instanceof CallError && error.code === 'ResourceNotFoundException') {
      throw new UsageError(
        `by_eks["${key}"]: ${error.message}: look at the names, and whether the cluster is in ${account.region}.`,
        { cause: error },
      );
    }
    throw error;
  }
}

/**
 * Karpenter and self-managed nodes carry kubernetes.io/cluster/NAME, Karpenter's and Auto Mode's eks:eks-cluster-name.
 */
async function taggedNodes(account: Account, cluster: string): Promise<Instance[]> {
  return [
    ...(await instances(account, [{ Name: `tag:kubernetes.io/cluster/${cluster}`, Values: ['owned', 'shared'] }])),
    ...(await instances(account, [{ Name: 'tag:eks:eks-cluster-name', Values: [cluster] }])),
  ];
}
