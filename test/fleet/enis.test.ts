// `vpc-mirror enis` for people: mistakes, rights, regions. That it picks and refuses what Terraform does is in
// test/terraform/profiles.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatedAws } from '../terraform/lab.ts';
import { file as textFile } from '../command-line.ts';
import { Proxy } from './proxy.ts';
import { description, vpcMirror } from './vpc-mirror.ts';

test('vpc-mirror enis', async (t) => {
  const account = await emulatedAws(t);
  if (account === undefined) return;
  const { ids } = account;
  const proxy = await Proxy.start(t, account.endpoint);
  const enis = (interfaces: object, args: readonly string[] = [], env = {}, more = {}): ReturnType<typeof vpcMirror> =>
    vpcMirror(proxy.endpoint, ['enis', '-c', description(t, { interfaces, ...more }), ...args], env);

  await t.test('lists at 80 columns what is picked and what is left out, and why', async () => {
    const { status, stdout } = await enis({ by_subnet: [ids['subnet_mixed']], by_asg: ['nobody'] });
    assert.equal(status, 0);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80 || !line.slice(80).includes(' '), line);
    assert.match(stdout, new RegExp(`^${ids['eni_web']} +c7g\\.large +us-east-1b +0 +by_subnet`, 'm'));
    assert.match(stdout, /^interface +type +zone +sessions +left out because$/m);
    assert.match(stdout, /Found nothing in us-east-1: by_asg nobody/);
  });

  await t.test('a stopped instance is told apart', async () => {
    await account.stop(ids['instance_target']!);
    const { stdout } = await enis({ by_instance: [ids['instance_target']] }, ['--json']);
    assert.equal(JSON.parse(stdout).candidates[ids['eni_target']!].instance_state, 'stopped');
    assert.match(
      (await enis({ by_instance: [ids['instance_target']] })).stdout,
      /m6i\.large \(stopped\)|m6i\.large\s+us-east/,
    );
  });

  // The sentences are those of enis/by_id.tf (test/terraform/enis-refusals.test.ts).
  for (const [word, sentence] of Object.entries({
    eni_legacy: 'AWS does not mirror {id}, because its instance i-',
    eni_metal: 'is of type m5.metal',
    eni_nat: 'AWS mirrors interfaces of type interface only, and {id} is of type nat_gateway',
    eni_idle: '{id} is attached to no instance, so there is nothing to mirror',
    eni_rebuilders_0:
      'the instance {instance_rebuilders_0} of {id} is excluded, by its id or by a tag (vpc-mirror:role)',
  })) {
    await t.test(`by_id of ${word} is a mistake`, async () => {
      const { status, stderr } = await enis({ by_id: { web: ids[word] } });
      assert.equal(status, 2);
      const expected = sentence.replace('{id}', ids[word]!).replace(/\{(\w+)\}/, (_, name: string) => ids[name]!);
      assert.ok(stderr.startsWith('vpc-mirror: by_id["web"]: ') && stderr.includes(expected), stderr);
    });
  }

  const refused = (action: string, code: string) => (name: string) =>
    name === action ? { status: 403, code, message: 'You are not authorized' } : undefined;
  const mistakes: Readonly<Record<string, { run: () => ReturnType<typeof vpcMirror>; sentence: RegExp }>> = {
    'no credentials': {
      run: () => enis({ by_asg: ['shop'] }, [], { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }),
      sentence: /^vpc-mirror: No AWS credentials were found: log in/,
    },
    'no region': {
      run: () => enis({ by_asg: ['shop'] }, [], { AWS_REGION: undefined }),
      sentence: /^vpc-mirror: No AWS region is known: give --region/,
    },
    'a region that is none': {
      run: () => enis({ by_asg: ['shop'] }, ['--region', 'eu-wset-1'], { AWS_ENDPOINT_URL: undefined }),
      sentence: /There is no AWS API for the region eu-wset-1 within reach|eu-wset-1 cannot be reached/,
    },
    'a region other than the description\'s': {
      run: () => enis({ by_asg: ['shop'] }, ['--region', 'eu-west-1'], {}, { region: 'us-east-1' }),
      sentence: /--region eu-west-1: \S+ describes a mirror in us-east-1/,
    },
    'nothing is picked': {
      run: () => enis({ by_asg: ['nobody'] }),
      sentence: /Nothing is picked in us-east-1: look at the selectors \(by_asg nobody found nothing\)/,
    },
    'no selector': { run: () => enis({}), sentence: /interfaces: names no selector, so nothing is picked/ },
    'an unknown load balancer': {
      run: () => enis({ by_elb: { web: { name: 'shpo' } } }),
      sentence: /by_elb\["web"\]: no load balancer of this type is named shpo in us-east-1/,
    },
    'a load balancer of another type': {
      run: () => enis({ by_elb: { web: { name: 'shop', type: 'network' } } }),
      sentence: /shop is of type application, not network/,
    },
    'an unknown node group': {
      run: () => enis({ by_eks: { web: { cluster_name: 'prod', node_group_names: ['grene'] } } }),
      sentence:
        /by_eks\["web"\]: eks:DescribeNodegroup failed: .*look at the names, and whether the cluster is in us-east-1/,
    },
    'a misspelled key': {
      run: () => enis({ by_agsg: ['shop'] }),
      sentence: /- interfaces\.by_agsg: is not a key here: did you mean 'by_asg'\?/,
    },
    'ids that are none, all at once': {
      run: () => enis({ by_instance: ['web'], by_subnet: ['vpc-0a'] }),
      sentence:
        /2 mistakes\n- interfaces\.by_instance\[0\]: an instance id must look like.*\n- interfaces\.by_subnet\[0\]/s,
    },
    'a file that is not there': {
      run: () => vpcMirror(account.endpoint, ['enis', '-c', '/nowhere.json']),
      sentence: /cannot be read: there is no such file: write it, or take Terraform's:\s+terraform output/,
    },
    'a file into which Terraform has printed an error': {
      run: () =>
        vpcMirror(account.endpoint, ['enis', '-c', textFile(t, 'out.json', '\u2577\n\u2502 Error: Output "vpc_mirror" not found\n\u2575\n')]),
      sentence: /1 mistake\n- holds a message of Terraform's instead of a description: read it there/,
    },
    'a description without its flag': {
      run: () => vpcMirror(account.endpoint, ['enis', 'vpc_mirror.json']),
      sentence: /^vpc-mirror: a command takes options only: name the description with -c, as in vpc-mirror plan -c vpc_mirror\.json$/m,
    },
    'a folder instead of a file': {
      run: () => vpcMirror(account.endpoint, ['enis', '-c', 'test']),
      sentence: /test: 1 mistake\n- cannot be read: this is a folder: name the file in it/,
    },
    'values of the wrong kind': {
      run: () => enis({ by_asg: 'shop', by_id: ['eni-0a'], primary_network_interface_only: 'yes' }),
      sentence:
        /3 mistakes\n- interfaces\.by_asg: must be a list, and is the text "shop"\.\n- interfaces\.by_id: must be a block of keys, and is a\s+list\.\n- interfaces\.primary_network_interface_only: must be true or false, and is the/,
    },
    'what is missing, and numbers out of bounds': {
      run: () => enis({}, [], {}, { sessions: { session_number: 40_000, virtual_network_id: 0, packet_length: 1.5 } }),
      sentence:
        /5 mistakes\n- sessions\.traffic_mirror_filter_id: must look like "tmf-0123456789abcdef0";\s+module [^]*\n- sessions\.session_number: must be 32766 or less\.\n- sessions\.virtual_network_id: must be 1 or more\.\n- sessions\.packet_length: must be a whole number, and is 1\.5\./,
    },
    'a misspelled key of an entry': {
      run: () => enis({ by_elb: { web: { name: 'shop', typ: 'network' } } }),
      sentence: /interfaces\.by_elb\.web\.typ: is not a key here: did you mean 'type'\?/,
    },
    'a file into which Terraform has printed nothing': {
      run: () => vpcMirror(account.endpoint, ['enis', '-c', '/dev/null']),
      sentence: /\/dev\/null: 1 mistake\n- is empty: did Terraform print it\?/,
    },
    'a profile that is not there': {
      run: () => enis({ by_asg: ['shop'] }, ['--profile', 'shpo']),
      sentence: /The profile shpo gives no AWS credentials: look at its spelling/,
    },
    'a region with a blank': {
      run: () => enis({ by_asg: ['shop'] }, ['--region', 'us east 1']),
      sentence: /^vpc-mirror: 'us east 1' is not an AWS region: give one such as eu-west-1\.$/m,
    },
    'an unknown flag': {
      run: () => enis({}, ['--jsno']),
      sentence: /unknown option '--jsno' \(did you mean --json\?\); see vpc-mirror --help/,
    },
  };
  for (const [name, { run, sentence }] of Object.entries(mistakes)) {
    await t.test(`${name}: one sentence, exit 2`, async () => {
      const { status, stderr } = await run();
      assert.match(stderr, sentence);
      assert.equal(status, 2);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
  }

  for (const [action, right] of Object.entries({
    DescribeNetworkInterfaces: 'ec2:DescribeNetworkInterfaces',
    DescribeTrafficMirrorSessions: 'ec2:DescribeTrafficMirrorSessions',
  })) {
    await t.test(`a missing right names itself, with a policy to paste: ${right}`, async () => {
      proxy.answer = refused(action, 'UnauthorizedOperation');
      const { status, stderr } = await enis({ by_asg: ['shop'] });
      proxy.reset();
      assert.equal(status, 2);
      const policy: { Statement: { Action: string }[] } = JSON.parse(
        /policy such as (\{.*\}) \(AWS said/.exec(stderr)?.[1] ?? '{}',
      );
      assert.equal(policy.Statement[0]?.Action, right);
    });
  }
});
