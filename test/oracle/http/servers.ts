// Real servers, each with a recorder behind it that says which requests were served, over which connection.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** A request that a server served, latin1; a body is null when nobody behind it read one. */
export interface Served { readonly method: string; readonly target: string; readonly body: string | null }

interface Line extends Served { readonly port: number }

/** A running server. */
export interface Server {
  readonly name: string;
  readonly port: number;
  /** By the client's port, in the order they were served. */
  readonly served: Map<number, Served[]>;
  stop(): Promise<void>;
}

export const SERVER_NAMES = ['nginx', 'apache', 'node-20', 'node-24', 'go', 'gunicorn', 'cpython'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

const RECORDERS = path.join(import.meta.dirname, 'recorders');

/** What must be there for a server, as a program; null = everything is. */
export function missing(name: ServerName): string | null {
  const program = { nginx: 'nginx', apache: 'apache2', 'node-20': nodeOf(20), 'node-24': nodeOf(24), go: 'go', gunicorn: process.env['GUNICORN'] ?? 'gunicorn', cpython: 'python3' }[name];
  if (program === '') return `NODE_${name.slice(5)} does not name a node of version ${name.slice(5)}`;
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0 ? null : `${program} is not installed`;
}

/** The node of a major version: this one, or what NODE_20 or NODE_24 name; empty = there is none. */
function nodeOf(major: 20 | 24): string {
  return process.versions.node.startsWith(`${major}.`) ? process.execPath : process.env[`NODE_${major}`] ?? '';
}

/** Starts one; its files are in a folder that goes with it. */
export async function startServer(name: ServerName): Promise<Server> {
  const folder = mkdtempSync(path.join(tmpdir(), 'http-oracle-'));
  const served = new Map<number, Served[]>();
  const record = ({ port, method, target, body }: Line): void => {
    const list = served.get(port);
    if (list === undefined) served.set(port, [{ method, target, body }]);
    else list.push({ method, target, body });
  };
  const port = await freePort();
  const isProxy = name === 'nginx' || name === 'apache';
  const upstream = isProxy ? await startUpstream(record) : null;
  const child = start(name, port, upstream === null ? 0 : (upstream.address() as net.AddressInfo).port, folder);
  if (!isProxy) createInterface({ input: child.stdout! }).on('line', (line) => record(JSON.parse(line) as Line));
  let errors = '';
  child.stderr!.on('data', (text: Buffer) => { errors = (errors + text.toString()).slice(-2000); });
  await accepts(port, child, () => errors);
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
    if (child.exitCode === null && child.signalCode === null) await gone;
    clearTimeout(timer);
    upstream?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { name, port, served, stop };
}

function start(name: ServerName, port: number, upstream: number, folder: string): ChildProcess {
  const run = (command: string, args: string[]): ChildProcess => spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  switch (name) {
    case 'nginx':
      writeFileSync(path.join(folder, 'nginx.conf'), nginxConfiguration(port, upstream, folder));
      return run('nginx', ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-g', 'daemon off;']);
    case 'apache':
      mkdirSync(path.join(folder, 'logs'));
      writeFileSync(path.join(folder, 'apache.conf'), apacheConfiguration(port, upstream, folder));
      return run('apache2', ['-d', folder, '-f', path.join(folder, 'apache.conf'), '-DFOREGROUND']);
    case 'node-20':
    case 'node-24':
      return run(nodeOf(name === 'node-20' ? 20 : 24), [path.join(RECORDERS, 'node.mjs'), String(port)]);
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
      return run('python3', [path.join(RECORDERS, 'http_server.py'), String(port)]);
  }
}

function nginxConfiguration(port: number, upstream: number, folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`).join(' ');
  return `worker_processes 1; pid ${folder}/pid; error_log stderr crit; ${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http { access_log off; ${temporary}
  server { listen 127.0.0.1:${port} backlog=511; location / {
    proxy_pass http://127.0.0.1:${upstream}; proxy_set_header X-Oracle-Port $remote_port; client_body_buffer_size 1m; proxy_ignore_client_abort on; } } }`;
}

function apacheConfiguration(port: number, upstream: number, folder: string): string {
  const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers', 'env'];
  const at = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules'].find((one) => existsSync(one)) ?? '/usr/lib/apache2/modules';
  return `${modules.map((one) => `LoadModule ${one}_module ${at}/mod_${one}.so`).join('\n')}
ServerName oracle
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/logs/error
Timeout 5
KeepAliveTimeout 1
ServerLimit 1
StartServers 1
ThreadsPerChild 64
MaxRequestWorkers 64
MinSpareThreads 1
MaxSpareThreads 64
SetEnv proxy-sendcl 1
SetEnv proxy-nokeepalive 1
AllowEncodedSlashes NoDecode
RequestHeader set X-Oracle-Port "expr=%{REMOTE_PORT}"
ProxyPass / http://127.0.0.1:${upstream}/ nocanon
`;
}

/** Behind the proxies, whose requests are clean: one request a connection, its length always said. */
async function startUpstream(record: (line: Line) => void): Promise<net.Server> {
  const server = net.createServer((socket) => {
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      text += piece;
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = text.slice(0, headEnd);
      const body = text.slice(headEnd + 4);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      const port = Number(/\r\nx-oracle-port: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (body.length < length) return;
      const line = head.slice(0, head.indexOf('\r\n') < 0 ? undefined : head.indexOf('\r\n'));
      const [, method, target] = /^(\S*) (.*) HTTP\/1\.[01]$/s.exec(line) ?? ['', line, ''];
      record({ port, method: method, target: target, body });
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function accepts(port: number, child: ChildProcess, errors: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended: ${errors()}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens: ${errors()}`);
}
