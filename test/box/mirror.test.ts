// The box itself, judged by tcpdump and tshark: what its mirror sends is what AWS would.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { installed } from '../installed.ts';
import { APP, Box, CLIENT, FABRIC, VNI, VXLAN_PORT, type BoxOptions } from './box.ts';
import { leftovers } from './namespaces.ts';
import { canBuild } from './privilege.ts';
import { requestBytes } from './requests.ts';

interface Captured {
  readonly outerSource: string;
  readonly vni: number;
  readonly source: string;
  readonly port: number;
  readonly seq: number;
  readonly length: number;
  readonly checksum: string;
  readonly payload: string;
}

/** Sends a few requests of both kinds; returns what tcpdump saw of the copy. */
async function capture(
  t: TestContext, options: BoxOptions,
): Promise<{ segments: Captured[]; streams: Buffer[]; posts: number } | null> {
  if (!canBuild(t) || !installed(t, 'nginx', 'tcpdump', 'tshark', 'ethtool')) return null;
  const box = await Box.build(options);
  t.after(() => {
    box.remove();
    assert.deepEqual(leftovers(), []);
  });
  const file = join(box.folder, 'mirror.pcap');
  const tcpdump = box.rebuilder.spawn('tcpdump', ['-i', 'eth0', '-s', '0', '-B', '65536', '--immediate-mode', '-U', '-w', file, 'udp', 'port', String(VXLAN_PORT)]);
  await once(tcpdump.stderr!, 'data');
  const posts = 12;
  for (const [kind, count] of [['keep-alive', 60], ['post', posts]] as const) {
    const report = await box.send({ kind, from: 0, count, connections: 1, pipelining: 2, bytesPerSecond: 20e6 });
    assert.deepEqual([report.answered, report.failed], [count, 0]);
  }
  // The end of the last connection is mirrored a moment after the client is gone.
  const exited = once(tcpdump, 'exit');
  await new Promise((resolve) => setTimeout(resolve, 500));
  tcpdump.kill('SIGINT');
  await exited;
  const fields = ['ip.src', 'vxlan.vni', 'tcp.srcport', 'tcp.seq_raw', 'tcp.len', 'tcp.checksum.status', 'tcp.payload'];
  const run = spawnSync('tshark', ['-r', file, '-Y', 'tcp', '-o', 'tcp.check_checksum:TRUE', '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
    { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  assert.equal(run.status, 0, run.stderr);
  const segments = run.stdout.trimEnd().split('\n').map((line): Captured => {
    const [addresses, vni, port, seq, length, checksum, payload] = line.split('\t');
    const [outerSource, source] = addresses!.split(',');
    return {
      outerSource: outerSource!,
      vni: Number(vni),
      source: source!,
      port: Number(port),
      seq: Number(seq),
      length: Number(length),
      checksum: checksum!,
      payload: payload!,
    };
  });
  assert.equal(box.servedByApp().length, 60 + posts);
  const ports = [...new Set(segments.filter(({ source }) => source === CLIENT).map(({ port }) => port))];
  const streams = ports.map((port) =>
    streamOf(segments.filter((one) => one.source === CLIENT && one.port === port && one.length > 0)),
  );
  return { segments, posts, streams };
}

/** Joins segments by their sequence numbers; what was sent twice counts once. */
function streamOf(segments: readonly Captured[]): Buffer {
  const first = segments[0]!.seq;
  const parts = segments.map(({ seq, payload }) => ({ at: (seq - first) >>> 0, bytes: Buffer.from(payload.replaceAll(':', ''), 'hex') }));
  const stream = Buffer.alloc(Math.max(...parts.map(({ at, bytes }) => at + bytes.length)));
  for (const { at, bytes } of parts) bytes.copy(stream, at);
  return stream;
}

const sentBytes = (posts: number): Buffer[] => [
  Buffer.concat(Array.from({ length: 60 }, (_, id) => requestBytes('keep-alive', id))),
  Buffer.concat(Array.from({ length: posts }, (_, id) => requestBytes('post', id))),
];

for (const mtu of [1500, 9001]) {
  test(`MTU ${mtu}: the client's bytes, whole, in segments of that size with correct checksums, one way`, { timeout: 90_000 }, async (t) => {
    const got = await capture(t, { mtu, bothDirections: false, offload: false });
    if (!got) return;
    assert.ok(got.segments.every(({ outerSource, vni, source, checksum }) => outerSource === FABRIC && vni === VNI && source === CLIENT && checksum === '1'));
    // 20 bytes of IPv4, 20 of TCP, 12 of its timestamps.
    assert.equal(Math.max(...got.segments.map(({ length }) => length)), mtu - 52);
    for (const [i, sent] of sentBytes(got.posts).entries()) assert.ok(got.streams[i]!.equals(sent), `connection ${i}`);
  });
}

test('both directions, when asked for', { timeout: 90_000 }, async (t) => {
  const got = await capture(t, { mtu: 1500, bothDirections: true, offload: false });
  if (!got) return;
  assert.deepEqual([...new Set(got.segments.map(({ source }) => source))].sort(), [CLIENT, APP].sort());
  for (const [i, sent] of sentBytes(got.posts).entries()) assert.ok(got.streams[i]!.equals(sent), `connection ${i}`);
});

test('with offload: segments beyond the MTU, and no checksum that could be trusted', { timeout: 90_000 }, async (t) => {
  const got = await capture(t, { mtu: 1500, bothDirections: false, offload: true });
  if (!got) return;
  assert.ok(Math.max(...got.segments.map(({ length }) => length)) > 1500);
  assert.ok(got.segments.some(({ checksum }) => checksum !== '1'));
  for (const [i, sent] of sentBytes(got.posts).entries()) assert.ok(got.streams[i]!.equals(sent), `connection ${i}`);
});
