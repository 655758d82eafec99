import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address, ListenSettings } from '../config/settings.ts';
import { canReceive, healthText, live, ready, type Health } from './health.ts';
import { metrics } from './metrics.ts';
import { content, CONTENT_SECURITY_POLICY, page } from './page.ts';
import { RateHistory } from './rates.ts';
import type { StatusSource } from './status-source.ts';

interface Answer { readonly status: number; readonly type: string; readonly body: string }
type Routes = Readonly<Record<string, (query: string) => Answer | Promise<Answer>>>;

const SAMPLE_EVERY_MS = 1000;

/** The addresses really bound, as `host:port`; null = switched off. */
export class StatusServer {
  readonly metricsAddress: string | null;
  readonly healthAddress: string | null;
  private readonly servers: readonly Server[];
  private readonly timer: NodeJS.Timeout;

  private constructor(metricsServer: Server | null, healthServer: Server | null, timer: NodeJS.Timeout) {
    this.metricsAddress = metricsServer && boundTo(metricsServer);
    this.healthAddress = healthServer && boundTo(healthServer);
    this.servers = [metricsServer, healthServer].filter((server) => server !== null);
    this.timer = timer;
  }

  /**
   * Serves `/` (the status page) and `/metrics` on the one address, `/-/healthcheck`, `/live` and `/ready` on the other (all on both, when
   * they are the same). Rejects with one sentence when an address cannot be bound; nothing stays open then.
   */
  static async start(source: StatusSource, metricsSettings: ListenSettings, healthSettings: ListenSettings): Promise<StatusServer> {
    const rates = new RateHistory();
    rates.sample(source.ledger(), Date.now());
    const view = pageRoutes(source, rates);
    const health = healthRoutes(source);
    const shared = metricsSettings.enabled && healthSettings.enabled && same(metricsSettings.listen, healthSettings.listen);
    const metricsServer = metricsSettings.enabled
      ? await listen(shared ? { ...view, ...health } : view, metricsSettings.listen, 'metrics')
      : null;
    let healthServer: Server | null = shared ? metricsServer : null;
    try {
      if (healthSettings.enabled && !shared) healthServer = await listen(health, healthSettings.listen, 'health_check');
    } catch (error) {
      if (metricsServer) await closed(metricsServer);
      throw error;
    }
    const timer = setInterval(() => rates.sample(source.ledger(), Date.now()), SAMPLE_EVERY_MS);
    timer.unref();
    return new StatusServer(metricsServer, healthServer, timer);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.servers.map(closed));
  }
}

function pageRoutes(source: StatusSource, rates: RateHistory): Routes {
  const registry = metrics(source);
  return {
    '/': (query) => ({
      status: 200,
      type: 'text/html; charset=utf-8',
      body: query === 'part=content' ? content(source, rates, Date.now()) : page(source, rates, Date.now()),
    }),
    '/metrics': async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
  };
}

function healthRoutes(source: StatusSource): Routes {
  const answer = (health: Health): Answer => ({ status: health.ok ? 200 : 503, type: 'application/x-ndjson', body: healthText(health) });
  return {
    '/-/healthcheck': () => answer(canReceive(source)),
    '/live': () => answer(live(source, Date.now())),
    '/ready': () => answer(ready(source, Date.now())),
  };
}

async function respond(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  const answer: Answer = request.method !== 'GET' && request.method !== 'HEAD'
    ? { status: 405, type: 'text/plain', body: 'only GET and HEAD are understood\n' }
    : await route?.(query) ?? { status: 404, type: 'text/plain', body: `not here; try ${Object.keys(routes).join(' ')}\n` };
  response.writeHead(answer.status, {
    'Content-Type': answer.type,
    'Content-Length': Buffer.byteLength(answer.body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': answer.type.startsWith('text/html') ? CONTENT_SECURITY_POLICY : 'default-src \'none\'',
    ...(answer.status === 405 ? { Allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function listen(routes: Routes, address: Address, key: 'metrics' | 'health_check'): Promise<Server> {
  const server = createServer((request, response) => {
    respond(routes, request, response).catch(() => response.destroy());
  });
  // Whoever can reach the port must not be able to hold it: a few idle clients, each for a few seconds.
  server.maxConnections = 256;
  server.headersTimeout = 5000;
  server.requestTimeout = 5000;
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(bindSentence(error, address, key))));
    server.listen(address.port, address.host === '' ? undefined : address.host, () => resolve());
  });
  server.removeAllListeners('error');
  server.on('error', () => undefined);
  return server;
}

function bindSentence(error: NodeJS.ErrnoException, address: Address, key: string): string {
  const where = `${key}.listen_address: ${address.host}:${address.port}`;
  const off = `or ${key}.enabled: false`;
  switch (error.code) {
    case 'EADDRINUSE': return `${where} is in use by another process: choose another port, ${off}`;
    case 'EACCES': return `${where} needs more rights than this user has: choose a port from 1024 up, ${off}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return `${where} is not an address of this machine: choose one of its own, 127.0.0.1 or 0.0.0.0, ${off}`;
    default: return `${where} cannot be listened on (${error.code ?? error.message}): choose another address, ${off}`;
  }
}

function boundTo(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

function same(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port && a.port !== 0;
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
