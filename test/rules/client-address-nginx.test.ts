// Who is the client? For each stack that AWS offers: what we derive from the bytes on the wire is what a real NGINX in
// the application's place logs as $remote_addr, and what a node with the vendor's mirror include makes of the one
// address we send it.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort } from '../free-port.ts';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { wordsOf } from '../../rebuilder/address/ip-address.ts';
import type { Endpoints } from '../../rebuilder/http/message.ts';
import { parseProxyHeader } from '../../rebuilder/exchange/proxy-protocol.ts';
import { ClientAddress } from '../../rebuilder/rules/client-address.ts';
import { Networks } from '../../rebuilder/address/networks.ts';
import { installed } from '../installed.ts';
import { requestOf } from './request-of.ts';

// All of 127.0.0.0/8 is this machine: an address for everyone on the way.
const CLIENT = '127.1.0.7';
const ALB = '127.10.0.1';
const BALANCER = '127.10.0.2';
const CDN = '127.20.0.1';
const WORKER = '127.30.0.1';

/** Some containers have no IPv6 at all. */
const HAS_IPV6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));

interface Stack {
  readonly name: string;
  /** Where the client's connection ends; the application's own side of the way for those without a proxy. */
  readonly entrance: 'application' | 'alb' | 'cdn';
  /** The last hop before the application, as it shows in packets: null = whoever connects; else its own address. */
  readonly lastHop: string | null;
  readonly proxyProtocol: 0 | 1 | 2;
  /** What an administrator writes for the application's NGINX, and for us. */
  readonly nginx: string;
  readonly rebuilder: string;
  readonly expected: string;
}

const REAL_IP = 'real_ip_header X-Forwarded-For; real_ip_recursive on;';
const ALB_ONLY = 'proxy_headers: [{trusted_networks: [127.10.0.0/16], real_ip: [X-Forwarded-For]}]';
const BY_PROXY = 'proxy_protocol: [{trusted_networks: [127.10.0.0/16]}]';

const STACKS: readonly Stack[] = [
  { name: 'EC2 alone', entrance: 'application', lastHop: null, proxyProtocol: 0, nginx: '', rebuilder: '', expected: CLIENT },
  { name: 'ALB + EC2', entrance: 'alb', lastHop: null, proxyProtocol: 0, nginx: `set_real_ip_from 127.10.0.0/16; ${REAL_IP}`, rebuilder: ALB_ONLY, expected: CLIENT },
  { name: 'NLB that keeps client addresses', entrance: 'application', lastHop: null, proxyProtocol: 0,
    nginx: `set_real_ip_from 127.10.0.0/16; ${REAL_IP}`, rebuilder: ALB_ONLY, expected: CLIENT },
  { name: 'NLB with PROXY protocol version 2', entrance: 'application', lastHop: BALANCER, proxyProtocol: 2,
    nginx: 'set_real_ip_from 127.10.0.0/16; real_ip_header proxy_protocol;', rebuilder: BY_PROXY, expected: CLIENT },
  { name: 'CLB with PROXY protocol version 1', entrance: 'application', lastHop: BALANCER, proxyProtocol: 1,
    nginx: 'set_real_ip_from 127.10.0.0/16; real_ip_header proxy_protocol;', rebuilder: BY_PROXY, expected: CLIENT },
  { name: 'CDN + ALB + EC2', entrance: 'cdn', lastHop: null, proxyProtocol: 0, nginx: `set_real_ip_from 127.10.0.0/16; set_real_ip_from 127.20.0.0/16; ${REAL_IP}`,
    rebuilder: 'proxy_headers: [{trusted_networks: [127.10.0.0/16, 127.20.0.0/16], real_ip: [X-Forwarded-For]}]', expected: CLIENT },
  { name: 'CDN + ALB + EC2, the CDN not named: its address is the last untrusted one', entrance: 'cdn', lastHop: null, proxyProtocol: 0,
    nginx: `set_real_ip_from 127.10.0.0/16; ${REAL_IP}`, rebuilder: ALB_ONLY, expected: CDN },
  { name: 'EKS ingress, target type instance: ALB, then the worker\'s own address', entrance: 'alb', lastHop: WORKER, proxyProtocol: 0,
    nginx: `set_real_ip_from 127.10.0.0/16; set_real_ip_from 127.30.0.0/16; ${REAL_IP}`,
    rebuilder: 'proxy_headers: [{trusted_networks: [127.10.0.0/16, 127.30.0.0/16], real_ip: [X-Forwarded-For]}]', expected: CLIENT },
];

/** What clients send, attempts to be someone else among them. */
const REQUESTS: readonly (readonly [why: string, headers: readonly string[]])[] = [
  ['nothing', []],
  ['a forged address', ['X-Forwarded-For: 6.6.6.6']],
  ['a forged address of the balancer', [`X-Forwarded-For: ${ALB}, ${BALANCER}`]],
  ['two lines', ['X-Forwarded-For: 6.6.6.6', 'x-forwarded-for: 7.7.7.7']],
  ['IPv6 with a port', ['X-Forwarded-For: [2001:db8::1]:443']],
  ['garbage', ['X-Forwarded-For: unknown, <script>']],
  ['other headers of that kind', ['X-Real-IP: 6.6.6.6', 'Forwarded: for=6.6.6.6', 'True-Client-IP: 6.6.6.6']],
];

test('the client address is the one a real NGINX logs', { timeout: 60_000 }, async (t) => {
  if (!installed(t, 'nginx')) return;
  const ports = await Promise.all(Array.from({ length: STACKS.length * 2 + 3 }, freePort));
  const nodePort = ports.pop()!;
  const albPort = ports.pop()!;
  const cdnPort = ports.pop()!;
  const applications = STACKS.map((_, i) => ports[i * 2]!);
  const taps = await Promise.all(STACKS.map((stack, i) => tap(t, stack, applications[i]!)));
  const proxy = (listen: number, address: string, next: string): string => `server {
    listen ${listen}; ${HAS_IPV6 ? `listen [::1]:${listen};` : ''}
    location ~ ^/(\\d+)/ { proxy_bind ${address}; proxy_pass http://127.0.0.1:${next}; proxy_http_version 1.1;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }
  }`;
  await nginx(t, [
    ...STACKS.map(({ nginx: realIp, proxyProtocol }, i) =>
      `server { listen ${applications[i]}${proxyProtocol > 0 ? ' proxy_protocol' : ''}; ${realIp} location / { return 200 $remote_addr; } }`),
    // The path's first part is the port of the application (behind its tap).
    proxy(albPort, ALB, '$1'),
    proxy(cdnPort, CDN, String(albPort)),
    `server { listen ${nodePort}; set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; location / { return 200 $remote_addr; } }`,
  ], [...applications, albPort, cdnPort, nodePort]);

  for (const [i, stack] of STACKS.entries()) {
    const { proxyHeaders, proxyProtocol } = parseConfig(stack.rebuilder, 'test.yaml').settings;
    const judge = new ClientAddress(proxyHeaders);
    const port = { application: taps[i]!.port, alb: albPort, cdn: cdnPort }[stack.entrance];
    for (const [why, headers] of REQUESTS) {
      const logged = await get(port, CLIENT, `/${taps[i]!.port}/`, headers);
      const { source, bytes } = taps[i]!.last();
      const ours = judge.envelope(
        request(source, bytes, new Networks(proxyProtocol[0]?.trustedNetworks ?? [])),
      ).clientAddress;
      assert.equal(ours, logged, `${stack.name}, ${why}: ours and NGINX's`);
      assert.equal(ours, stack.expected, `${stack.name}, ${why}: the client's`);
      const node = await get(nodePort, '127.0.0.1', '/', [...headers.map((line) => `X-Mirror-Original-${line}`), `X-Forwarded-For: ${ours}`]);
      assert.equal(node, ours, `${stack.name}, ${why}: what the node makes of it`);
    }
  }
  // A client that comes over IPv6.
  if (!HAS_IPV6) return;
  const albStack = STACKS.findIndex(({ name }) => name === 'ALB + EC2');
  const logged = await get(albPort, '::1', `/${taps[albStack]!.port}/`, ['X-Forwarded-For: 6.6.6.6']);
  const { source, bytes } = taps[albStack]!.last();
  assert.equal(logged, '::1');
  assert.equal(new ClientAddress(parseConfig(ALB_ONLY, 'test.yaml').settings.proxyHeaders).envelope(request(source, bytes, new Networks([]))).clientAddress, logged);
});

/** The request as it was on the wire before the application, from `source`. */
function request(source: string, bytes: Buffer, proxies: Networks) {
  let proxied: Endpoints['proxied'] = null;
  let start = 0;
  if (proxies.hasWords(wordsOf(source)!)) {
    const header = parseProxyHeader(bytes, 0, bytes.length);
    if (header.kind === 'proxied') proxied = header.addresses;
    if ('length' in header) start = header.length;
  }
  const [startLine, ...headers] = bytes.subarray(start, bytes.indexOf('\r\n\r\n', start)).toString('latin1').split('\r\n');
  return requestOf(startLine!, headers, { clientAddress: source, proxied });
}

interface Tap {
  readonly port: number;
  /** The last connection to the application: its packets' source and its first direction. */
  last(): { source: string; bytes: Buffer };
}

/**
 * Stands before the application as the mirrored interface does: sees what goes in. Also plays balancers that pass TCP
 * through.
 */
async function tap(t: TestContext, { lastHop, proxyProtocol }: Stack, application: number): Promise<Tap> {
  let last: { source: string; bytes: Buffer } | null = null;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((from) => {
    const source = lastHop ?? from.remoteAddress!;
    const seen = { source, bytes: Buffer.alloc(0) };
    last = seen;
    const to = net.connect({ host: '127.0.0.1', port: application, localAddress: source });
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    const send = (bytes: Buffer): void => {
      seen.bytes = Buffer.concat([seen.bytes, bytes]);
      to.write(bytes);
    };
    if (proxyProtocol > 0) send(proxyHeader(proxyProtocol, from.remoteAddress!, from.remotePort!, application));
    from.on('data', send);
    from.on('end', () => to.end());
    to.pipe(from);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    port: address.port,
    last: () => {
      assert.ok(last !== null, 'nothing came to the application');
      return last;
    },
  };
}

function proxyHeader(version: 0 | 1 | 2, client: string, clientPort: number, port: number): Buffer {
  if (version === 1) return Buffer.from(`PROXY TCP4 ${client} 127.0.0.1 ${clientPort} ${port}\r\n`);
  const header = Buffer.alloc(28);
  header.write('\r\n\r\n\0\r\nQUIT\n', 'latin1');
  header.set([0x21, 0x11, 0, 12], 12);
  header.set(client.split('.').map(Number), 16);
  header.set([127, 0, 0, 1], 20);
  header.writeUInt16BE(clientPort, 24);
  header.writeUInt16BE(port, 26);
  return header;
}

/** The body of the answer. */
async function get(port: number, from: string, target: string, headers: readonly string[]): Promise<string> {
  const socket = net.connect({ host: from.includes(':') ? '::1' : '127.0.0.1', port, localAddress: from });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write([`GET ${target} HTTP/1.1`, 'Host: app.example', ...headers, 'Connection: close', '', ''].join('\r\n'));
  await once(socket, 'close');
  const answer = Buffer.concat(chunks).toString('latin1');
  assert.match(answer, /^HTTP\/1\.1 200 /, answer);
  return answer.slice(answer.indexOf('\r\n\r\n') + 4).trim();
}

async function nginx(t: TestContext, servers: readonly string[], ports: readonly number[]): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'client-address-'));
  mkdirSync(join(home, 'logs'));
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`).join(' ');
  writeFileSync(join(home, 'nginx.conf'), `daemon off; master_process off; pid ${home}/nginx.pid; error_log ${home}/logs/error.log;
    events { worker_connections 256; } http { access_log off; ${temp} keepalive_timeout 0; ${servers.join('\n')} }`);
  const child: ChildProcess = spawn('nginx', ['-p', home, '-c', join(home, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => said += chunk.toString());
  t.after(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(home, { recursive: true, force: true });
  });
  for (const port of ports) {
    for (let tries = 0; !await accepts(port); tries++) {
      assert.ok(tries < 200 && child.exitCode === null, `nginx did not start: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Ports nobody listens on at this moment. */
