import { isIP } from 'node:net';
import { z } from 'zod';

/** A set in Terraform is a list in JSON. */
const ids = (prefix: string, sentence: string) =>
  z.array(z.string().regex(new RegExp(`^${prefix}-[0-9a-f]+$`), sentence));
const instanceId = 'an instance id must look like "i-0123456789abcdef0".';
const interfaceId = 'an interface id must look like "eni-0123456789abcdef0".';

const eks = z.strictObject({
  cluster_name: z.string().min(1, 'must not be empty.'),
  node_group_names: z.array(z.string()).default([]),
  nodes: z.enum(['managed', 'all'], 'must be "managed" or "all".').default('managed'),
});

const elb = z
  .strictObject({
    name: z.string().min(1, 'must not be empty.'),
    type: z
      .enum(['classic', 'application', 'network'], 'must be "classic", "application" or "network".')
      .default('application'),
    mirror: z.enum(['targets', 'interfaces', 'both'], 'must be "targets", "interfaces" or "both".').default('targets'),
    // Only Terraform needs them: AWS is asked here for a load balancer's target groups.
    target_group_names: z.array(z.string()).default([]),
    target_instance_ids: z.array(z.string()).default([]),
    target_ips: z.array(z.string().refine((ip) => isIP(ip) !== 0, 'must be IP addresses.')).default([]),
  })
  .refine(
    ({ type, target_instance_ids: instances, target_ips: ips }) =>
      type !== 'classic' || instances.length + ips.length === 0,
    'target_instance_ids and target_ips are for application and network load balancers; a classic one is mirrored at its own interfaces.',
  );

const tags = z.strictObject({
  tags: z
    .record(z.string(), z.string())
    .refine(
      (all) => Object.keys(all).length > 0,
      'must not be empty, which would pick every interface of the account.',
    ),
  resource: z.enum(['instance', 'network-interface'], 'must be "instance" or "network-interface".').default('instance'),
});

/** The inputs of the Terraform module in enis/, by the same names; a test holds both equal. */
export const selectorsSchema = z.strictObject({
  by_asg: z.array(z.string().trim().min(1, 'the name of an Auto Scaling group must not be empty.')).default([]),
  by_eks: z.record(z.string(), eks).default({}),
  by_elb: z.record(z.string(), elb).default({}),
  by_instance: ids('i', instanceId).default([]),
  by_subnet: ids('subnet', 'a subnet id must look like "subnet-0123456789abcdef0".').default([]),
  by_tags: z.record(z.string(), tags).default({}),
  by_id: z.record(z.string(), z.string().regex(/^eni-[0-9a-f]+$/, interfaceId)).default({}),
  by_id_without_instance: z.record(z.string(), z.string().regex(/^eni-[0-9a-f]+$/, interfaceId)).default({}),
  vpc_id: z
    .string()
    .nullish()
    .transform((id) => id ?? null),
  primary_network_interface_only: z.boolean().default(false),
  excluded_network_interface_ids: ids('eni', interfaceId).default([]),
  excluded_instance_ids: ids('i', instanceId).default([]),
  excluded_tags: z.record(z.string(), z.array(z.string())).default({ 'vpc-mirror:role': [] }),
  treat_as_mirrorable: z
    .array(z.string().regex(/^[a-z0-9-]+$/, 'must be instance families, such as "m8g".'))
    .default([]),
});

/** Keys of an entry of each profile that has some. */
export const ENTRY_KEYS: Readonly<Record<string, readonly string[]>> = {
  by_eks: Object.keys(eks.shape),
  by_elb: Object.keys(elb.shape),
  by_tags: Object.keys(tags.shape),
};

export type Selectors = z.output<typeof selectorsSchema>;
