// What the stack builds is what examples/vpc-mirror builds: both planned against the same emulated account.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { App, Testing } from 'cdktn';
import { VpcMirrorStack, type VpcMirrorStackProps } from '../../cdktf/vpc-mirror-stack.ts';
import { emulatedAccount, provider } from '../terraform/lab.ts';
import { Workspace } from '../terraform/workspace.ts';

const PROPS: VpcMirrorStackProps = {
  region: 'us-east-1', vpcId: 'vpc-0a', privateSubnetIds: ['subnet-0a', 'subnet-0b'], interfaces: { byAsg: ['shop'] }, mirroredCidrs: ['10.0.0.0/16'],
  detection: { mirrorEndpoint: 'http://nodes.internal:8445' }, rebuild: { artifactFile: 'artifact.tar.gz' },
};

interface Synthesised {
  readonly module: Record<string, Record<string, unknown>>;
  readonly output: Record<string, unknown>;
}

const synthesise = (props: VpcMirrorStackProps): Synthesised => JSON.parse(Testing.synth(new VpcMirrorStack(Testing.app(), 'test', props)));

test('with an endpoint that exists there is no node, and no token is asked for', () => {
  const stack = synthesise(PROPS);
  assert.deepEqual(Object.keys(stack.module).sort(), ['enis', 'rebuild', 'sessions']);
  assert.equal(stack.module['rebuild']!['mirror_endpoint'], 'http://nodes.internal:8445');
  assert.ok(!('variable' in stack));
});

test('ports, and the VNI, which is the sessions\' and the rebuilders\'', () => {
  const { module } = synthesise({ ...PROPS, mirroredPorts: [80, '8080-8090'], ipv6Enabled: false, virtualNetworkId: 7, responsesMirrored: true });
  assert.deepEqual([module['sessions']!['ports'], module['sessions']!['ipv6_enabled']], [['80', '8080-8090'], false]);
  assert.equal(module['sessions']!['virtual_network_id'], 7);
  assert.deepEqual(module['rebuild']!['config'], { vni_filter: [7] });
  assert.equal(module['sessions']!['mirror_responses'], true);
  assert.equal(module['rebuild']!['responses_mirrored'], true);
});

test('every role has the path and the permissions boundary', () => {
  const boundary = 'arn:aws:iam::111122223333:policy/boundary';
  const { module } = synthesise({ ...PROPS, detection: { wallarm: {} }, iamPath: '/mirror/', iamPermissionsBoundaryArn: boundary });
  const of = (name: string): unknown[] => [module[name]!['iam_path'], module[name]!['iam_permissions_boundary_arn']];
  assert.deepEqual(['nodes', 'rebuild', 'sessions'].map(of), Array(3).fill(['/mirror/', boundary]));
});

test('native nodes get whole exchanges over TLS, and nothing else reaches them', () => {
  const { module } = synthesise({
    ...PROPS, detection: {
      native: { serverName: 'nodes.example.com', caPem: 'PEM', certificate: { secretArn: 'arn:c' }, tokenSecretArn: 'arn:t', installer: { url: 'https://x/aio.sh', sha256: 'ab' } },
    },
  });
  const { nodes, rebuild, sessions } = module;
  assert.deepEqual([nodes!['kind'], nodes!['certificate'], 'token' in nodes!], ['native', { secret_arn: 'arn:c' }, false]);
  assert.deepEqual(Object.keys(nodes!['source_security_group_ids'] as object), ['nlb', 'rebuilder']);
  assert.deepEqual(rebuild!['ext_proc'], { ca_pem: 'PEM', server_name: 'nodes.example.com', target_group_arn: '${module.nodes.ext_proc_target_group_arn}' });
  assert.deepEqual([rebuild!['detection_ports'], 'detection_target_group_arn' in rebuild!], [[5080, 8080], false]);
  assert.deepEqual([rebuild!['responses_mirrored'], sessions!['mirror_responses']], [true, true], 'a native node inspects responses');
});

test('with reconcile all sessions are the function\'s', () => {
  const { sessions } = synthesise({ ...PROPS, reconcile: { artifactFile: 'reconciler.zip', everyMinutes: 10 } }).module;
  assert.deepEqual(sessions!['network_interfaces'], {});
  assert.deepEqual(sessions!['reconcile'], { artifact_file: 'reconciler.zip', every_minutes: 10, interfaces: '${module.enis.selectors}' });
});

interface Same {
  readonly kind: string;
  readonly detection: (ids: Readonly<Record<string, string>>) => VpcMirrorStackProps['detection'];
  /** What the example is told to build the same. */
  readonly variables: (ids: Readonly<Record<string, string>>) => object;
}

const INSTALLER = { url: 'https://meganode.wallarm.com/native/aio-native-0.25.5.x86_64.sh', sha256: 'ab'.repeat(32) };
const PEM = '-----BEGIN CERTIFICATE-----\nof the authority\n-----END CERTIFICATE-----\n';

const SAME: readonly Same[] = [
  {
    kind: 'NGINX nodes',
    detection: () => ({ wallarm: { labels: { group: 'shop' } } }),
    variables: () => ({ token: 'secret-token', wallarm_labels: { group: 'shop' } }),
  },
  {
    kind: 'native nodes',
    detection: (ids) => ({
      native: {
        serverName: 'nodes.example.com', caPem: PEM, certificate: { secretArn: ids['certificate']! }, tokenSecretArn: ids['secret']!, installer: INSTALLER,
      },
    }),
    variables: (ids) => ({
      node: 'native', token_secret_arn: ids['secret'],
      native: { server_name: 'nodes.example.com', certificate_secret_arn: ids['certificate'], ca_file: 'ca.pem', installer: INSTALLER },
    }),
  },
];

test('the stack and examples/vpc-mirror plan the same resources', async (t) => {
  const account = await emulatedAccount(t);
  if (account === undefined) return;
  const { ids } = account;
  const [vpc, subnets] = [ids['vpc']!, [ids['subnet_targets']!, ids['subnet_nodes']!]];
  const planned = async (workspace: Workspace, variables: object): Promise<string[]> => {
    workspace.write('lab_override.tf', provider());
    workspace.write('artifact.tar.gz', 'stands in for the tarball');
    workspace.write('terraform.tfvars.json', JSON.stringify(variables));
    await workspace.init();
    // The example may do without nodes, so they are counted there.
    // What checks its variables together, types check in the stack.
    return (await workspace.plan()).filter(({ address }) => address !== 'terraform_data.inputs')
      .map(({ address, change }) => `${change.actions.join('+')} ${address.replace('module.nodes[0]', 'module.nodes')}`).sort();
  };

  for (const { kind, detection, variables } of SAME) {
    await t.test(kind, async (t) => {
      const example = new Workspace(t, 'examples/vpc-mirror', account);
      example.write('ca.pem', PEM);
      const expected = await planned(example, {
        region: 'us-east-1', artifact_file: 'artifact.tar.gz', vpc_id: vpc, private_subnet_ids: subnets, asg_names: ['shop'], mirrored_cidrs: ['10.0.0.0/16'],
        proxy_cidrs: ['10.0.0.0/24'], ...variables(ids),
      });
      assert.ok(expected.length > 40);

      const out = mkdtempSync(join(tmpdir(), 'cdktf-out-'));
      t.after(() => rmSync(out, { recursive: true, force: true }));
      const app = new App({ outdir: out });
      new VpcMirrorStack(app, 'vpc-mirror', {
        ...PROPS, vpcId: vpc, privateSubnetIds: subnets, proxyCidrs: ['10.0.0.0/24'], detection: detection(ids),
      });
      app.synth();
      const stack = new Workspace(t, 'cdktf.out/stacks/vpc-mirror', account);
      const written = readFileSync(join(out, 'stacks/vpc-mirror/cdk.tf.json'), 'utf8').replace(/("source": *")[^"]*?(?=(modules\/|enis"))/g, '$1../../../');
      const synthesised: { terraform: object; variable?: object } = JSON.parse(written);
      stack.write('cdk.tf.json', JSON.stringify({ ...synthesised, terraform: { ...synthesised.terraform, backend: undefined } }));
      assert.deepEqual(await planned(stack, 'variable' in synthesised ? { token: 'secret-token' } : {}), expected);
    });
  }
});
