// Real servers, each with a recorder behind it that says which requests were served, over which connection.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawnGroup } from '../../process-group.ts';
import { freePort } from '../../free-port.ts';
import { type Served, type Server, apacheConfiguration, envoyConfiguration, haproxyConfiguration, nginxConfiguration, recordIn, running, startUpstream } from '../real-server.ts';

export const SERVER_NAMES = [
  'nginx', 'apache', 'node-20', 'node-24', 'go', 'gunicorn', 'cpython', 'cpython-leaves', 'haproxy',
] as const;
/** Those of main.ts alone: what ends its head by a bare CR, and then its connection, is told as cut. */
export const MORE_NAMES = ['node-24-lenient', 'envoy'] as const;
export type ServerName = (typeof SERVER_NAMES)[number] | (typeof MORE_NAMES)[number];

const PROXIES: readonly ServerName[] = ['nginx', 'apache', 'haproxy', 'envoy'];

/** Of Envoy: takes HTTP/1.0, both framings at once, and trailers. */
const HTTP1 = {
  codec_type: 'HTTP1', http_protocol_options: { accept_http_10: true, default_host_for_http_10: 'h', allow_chunked_length: true, enable_trailers: true },
};

const RECORDERS = path.join(import.meta.dirname, 'recorders');

/** What must be there for a server, as a program; null = everything is. */
export function missing(name: ServerName): string | null {
  const program = {
    'nginx': 'nginx', 'apache': 'apache2', 'node-20': nodeOf(20), 'node-24': nodeOf(24), 'node-24-lenient': nodeOf(24), 'go': 'go',
    'gunicorn': process.env['GUNICORN'] ?? 'gunicorn', 'cpython': 'python3', 'cpython-leaves': 'python3', 'haproxy': 'haproxy', 'envoy': 'envoy',
  }[name];
  if (program === '') return `NODE_${name.slice(5, 7)} does not name a node of version ${name.slice(5, 7)}`;
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0 ? null : `${program} is not installed`;
}

/** The node of a major version: this one, or what NODE_20 or NODE_24 name; empty = there is none. */
export function nodeOf(major: 20 | 24): string {
  return process.versions.node.startsWith(`${major}.`) ? process.execPath : process.env[`NODE_${major}`] ?? '';
}

/**
 * Starts one; its files are in a folder that goes with it.
 * @param apache lines behind Apache's configuration
 */
export async function startServer(name: ServerName, apache = ''): Promise<Server> {
  const folder = mkdtempSync(path.join(tmpdir(), 'http-oracle-'));
  const served = new Map<number, Served[]>();
  const record = recordIn(served);
  const port = await freePort();
  const isProxy = PROXIES.includes(name);
  const upstream = isProxy ? await startUpstream(record) : null;
  const child = start(name, port, upstream === null ? 0 : (upstream.address() as net.AddressInfo).port, folder, apache);
  return running(name, port, child, served, isProxy ? null : record, () => {
    upstream?.close();
    rmSync(folder, { recursive: true, force: true });
  });
}

function start(name: ServerName, port: number, upstream: number, folder: string, apache: string): ChildProcess {
  const run = (command: string, args: string[]): ChildProcess => spawnGroup(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const file = (text: string): string => {
    const at = path.join(folder, 'configuration.json');
    writeFileSync(at, text);
    return at;
  };
  switch (name) {
    case 'haproxy':
      return run('haproxy', ['-db', '-f', file(haproxyConfiguration(port, upstream))]);
    case 'envoy':
      return run('envoy', ['--config-path', file(envoyConfiguration(port, upstream, HTTP1)), '--use-dynamic-base-id', '--concurrency', '1', '--log-level', 'critical', '--disable-hot-restart']);
    case 'nginx':
      writeFileSync(path.join(folder, 'nginx.conf'), nginxConfiguration(port, upstream, folder));
      return run('nginx', ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-g', 'daemon off;']);
    case 'apache':
      mkdirSync(path.join(folder, 'logs'));
      writeFileSync(path.join(folder, 'apache.conf'), apacheConfiguration(port, upstream, folder, [], apache));
      return run('apache2', ['-d', folder, '-f', path.join(folder, 'apache.conf'), '-DFOREGROUND']);
    case 'node-20':
    case 'node-24':
    case 'node-24-lenient':
      return run(nodeOf(name === 'node-20' ? 20 : 24), [
        ...name === 'node-24-lenient' ? ['--insecure-http-parser'] : [], path.join(RECORDERS, 'node.mjs'), String(port)]);
    case 'go': {
      const program = path.join(folder, 'recorder');
      const build = spawnSync('go', ['build', '-o', program, '.'], { cwd: path.join(RECORDERS, 'go'), env: { ...process.env, GOFLAGS: '-mod=mod' } });
      if (build.status !== 0) throw new Error(`go build: ${build.stderr.toString()}`);
      return run(program, [String(port)]);
    }
    case 'gunicorn':
      return run(process.env['GUNICORN'] ?? 'gunicorn', [
        '--bind', `127.0.0.1:${port}`, '--worker-class', 'gthread', '--threads', '8', '--keep-alive', '1', '--timeout', '0',
        '--log-level', 'critical', '--chdir', RECORDERS, 'wsgi_app:app']);
    case 'cpython':
    case 'cpython-leaves':
      return run('python3', [path.join(RECORDERS, 'http_server.py'), String(port), ...name === 'cpython' ? [] : ['leaves']]);
  }
}
