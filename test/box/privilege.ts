import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { absent, installed } from '../installed.ts';

/**
 * Whether namespaces, cables, VXLAN and tc's mirroring can be had here; if not, the test is skipped (or fails where
 * `CI` is set).
 */
export function canBuild(t: TestContext): boolean {
  if (process.platform !== 'linux') return absent(t, 'network namespaces are a thing of Linux');
  if (!installed(t, 'ip', 'tc', 'ss', 'sysctl')) return false;
  if (process.getuid?.() !== 0) return absent(t, 'a VPC in network namespaces needs root');
  const name = `vpcbox-probe-${process.pid}`;
  const probe = spawnSync('sh', ['-c', `
    ip netns add "$0" && ip netns exec "$0" sh -c '
      ip link add v0 type veth peer name v1 && ip link add b0 type bridge &&
      ip link add x0 type vxlan id 1 remote 192.0.2.1 dstport 4789 &&
      tc qdisc add dev v0 clsact && tc filter add dev v0 egress protocol all u32 match u32 0 0 action mirred egress mirror dev x0'`, name],
  { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'del', name]);
  return probe.status === 0 || absent(t, `this kernel cannot build the box: ${probe.stderr.trim().split('\n')[0]}`);
}
