// Real servers that speak HTTP/2 without TLS, each with a recorder behind it that says which requests were served, over
// which connection.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nodeOf } from '../http/servers.ts';
import { spawnGroup } from '../../process-group.ts';
import { freePort } from '../../free-port.ts';
import { type Served, type Server, apacheConfiguration, envoyConfiguration, haproxyConfiguration, nginxConfiguration, recordIn, running, startUpstream } from '../real-server.ts';

export const SERVER_NAMES = ['nginx', 'apache', 'node-20', 'node-24', 'go', 'go-x-net', 'haproxy', 'envoy'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

const RECORDERS = path.join(import.meta.dirname, 'recorders');
const PROXIES: readonly ServerName[] = ['nginx', 'apache', 'haproxy', 'envoy'];

/** What must be there for a server, as a program; null = everything is. */
export function missing(name: ServerName): string | null {
  const program = {
    'nginx': 'nginx', 'apache': 'apache2', 'node-20': nodeOf(20), 'node-24': nodeOf(24), 'go': 'go', 'go-x-net': 'go', 'haproxy': 'haproxy', 'envoy': 'envoy',
  }[name];
  if (program === '') return `NODE_${name.slice(5)} does not name a node of version ${name.slice(5)}`;
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0 ? null : `${program} is not installed`;
}

/** Starts one; its files are in a folder that goes with it. */
export async function startServer(name: ServerName): Promise<Server> {
  const folder = mkdtempSync(path.join(tmpdir(), 'http2-oracle-'));
  const served = new Map<number, Served[]>();
  const record = recordIn(served);
  const port = await freePort();
  const upstream = PROXIES.includes(name) ? await startUpstream(record) : null;
  const child = start(name, port, upstream === null ? 0 : (upstream.address() as net.AddressInfo).port, folder);
  return running(name, port, child, served, upstream === null ? record : null, () => {
    upstream?.close();
    rmSync(folder, { recursive: true, force: true });
  });
}

function start(name: ServerName, port: number, upstream: number, folder: string): ChildProcess {
  const run = (command: string, args: string[]): ChildProcess => spawnGroup(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const file = (text: string): string => {
    const at = path.join(folder, 'configuration.json');
    writeFileSync(at, text);
    return at;
  };
  switch (name) {
    case 'nginx': {
      const at = file(nginxConfiguration(port, upstream, folder, 'http2', 'client_max_body_size 16m; ignore_invalid_headers off; underscores_in_headers on;'));
      return run('nginx', ['-p', folder, '-c', at, '-g', 'daemon off;']);
    }
    case 'apache':
      mkdirSync(path.join(folder, 'logs'));
      return run('apache2', ['-d', folder, '-f', file(apacheConfiguration(port, upstream, folder, ['http2'], 'Protocols h2c http/1.1\nH2Direct on\nH2Upgrade on\n')), '-DFOREGROUND']);
    case 'node-20':
    case 'node-24':
      return run(nodeOf(name === 'node-20' ? 20 : 24), [path.join(RECORDERS, 'node.mjs'), String(port)]);
    case 'go':
    case 'go-x-net': {
      const program = path.join(folder, 'recorder');
      const build = spawnSync('go', ['build', '-o', program, '.'], { cwd: path.join(RECORDERS, 'go') });
      if (build.status !== 0) throw new Error(`go build: ${build.stderr.toString()}`);
      return run(program, [String(port), name === 'go' ? 'std' : 'x/net']);
    }
    case 'haproxy':
      return run('haproxy', ['-db', '-f', file(haproxyConfiguration(port, upstream, 'proto h2'))]);
    case 'envoy':
      return run('envoy', ['--config-path', file(envoyConfiguration(port, upstream, { codec_type: 'HTTP2' })), '--use-dynamic-base-id', '--concurrency', '1', '--log-level', 'critical', '--disable-hot-restart']);
  }
}
