// The package on the processor that is the default on AWS: npm's Node for arm64 and the distribution's arm64 libc,
// under qemu's user mode.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { MirroredConnection } from '../../rebuilder/demo/mirrored-connection.ts';
import { ANY_PORTS } from '../command-line.ts';
import { absent, installed } from '../installed.ts';

/** Where Debian's libc6-arm64-cross and libstdc++6-arm64-cross put what a machine of that kind has in /. */
const LIBRARIES = '/usr/aarch64-linux-gnu';

let dir = '';
before(() => { dir = mkdtempSync(join(tmpdir(), 'arm64-')); });
after(() => rmSync(dir, { recursive: true, force: true }));

/** The package's own command line on an arm64 processor; undefined = not on this machine, the test is skipped. */
function command(t: TestContext): readonly [string, ...string[]] | undefined {
  const program = join(dir, 'vpc-mirror');
  if (!existsSync(program)) {
    if (process.arch !== 'arm64') {
      if (!installed(t, 'qemu-aarch64-static')) return undefined;
      if (!existsSync(join(LIBRARIES, 'lib/libstdc++.so.6'))) {
        absent(t, 'arm64 libraries are not installed: apt-get install libc6-arm64-cross libstdc++6-arm64-cross');
        return undefined;
      }
    }
    const tarball = join(dir, 'vpc-mirror.tar.gz');
    const build = spawnSync(process.execPath, ['--import', 'tsx', 'package/build.ts', '--node-for', 'arm64', '--output', tarball], { encoding: 'utf8' });
    if (build.stderr.includes('npm cannot fetch')) {
      absent(t, build.stderr.trim());
      return undefined;
    }
    assert.equal(build.status, 0, build.stderr);
    execFileSync('tar', ['-xzf', tarball, '-C', dir]);
  }
  const node = join(program, 'node/aarch64/node');
  const [first, ...more] = process.arch === 'arm64' ? [node] : ['qemu-aarch64-static', '-L', LIBRARIES, node];
  return [first, ...more, join(program, 'app/entry.js')];
}

test('replay rebuilds the requests of a capture', { timeout: 600_000 }, (t) => {
  const [program, ...args] = command(t) ?? [];
  if (program === undefined) return;
  const file = 'test/captures/http1-keep-alive.pcap';
  const here = execFileSync(process.execPath, ['rebuilder/rebuilder.js', 'replay', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const there = execFileSync(program, [...args, 'replay', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.ok(here.length > 0);
  assert.equal(there, here);
});

/** A detection node that remembers what it was asked for. */
async function detectionNode(t: TestContext): Promise<{ port: number; targets: Set<string> }> {
  const targets = new Set<string>();
  const server = createServer((request, response) => {
    targets.add(request.url!);
    response.end();
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { port: address.port, targets };
}

/** Starts the service; resolves when its log says what is waited for. */
async function service(
  t: TestContext, line: readonly [string, ...string[]], workers: number, endpoint: string,
): Promise<{ child: ChildProcess; said: () => string }> {
  const conf = join(dir, `workers-${workers}.yaml`);
  writeFileSync(conf, `mode: tcp-capture-v2\nworkers: ${workers}\n${ANY_PORTS}log: {pretty: false}\nforward: {endpoint: "${endpoint}"}\n`
  + 'tcp_stream: {from_vxlan: {enabled: true, listen_addr: "127.0.0.1:0", receive_buffer: 4MiB}}\n');
  const [program, ...args] = line;
  const child = spawn(program, [...args, 'run', '-c', conf], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  while (!/delivering to /.test(said) && child.exitCode === null) await Promise.race([once(child.stderr, 'data'), once(child, 'close')]);
  return { child, said: () => said };
}

const REQUESTS = 300;

for (const workers of [0, 1]) {
  test(`run with workers: ${workers} delivers each of ${REQUESTS} requests`, { timeout: 600_000 }, async (t) => {
    const line = command(t);
    if (line === undefined) return;
    const node = await detectionNode(t);
    const { child, said } = await service(t, line, workers, `http://127.0.0.1:${node.port}`);
    const port = Number(/vxlan \S+:(\d+)/.exec(said())?.[1]);
    assert.ok(port > 0, said());
    const udp = createSocket('udp4');
    t.after(() => udp.close());
    for (let i = 0; i < REQUESTS; i++) {
      const client = { address: Uint8Array.of(10, 0, 1, 7), port: 10_000 + i };
      const server = { address: Uint8Array.of(10, 0, 2, 9), port: 80 };
      const mirrored = new MirroredConnection(7, client, server, (datagram) => udp.send(datagram, port, '127.0.0.1'));
      mirrored.data('client', Buffer.from(`GET /${i} HTTP/1.1\r\nHost: shop.example\r\n\r\n`));
      await new Promise((resolve) => { setTimeout(resolve, 2); });
    }
    while (node.targets.size < REQUESTS && child.exitCode === null) {
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
    assert.deepEqual([...node.targets].sort(), Array.from({ length: REQUESTS }, (_, i) => `/${i}`).sort());
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null], said());
  });
}

test('where the kernel takes no program for a group, more workers are refused in a sentence', { timeout: 600_000 }, async (t) => {
  // qemu's user mode does not hand SO_ATTACH_REUSEPORT_CBPF on; a real arm64 kernel takes it.
  if (process.arch === 'arm64') return;
  const line = command(t);
  if (line === undefined) return;
  const { child, said } = await service(t, line, 2, 'http://127.0.0.1:9');
  assert.equal(child.exitCode, 1, said());
  assert.match(said(), /cannot spread a UDP port over several workers: \w+; set workers to 1$/m);
});
