// Exchanges in a bucket with a table for Athena: what is made, who may what, and that the rebuilder's own configuration
// and names agree with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { objectKey } from '../../rebuilder/output/s3-upload.ts';
import { emulatedAccount, provider } from './lab.ts';
import { Workspace } from './workspace.ts';

interface Resource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly values: Record<string, unknown>;
}
interface Shown {
  readonly values: {
    readonly root_module: { readonly child_modules: readonly { readonly resources: readonly Resource[] }[] };
  };
}
interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const PARTS = [
  'aws_launch_template.rebuilder', 'aws_iam_role_policy.rebuilder', 'aws_glue_catalog_table.exchanges',
  'aws_s3_bucket_ownership_controls.exchanges', 'aws_s3_bucket_policy.exchanges',
  'aws_s3_bucket_server_side_encryption_configuration.exchanges', 'aws_s3_bucket_lifecycle_configuration.exchanges',
];

test('a bucket and a table come, stay as they are, and go; the instances may write to the prefix and nothing else', async (t) => {
  const account = await emulatedAccount(t);
  if (account === undefined) return;
  const { ids } = account;
  const workspace = new Workspace(t, 'test/root', account);
  const key = 'arn:aws:kms:us-east-1:123456789012:key/0123abcd';
  workspace.write('main.tf', `${provider()}
module "rebuild" {
  source          = "../../modules/vpc-mirror-rebuild"
  vpc_id          = "${ids['vpc']}"
  subnet_ids      = ["${ids['subnet_targets']}", "${ids['subnet_nodes']}"]
  mirrored_cidrs  = ["10.0.0.0/16"]
  mirror_endpoint = "http://nodes.internal:8445"
  artifact_s3_uri = "s3://bucket/rebuilder/vpc-mirror.tar.gz"
  artifact_sha256 = "${'0'.repeat(64)}"
  exchanges       = { expiration_days = 14, kms_key_arn = "${key}" }
  config_extra    = { exchanges = { s3 = { spool = "2GiB" } } }
}
output "exchanges" { value = module.rebuild.exchanges }
`);
  await workspace.init();
  const before = await account.left('buckets', 'databases');
  // Without load balancers and instances, on which the provider waits for minutes.
  const targets = PARTS.map((part) => `-target=module.rebuild.${part}`);
  await workspace.apply(...targets);
  assert.deepEqual(await workspace.plan(...targets), []);

  const outputs = await workspace.outputs();
  const made = outputs['exchanges'] as Record<string, string>;
  const { bucket } = made;
  assert.deepEqual(made, { bucket, prefix: 'exchanges/', database: 'vpc_mirror', table: 'exchanges' });
  const { values: { root_module: { child_modules: [module] } } } = JSON.parse((await workspace.must('show', '-json')).stdout) as Shown;
  const one = (type: string, name: string): Record<string, unknown> =>
    module!.resources.find((it) => it.type === type && it.name === name)!.values;
  const script = Buffer.from(String(one('aws_launch_template', 'rebuilder')['user_data']), 'base64').toString();
  const [, yaml] = /wallarm-node-conf\.yaml << 'END_OF_FILE'\n([^]*?)END_OF_FILE/.exec(script)!;
  const { file, s3 } = parseConfig(yaml!, 'config').settings.exchanges;
  assert.deepEqual([file, s3.bucket, s3.prefix, s3.region, s3.intervalMs, s3.spoolBytes], ['/var/lib/vpc-mirror/exchanges.jsonl', bucket, 'exchanges/', 'us-east-1', 300_000, 2 << 30 >>> 0]);

  const statements = (policy: unknown): Statement[] =>
    (JSON.parse(String(policy)) as { Statement: Statement | Statement[] }).Statement as Statement[];

  const allowed = statements(one('aws_iam_role_policy', 'rebuilder')['policy']).filter(({ Sid }) => /Exchanges/.test(Sid));
  assert.deepEqual(allowed.map(({ Effect, Action, Resource: on }) => [Effect, Action, on]), [
    ['Allow', ['s3:PutObject', 's3:AbortMultipartUpload'], `arn:aws:s3:::${bucket}/exchanges/*`],
    ['Allow', ['kms:GenerateDataKey', 'kms:Decrypt'], key],
  ]);
  const [denied] = [statements(one('aws_s3_bucket_policy', 'exchanges')['policy'])].flat();
  assert.deepEqual([denied!.Effect, denied!.Action, denied!.Condition], ['Deny', 's3:*', { Bool: { 'aws:SecureTransport': 'false' } }]);
  const access = one('aws_s3_bucket_public_access_block', 'exchanges');
  assert.ok(['block_public_acls', 'block_public_policy', 'ignore_public_acls', 'restrict_public_buckets'].every((name) => access[name] === true));
  const [encryption] = one('aws_s3_bucket_server_side_encryption_configuration', 'exchanges')['rule'] as { apply_server_side_encryption_by_default: object[] }[];
  assert.deepEqual(encryption!.apply_server_side_encryption_by_default, [{ kms_master_key_id: key, sse_algorithm: 'aws:kms' }]);
  const rules = one('aws_s3_bucket_lifecycle_configuration', 'exchanges')['rule'] as { id: string; expiration: { days: number }[] }[];
  assert.equal(rules.find(({ id }) => id === 'expiration')!.expiration[0]!.days, 14);

  const table = one('aws_glue_catalog_table', 'exchanges');
  const parameters = table['parameters'] as Record<string, string>;
  assert.equal(parameters['projection.dt.range'], 'NOW-14DAYS,NOW');
  // The folder that Athena works out for an hour is the one that the rebuilder writes to.
  const folder = parameters['storage.location.template']!.replace('${dt}', '2026-11-26').replace('${hour}', '09');
  assert.equal(`s3://${bucket}/${objectKey(s3.prefix, Date.UTC(2026, 10, 26, 9, 30), 'x.gz')}`, `${folder}x.gz`);

  await workspace.destroy();
  assert.deepEqual(await account.left('buckets', 'databases'), before);
});
