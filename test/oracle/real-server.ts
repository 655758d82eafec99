// What the servers of both oracles have in common: a program that listens, and who stands behind the proxies.
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { endGroup } from '../process-group.ts';

/** A request that a server served, latin1; a body is null when nobody behind it read one, or not to its end. */
export interface Served {
  readonly method: string;
  readonly target: string;
  readonly body: string | null;
  /** What the header `x-m` said; undefined = nobody looked. */
  readonly field?: string;
}

/** A line of a recorder, JSON: what was served of whom. */
export interface Line extends Served { readonly port: number }

/** A running server. */
export interface Server {
  readonly name: string;
  readonly port: number;
  /** The process group of its program and whatever that has started. */
  readonly group: number;
  /** By the client's port, in the order they were served. */
  readonly served: Map<number, Served[]>;
  /** Throws if a process of it is left. */
  stop(): Promise<void>;
}

/** How long a server may take to end by itself: one that reads what never comes (gunicorn, behind a chunk) does not. */
const PATIENCE_MS = 2000;

/** Keeps what recorders say by the client's port. */
export function recordIn(served: Map<number, Served[]>): (line: Line) => void {
  return ({ port, ...one }) => {
    const list = served.get(port);
    if (list === undefined) served.set(port, [one]);
    else list.push(one);
  };
}

/**
 * A program that has been started to listen on `port`, the leader of a process group.
 * @param record gets the lines that it prints; null = it prints none
 * @param cleanUp is called behind its end
 */
export async function running(
  name: string, port: number, child: ChildProcess, served: Map<number, Served[]>, record: ((line: Line) => void) | null,
  cleanUp: () => void,
): Promise<Server> {
  if (record !== null) createInterface({ input: child.stdout! }).on('line', (line) => record(JSON.parse(line) as Line));
  else child.stdout!.resume();
  let errors = '';
  child.stderr!.on('data', (text: Buffer) => { errors = (errors + text.toString()).slice(-2000); });
  try {
    await accepts(port, child, () => errors);
  } catch (error) {
    await endGroup(child, 0);
    cleanUp();
    throw error;
  }
  const stop = async (): Promise<void> => {
    try {
      await endGroup(child, PATIENCE_MS);
    } finally {
      cleanUp();
    }
  };
  return { name, port, group: child.pid!, served, stop };
}

/** What Apache needs of every configuration here. */
export function apacheConfiguration(
  port: number, upstream: number, folder: string, moreModules: readonly string[] = [], more = '',
): string {
  const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers', 'env', ...moreModules];
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
${more}`;
}

/** @param listen what stands behind the port */
export function nginxConfiguration(port: number, upstream: number, folder: string, listen = '', more = ''): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`).join(' ');
  return `worker_processes 1; pid ${folder}/pid; error_log stderr crit; ${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http { access_log off; ${temporary} ${more}
  server { listen 127.0.0.1:${port} ${listen} backlog=511; location / {
    proxy_pass http://127.0.0.1:${upstream}; proxy_set_header X-Oracle-Port $remote_port; client_body_buffer_size 1m; proxy_ignore_client_abort on; } } }`;
}

/** @param listen what stands behind the address */
export function haproxyConfiguration(port: number, upstream: number, listen = ''): string {
  return `global
  maxconn 2000
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend oracle
  bind 127.0.0.1:${port} ${listen}
  http-request set-header X-Oracle-Port %[src_port]
  default_backend upstream
backend upstream
  server upstream 127.0.0.1:${upstream}
`;
}

/**
 * JSON is YAML to Envoy.
 * @param codec of its HttpConnectionManager
 */
export function envoyConfiguration(port: number, upstream: number, codec: object): string {
  const address = (at: number): object => ({ socket_address: { address: '127.0.0.1', port_value: at } });
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    'stat_prefix': 'oracle', ...codec, 'http_filters': [{ name: 'envoy.filters.http.router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
    'route_config': { virtual_hosts: [{
      name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }],
      request_headers_to_add: [{ header: { key: 'X-Oracle-Port', value: '%DOWNSTREAM_REMOTE_PORT%' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
    }] },
  };
  return `${JSON.stringify({ static_resources: {
    listeners: [{ address: address(port), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] }],
    clusters: [{ name: 'upstream', type: 'STATIC', load_assignment: { cluster_name: 'upstream', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }] } }],
  } })}\n`;
}

/** Behind the proxies, whose requests are clean: one request a connection, its body framed in one way. */
export async function startUpstream(record: (line: Line) => void): Promise<net.Server> {
  const server = net.createServer((socket) => {
    let text = '';
    let isRecorded = false;
    let isAwaited = false;
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      text += piece;
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd < 0 || isRecorded) return;
      if (!isAwaited && /\r\nexpect: *100-continue/i.test(text.slice(0, headEnd))) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      isAwaited = true;
      const body = bodyOf(text.slice(0, headEnd), text.slice(headEnd + 4));
      if (body === null) return;
      isRecorded = true;
      // What follows CONNECT is a tunnel's to HAProxy, whatever it says of a body.
      record(lineOf(text.slice(0, headEnd), text.startsWith('CONNECT ') ? null : body));
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    });
    socket.on('close', () => {
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd >= 0 && !isRecorded) record(lineOf(text.slice(0, headEnd), null));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function lineOf(head: string, body: string | null): Line {
  const line = head.slice(0, head.indexOf('\r\n') < 0 ? undefined : head.indexOf('\r\n'));
  const [, method, target] = /^(\S*) (.*) HTTP\/1\.[01]$/s.exec(line) ?? ['', line, ''];
  const port = Number(/\r\nx-oracle-port: *(\d+)/i.exec(head)?.[1] ?? 0);
  const field = [...head.matchAll(/\r\nx-m:([^\r\n]*)/gi)].map(([, value]) => value).join(',');
  return { port, method, target, body, field };
}

/** null = more of it is to come */
function bodyOf(head: string, rest: string): string | null {
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    return rest.length < length ? null : rest.slice(0, length);
  }
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = parseInt(rest.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (size === 0) return rest.indexOf('\r\n\r\n', lineEnd) < 0 ? null : body;
    if (rest.length < end + 2) return null;
    body += rest.slice(lineEnd + 2, end);
    at = end + 2;
  }
}

async function accepts(port: number, child: ChildProcess, errors: () => string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
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
