// The way in without peering: an endpoint in the VPC of the sources is the mirror target, with the released provider
// against an emulated account.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatedAccount, provider } from './lab.ts';
import { Workspace } from './workspace.ts';

test('a Gateway Load Balancer, its endpoint and a session to it come, stay as they are, and go', async (t) => {
  const account = await emulatedAccount(t);
  if (account === undefined) return;
  const { ids } = account;
  const workspace = new Workspace(t, 'test/root', account);
  workspace.write('main.tf', `${provider()}
module "rebuild" {
  source                = "../../modules/vpc-mirror-rebuild"
  vpc_id                = "${ids['vpc']}"
  subnet_ids            = ["${ids['subnet_targets']}", "${ids['subnet_nodes']}"]
  mirrored_cidrs        = ["10.0.0.0/16"]
  mirror_endpoint       = "http://nodes.internal:8445"
  artifact_s3_uri       = "s3://bucket/rebuilder/vpc-mirror.tar.gz"
  artifact_sha256       = "${'0'.repeat(64)}"
  gateway_load_balancer = {}
  config                = { vni_filter = [7] }
}
resource "aws_vpc_endpoint" "mirror" {
  vpc_endpoint_type = "GatewayLoadBalancer"
  service_name      = module.rebuild.gateway_load_balancer_endpoint_service_name
  vpc_id            = "${ids['vpc']}"
  subnet_ids        = ["${ids['subnet_apps']}"]
}
module "sessions" {
  source                            = "../../modules/vpc-mirror-sessions"
  network_interfaces                = { web = { network_interface_id = "${ids['eni_web']}" } }
  gateway_load_balancer_endpoint_id = aws_vpc_endpoint.mirror.id
  virtual_network_id                = 7
}
output "config" { value = module.rebuild.config_yaml }
output "target_arn" { value = module.sessions.traffic_mirror_target_arn }
`);
  await workspace.init();
  await workspace.apply();
  assert.deepEqual(await workspace.plan(), []);
  const outputs = await workspace.outputs();
  assert.match(String(outputs['config']), /"from_geneve":\n {4}"enabled": true\n {4}"inner_vni_filter":\n {4}- 7\n {4}"listen_addr": "0\.0\.0\.0:6081"/);
  assert.match(String(outputs['target_arn']), /:traffic-mirror-target\/tmt-/);
  const before = (await account.left('sessions', 'targets'));
  assert.deepEqual([before['sessions']?.length, before['targets']?.length], [1, 1]);
  await workspace.destroy();
  const left = await account.left('sessions', 'targets', 'auto_scaling_groups');
  assert.deepEqual([left['sessions'], left['targets']], [[], []]);
});
