// Which interfaces each profile picks and refuses in a described account (account.py), each with a mirror of its own,
// by the released provider.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { description, vpcMirror } from '../fleet/vpc-mirror.ts';
import { emulatedAccount, provider } from './lab.ts';
import { Workspace } from './workspace.ts';

interface Case {
  /** Arguments of the enis module, HCL; `var.ids` are the ids of the account. */
  readonly profile: string;
  /** Of its sessions: they differ where profiles meet on an interface. */
  readonly sessionNumber?: number;
  /** Word of the interface in account.py, and the profile entries that picked it. */
  readonly picked: Readonly<Record<string, string>>;
  /** Word of the interface, and a part of the reason. */
  readonly refused?: Readonly<Record<string, string>>;
  readonly unmatched?: readonly string[];
  /** Words of the interfaces that are tried though AWS's list does not name them. */
  readonly tried?: readonly string[];
}

const MIXED_REFUSED = {
  rebuilders_0: 'excluded by the tag vpc-mirror:role = rebuilder of its instance i-',
  legacy: 'AWS does not mirror instances of type t2.micro',
  graviton4: 'AWS does not mirror instances of type m8g.large',
  metal: 'AWS does not mirror bare metal',
  nat: 'AWS mirrors interfaces of type interface only, and this is nat_gateway',
  lambda: 'AWS mirrors interfaces of type interface only, and this is lambda',
  alb: 'attached to no instance of yours but to amazon-elb (ELB app/shop/0123456789abcdef)',
  idle: 'attached to nothing',
};

const CASES: Readonly<Record<string, Case>> = {
  by_asg: {
    profile: 'by_asg = ["shop", "nobody"]', sessionNumber: 1,
    picked: { shop_0: 'by_asg shop', shop_1: 'by_asg shop' }, unmatched: ['by_asg nobody'],
  },
  by_eks: {
    profile: 'by_eks = { prod = { cluster_name = "prod" }, blue = { cluster_name = "prod", node_group_names = ["blue"] } }', sessionNumber: 1,
    picked: { blue_0: 'by_eks blue, by_eks prod', green_0: 'by_eks prod' },
  },
  by_elb: {
    profile: `by_elb = {
      alb   = { name = "shop", target_group_names = ["shop"] }
      nlb   = { name = "edge", type = "network", target_ips = [var.ids.ip_target] }
      old   = { name = "old-shop", type = "classic" }
      empty = { name = "spare", type = "network" }
    }`, sessionNumber: 2,
    picked: { shop_0: 'by_elb alb', shop_1: 'by_elb alb', target: 'by_elb nlb', classic: 'by_elb old' }, unmatched: ['by_elb empty'], tried: ['classic'],
  },
  by_instance: {
    profile: 'by_instance = [var.ids.instance_web, var.ids.instance_legacy]', sessionNumber: 1,
    picked: { web: 'by_instance {instance_web}', web_second: 'by_instance {instance_web}' }, refused: { legacy: 'type t2.micro' },
  },
  by_subnet: {
    profile: 'by_subnet = [var.ids.subnet_mixed]', sessionNumber: 2,
    picked: { web: 'by_subnet {subnet_mixed}', web_second: 'by_subnet {subnet_mixed}' }, refused: MIXED_REFUSED,
  },
  by_tags: {
    profile: `by_tags = {
      shop    = { tags = { app = "shop" } }
      marked  = { tags = { mirror = "yes" }, resource = "network-interface" }
      nothing = { tags = { app = "web", team = "search" } }
    }`, sessionNumber: 3,
    picked: { shop_0: 'by_tags shop', shop_1: 'by_tags shop', web_second: 'by_tags marked' }, unmatched: ['by_tags nothing'],
  },
  by_id: {
    profile: 'by_id = { front = var.ids.eni_web }', sessionNumber: 3,
    picked: { web: 'by_id front' },
  },
  // Several profiles in one call, without a mirror of their own.
  union: {
    profile: `by_asg = ["shop"]
    by_elb      = { alb = { name = "shop", target_instance_ids = [var.ids.instance_new] } }
    by_instance = [var.ids.instance_shop_0]
    by_id       = { second = var.ids.eni_shop_1 }`,
    picked: { shop_0: 'by_asg shop, by_elb alb, by_instance {instance_shop_0}', shop_1: 'by_id second', new: 'by_elb alb' }, tried: ['new'],
  },
  exclusions: {
    profile: `by_subnet = [var.ids.subnet_apps, var.ids.subnet_mixed]
    excluded_tags                  = { "vpc-mirror:role" = ["node", "rebuilder"], app = ["shop"], team = [] }
    excluded_network_interface_ids = [var.ids.eni_scaled_0]
    excluded_instance_ids          = [var.ids.instance_metal]`,
    picked: {},
    refused: {
      ...MIXED_REFUSED, metal: 'excluded by its instance i-', classic: 'attached to no instance of yours but to amazon-elb', scaled_0: 'excluded by its id',
      shop_0: 'excluded by the tag app = shop of its instance i-', shop_1: 'excluded by the tag app = shop', web: 'excluded by the tag team = payments',
      web_second: 'excluded by the tag team = payments of its instance i-',
    },
  },
  // Karpenter and Auto Mode start nodes that are in no node group.
  eks_all: {
    profile: 'by_eks = { prod = { cluster_name = "prod", nodes = "all" } }',
    picked: { blue_0: 'by_eks prod', green_0: 'by_eks prod', karpenter: 'by_eks prod', automode: 'by_eks prod' },
  },
  elb_both: {
    profile: `by_elb = {
      both = { name = "shop", mirror = "both" }
      own  = { name = "shop", mirror = "interfaces", target_ips = [var.ids.ip_target] }
    }`,
    picked: { shop_0: 'by_elb both', shop_1: 'by_elb both', balancer: 'by_elb both, by_elb own' }, tried: ['balancer'],
  },
  treated_as_mirrorable: {
    profile: 'by_instance = [var.ids.instance_legacy, var.ids.instance_graviton4]\n    treat_as_mirrorable = ["m8g"]',
    picked: { graviton4: 'by_instance {instance_graviton4}' }, refused: { legacy: 'type t2.micro' }, tried: ['graviton4'],
  },
  primary: {
    profile: 'by_instance = [var.ids.instance_web]\n    primary_network_interface_only = true',
    picked: { web: 'by_instance {instance_web}' }, refused: { web_second: 'not the primary interface of i-' },
  },
  elsewhere: {
    profile: 'by_asg = ["shop"]\n    vpc_id = "vpc-0123456789abcdef0"', picked: {}, unmatched: ['by_asg shop'],
  },
};

interface Outputs {
  readonly network_interfaces: Readonly<Record<string, {
    network_interface_id: string;
    why: string;
    note: string | null;
  }>>;
  readonly refused: Readonly<Record<string, string>>;
  readonly unmatched: readonly string[];
  readonly unchecked_target_groups: readonly string[];
  readonly mirrorable_list_date: string;
  readonly selectors: unknown;
}

const isOutputs = (value: unknown): value is Outputs => typeof value === 'object' && value !== null && 'refused' in value;

const MIRRORED = Object.entries(CASES).filter(([, { sessionNumber }]) => sessionNumber !== undefined);

test('each profile picks, refuses and explains; its mirror is made, stays as it is, and goes', async (t) => {
  // The interface of a Classic Load Balancer is attached to no instance: whether AWS takes it is for its API to say.
  const account = await emulatedAccount(t, { TM_ALLOW_UNATTACHED: '1' });
  if (account === undefined) return;
  const { ids } = account;
  const workspace = new Workspace(t, 'test/root', account);
  workspace.write('terraform.tfvars.json', JSON.stringify({ ids }));
  workspace.write('main.tf', `${provider()}\nvariable "ids" { type = map(string) }\n`);
  for (const [name, { profile, sessionNumber }] of Object.entries(CASES)) {
    workspace.write(`${name}.tf`, `module "${name}" {\n  source = "../../enis"\n  ${profile}\n}\noutput "${name}" { value = module.${name} }\n`);
    if (sessionNumber === undefined) continue;
    // Load balancers take one mirror target each: the first profile makes it.
    const target = name === 'by_asg' ? `network_load_balancer_arn = var.ids.lb_mirror` :
      'create_target = false\n  traffic_mirror_target_id = module.sessions_by_asg.traffic_mirror_target_id';
    workspace.write(`${name}_sessions.tf`, `module "sessions_${name}" {
  source             = "../../modules/vpc-mirror-sessions"
  network_interfaces = module.${name}.network_interfaces
  session_number     = ${sessionNumber}
  ${target}
}
`);
  }
  await workspace.init();
  await workspace.apply();

  const words = new Map(Object.entries(ids).filter(([word]) => word.startsWith('eni_')).map(([word, id]) => [id, word.slice('eni_'.length)]));
  const word = (id: string): string => words.get(id) ?? id;
  const outputs = await workspace.outputs();
  for (const [name, expected] of Object.entries(CASES)) {
    await t.test(name, () => {
      const output = outputs[name];
      assert.ok(isOutputs(output));
      const picked = Object.values(output.network_interfaces);
      const why = Object.fromEntries(Object.entries(expected.picked).map(([key, text]) => [key, text.replace(/\{(\w+)\}/g, (_, id: string) => ids[id] ?? '')]));
      assert.deepEqual(Object.fromEntries(picked.map((eni) => [word(eni.network_interface_id), eni.why])), why);
      assert.deepEqual(
        picked.filter(({ note }) => note !== null).map((eni) => word(eni.network_interface_id)), expected.tried ?? [],
      );
      const refused = Object.fromEntries(Object.entries(output.refused).map(([id, reason]) => [word(id), reason]));
      assert.deepEqual(Object.keys(refused).sort(), Object.keys(expected.refused ?? {}).sort());
      for (const [key, reason] of Object.entries(expected.refused ?? {})) assert.ok(refused[key]?.includes(reason), `${key}: ${refused[key]}`);
      assert.deepEqual(output.unmatched, expected.unmatched ?? []);
    });
  }

  for (const name of Object.keys(CASES)) {
    await t.test(`vpc-mirror enis picks and refuses the same: ${name}`, async () => {
      const output = outputs[name];
      assert.ok(isOutputs(output));
      // Terraform writes what the command reads.
      const said = await vpcMirror(account.endpoint, ['enis', '--json', '-c', description(t, { interfaces: output.selectors })]);
      assert.equal(said.status, Object.keys(output.network_interfaces).length === 0 ? 2 : 0, said.stderr);
      const { network_interfaces, refused, unmatched, mirrorable_list_date }: Outputs = JSON.parse(said.stdout);
      assert.deepEqual({ ...output, network_interfaces, refused, unmatched, mirrorable_list_date }, output);
    });
  }

  await t.test('a target group that is gone, and that an unrelated Auto Scaling group still names, is told and breaks nothing', () => {
    const output = outputs['by_elb'];
    assert.ok(isOutputs(output));
    assert.deepEqual(output.unchecked_target_groups, [`${ids['target_group_gone']} of the Auto Scaling group unrelated`]);
  });

  await t.test('by_id keeps the word of its caller as the key', () => {
    for (const [name, key] of [['by_id', 'front'], ['union', 'second']] as const) {
      const output = outputs[name];
      assert.ok(isOutputs(output) && key in output.network_interfaces);
    }
  });

  await t.test('every picked interface has its session', async () => {
    const sessions = (await account.left('sessions'))['sessions'] ?? [];
    assert.equal(sessions.length, MIRRORED.reduce((sum, [, { picked }]) => sum + Object.keys(picked).length, 0));
  });

  await t.test('a second plan changes nothing', async () => assert.deepEqual(await workspace.plan(), []));

  await t.test('destroy leaves nothing', async () => {
    await workspace.destroy();
    const left = await account.left('sessions', 'filters', 'targets');
    assert.deepEqual([left['sessions'], left['filters'], left['targets']], [[], [], []]);
  });
});
