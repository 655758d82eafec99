// The reconciler with the released provider: it is made, runs at apply, is no difference afterwards, and its sessions
// go before the target.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { reconcilerZip } from '../../package/reconciler.ts';
import { AWS } from '../fleet/vpc-mirror.ts';
import { emulatedAccount, provider } from './lab.ts';
import { Workspace } from './workspace.ts';

const GOLDEN = 'test/terraform/golden/reconciler/iam-policy.json';

interface Tag { readonly Key: string; readonly Value: string }
interface Session { readonly NetworkInterfaceId: string; readonly SessionNumber: number; readonly Tags: readonly Tag[] }

test('the reconciler over its life', async (t) => {
  const account = await emulatedAccount(t);
  if (account === undefined) return;
  const { ids } = account;
  const workspace = new Workspace(t, 'test/root', account);
  writeFileSync(`${workspace.dir}/reconciler.zip`, await reconcilerZip());
  workspace.write('terraform.tfvars.json', JSON.stringify({ ids }));
  workspace.write('main.tf', `${provider('default_tags {\n    tags = { team = "platform" }\n  }')}
variable "ids" { type = map(string) }
module "enis" {
  source = "../../enis"
  by_asg = ["shop", "scaled"]
}
module "sessions" {
  source                    = "../../modules/vpc-mirror-sessions"
  network_interfaces        = { for key, eni in module.enis.network_interfaces : key => eni if !strcontains(eni.why, "scaled") }
  network_load_balancer_arn = var.ids.lb_mirror
  virtual_network_id        = 1377
  reconcile = {
    interfaces    = module.enis.selectors
    artifact_file = "\${path.module}/reconciler.zip"
  }
}
output "description" { value = module.sessions.description }
output "reconciler" { value = module.sessions.reconciler }
`);
  await workspace.init();
  await workspace.apply();
  const sessions = async (): Promise<string[]> => ((await account.left('sessions'))['sessions'] ?? []).map((one) => {
    const { NetworkInterfaceId: eni, SessionNumber: number, Tags: tags } = one as Session;
    return `${eni} ${number} ${tags.some(({ Key: key }) => key === 'vpc-mirror:owner') ? 'reconciler' : 'terraform'}`;
  }).sort();

  await t.test('Terraform\'s sessions are its own, and the reconciler adds what it has not', async () => {
    assert.deepEqual(await sessions(), [`${ids['eni_shop_0']} 1 terraform`, `${ids['eni_shop_1']} 1 terraform`, `${ids['eni_scaled_0']} 2 reconciler`].sort());
  });

  await t.test('a session has the provider\'s default tags, whoever made it', async () => {
    const made = ((await account.left('sessions'))['sessions'] ?? []) as readonly Session[];
    assert.deepEqual(made.map(({ Tags: tags }) => tags.find(({ Key: key }) => key === 'team')?.Value), made.map(() => 'platform'));
  });

  await t.test('a second plan changes nothing', async () => assert.deepEqual(await workspace.plan(), []));

  await t.test('its policy is the one that was reviewed', async () => {
    const shown = await workspace.must('show', '-json');
    const policy = /"address":"module\.sessions\.aws_iam_role_policy\.reconcile\[0\]".*?"policy":"((?:[^"\\]|\\.)*)"/.exec(shown.stdout)?.[1] ?? '';
    const text: string = JSON.parse(`"${policy}"`);
    const now = `${JSON.stringify(JSON.parse(text), null, 2).replace(/tm([ft])-[0-9a-f]+/g, 'tm$1-UNIQUE')}\n`;
    if (process.env['UPDATE']) writeFileSync(GOLDEN, now);
    assert.equal(now, existsSync(GOLDEN) ? readFileSync(GOLDEN, 'utf8') : '', `if it should be: UPDATE=1 npm test terraform/reconcile`);
  });

  await t.test('after a scale-out an event is enough, and Terraform sees no difference of the reconciler\'s', async () => {
    await account.scale('scaled', 3);
    const lambda = new LambdaClient({ endpoint: account.endpoint, region: AWS.AWS_REGION, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
    const { FunctionError: error } = await lambda.send(new InvokeCommand({
      FunctionName: 'vpc-mirror-reconciler', Payload: readFileSync('test/fleet/events/instance-running.json'),
    }));
    assert.equal(error, undefined);
    assert.equal((await sessions()).filter((one) => one.endsWith('reconciler')).length, 3);
    assert.deepEqual(await workspace.plan(), []);
  });

  await t.test('destroy removes the reconciler\'s sessions, then the target, and leaves nothing', async () => {
    const { stdout } = await workspace.destroy();
    const at = (what: string): number => stdout.indexOf(`${what}: Destruction complete`);
    assert.ok(at('module.sessions.aws_lambda_invocation.reconcile[0]') > 0);
    assert.ok(at('module.sessions.aws_ec2_traffic_mirror_target.this[0]') > at('module.sessions.aws_lambda_invocation.reconcile[0]'));
    const left = await account.left('sessions', 'filters', 'targets', 'rules', 'functions', 'alarms');
    assert.deepEqual(Object.values(left).flat(), []);
  });
});
