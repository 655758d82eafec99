import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address, ListenSettings } from '../config/settings.ts';
import { refusal } from './access.ts';
import { type Answer, HEADERS, plain, type Route, type Routes } from './answer.ts';
import { CONTENT_SECURITY_POLICY } from './assets.ts';
import { canReceive, healthText, live, ready, type Health } from './health.ts';
import { metrics } from './metrics.ts';
import { StatusPage } from './status-page.ts';
import type { StatusSource } from './status-source.ts';

/** For programs that know the machine by any name: their Host is not looked at when they come from another machine. */
const FOR_PROGRAMS: ReadonlySet<string> = new Set(['/metrics', '/-/healthcheck', '/live', '/ready']);

/** The addresses really bound, as `host:port`; null = switched off. */
export class StatusServer {
  readonly metricsAddress: string | null;
  readonly healthAddress: string | null;
  readonly #servers: readonly Server[];
  readonly #page: StatusPage;

  private constructor(metricsServer: Server | null, healthServer: Server | null, page: StatusPage) {
    this.metricsAddress = metricsServer && boundTo(metricsServer);
    this.healthAddress = healthServer && boundTo(healthServer);
    this.#servers = [metricsServer, healthServer].filter((server) => server !== null);
    this.#page = page;
  }

  /**
   * Serves `/` (the status page), `/metrics` and the states of health on the one address, `/-/healthcheck`, `/live` and
   * `/ready` on the other. Rejects with one sentence when an address cannot be bound; nothing stays open then.
   */
  static async start(
    source: StatusSource, metricsSettings: ListenSettings, healthSettings: ListenSettings,
  ): Promise<StatusServer> {
    const page = new StatusPage(source);
    const registry = metrics(source);
    const health = healthRoutes(source);
    const all: Routes = {
      ...page.routes,
      '/metrics': async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
      ...health,
    };
    let metricsServer: Server | null = null;
    let healthServer: Server | null = null;
    try {
      if (metricsSettings.enabled) metricsServer = await listen(all, metricsSettings.listen, 'metrics');
      if (healthSettings.enabled) healthServer = await listen(health, healthSettings.listen, 'health_check');
    } catch (error) {
      page.close();
      if (metricsServer) await closed(metricsServer);
      throw error;
    }
    return new StatusServer(metricsServer, healthServer, page);
  }

  async close(): Promise<void> {
    this.#page.close();
    await Promise.all(this.#servers.map(closed));
  }
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
  const answer = await answerTo(routes, path, query, request, response);
  if (answer === null) return;
  response.writeHead(answer.status, {
    ...HEADERS,
    'Content-Type': answer.type,
    'Content-Length': Buffer.byteLength(answer.body),
    'Content-Security-Policy': answer.type.startsWith('text/html') ? CONTENT_SECURITY_POLICY : 'default-src \'none\'',
    ...(answer.status === 405 ? { Allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

function answerTo(
  routes: Routes, path: string, query: string, request: IncomingMessage, response: ServerResponse,
): ReturnType<Route> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET and HEAD are understood');
  const refused = FOR_PROGRAMS.has(path) && !isOnLoopback(request) ? null : refusal(request);
  if (refused !== null) return plain(403, refused);
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  return route === undefined ? plain(404, `not here; try ${Object.keys(routes).join(' ')}`) : route(request, response, new URLSearchParams(query));
}

/**
 * A browser of this machine can be led here by any name; another machine's cannot reach an address that is only this
 * one's.
 */
function isOnLoopback({ socket: { localAddress = '' } }: IncomingMessage): boolean {
  return localAddress === '::1' || /^(?:::ffff:)?127\./.test(localAddress);
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

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
