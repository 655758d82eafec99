import type { IncomingMessage, ServerResponse } from 'node:http';
import { maskHead, printable } from '../rules/shown-request.ts';
import { isLoopback } from './access.ts';
import { type Answer, HEADERS, json, plain, type Routes } from './answer.ts';
import { asset, ASSET_PATHS } from './assets.ts';
import { DOCS_PATHS, docsPage } from './docs-pages.ts';
import { EventStream, type StreamEvent } from './event-stream.ts';
import { fate } from './fate.ts';
import { RateHistory } from './rates.ts';
import type { RecentRequest } from './recent-requests.ts';
import { snapshot, type Snapshot } from './snapshot.ts';
import type { StatusSource } from './status-source.ts';

const SAMPLE_EVERY_MS = 1000;

/** A request as a line of a list: what `/events` and `/status.json` tell of it. */
export type ListedRequest = Omit<RecentRequest, 'head' | 'steps' | 'lost' | 'irregular'> & {
  /** What the demo's stand-in for a node has flagged. */
  readonly flagged: string | null;
};

/**
 * The status page: one event a second for each browser that has it open, and nothing but a sample of the counters when
 * none has.
 */
export class StatusPage {
  readonly routes: Routes;
  readonly #source: StatusSource;
  readonly #rates = new RateHistory();
  readonly #stream = new EventStream();
  readonly #timer: NodeJS.Timeout;

  constructor(source: StatusSource) {
    this.#source = source;
    this.routes = {
      ...Object.fromEntries(ASSET_PATHS.map((path) => [path, () => ({ status: 200, ...asset(path) })])),
      ...Object.fromEntries(DOCS_PATHS.map((path) => [path, () => ({ status: 200, type: 'text/html; charset=utf-8', body: docsPage(path) })])),
      '/events': (request, response) => this.#open(request, response),
      '/status.json': () => json({ ...this.#snapshot(), requests: this.#changes(0).requests }),
      '/request': (request, _response, query) => this.#request(request, query),
      '/configuration': () => ({ status: 200, type: 'text/plain; charset=utf-8', body: source.configuration }),
    };
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stream.close();
  }

  #sample(): void {
    this.#rates.sample(this.#source.ledger(), this.#source.measures(), Date.now());
    if (this.#stream.readers > 0) this.#send();
  }

  #snapshot(): Snapshot {
    return snapshot(this.#source, this.#rates, Date.now());
  }

  #open(request: IncomingMessage, response: ServerResponse): Answer | null {
    if (request.method === 'HEAD') return plain(405, 'events are read with GET');
    if (!this.#stream.add(response, HEADERS)) return plain(503, 'too many pages are open: close one');
    response.write(`event: page\ndata: ${JSON.stringify({ showsValues: isLoopback(request) })}\n\n`);
    this.#send();
    return null;
  }

  #send(): void {
    const state: StreamEvent = { event: 'state', data: this.#snapshot() };
    this.#stream.send((seen) => {
      const { requests, revision } = this.#changes(seen);
      return { events: requests.length === 0 ? [state] : [state, { event: 'requests', data: requests }], cursor: revision };
    });
  }

  #changes(since: number): { requests: ListedRequest[]; revision: number } {
    const { requests, revision } = this.#source.recent(since) ?? { requests: [], revision: 0 };
    return { requests: requests.map((one) => this.#listed(one)), revision };
  }

  #listed(request: RecentRequest): ListedRequest {
    const {
      key, id, timeMs, method, host, target, bodySize, client, source, server, vni, status, tookMs, badges, end,
    } = request;
    return {
      key, id, timeMs, method, host, target, bodySize, client, source, server, vni, status, tookMs, badges, end,
      flagged: this.#source.attackIn?.(id, badges.includes('second reading')) ?? null,
    };
  }

  /**
   * The head of a request and its fate. Values are masked as the logs mask them; whoever sits at this machine may see
   * them.
   */
  #request(request: IncomingMessage, query: URLSearchParams): Answer {
    const key = query.get('key');
    const found = this.#source.recent(0)?.requests.find((one) => one.key === key);
    if (found === undefined) return plain(404, 'this request is no longer kept');
    const asSent = query.get('values') === 'shown';
    if (asSent && !isLoopback(request)) return plain(403, 'values are shown on this machine only: open the page by 127.0.0.1, through a tunnel for instance');
    const text = asSent ? found.head.replaceAll('\r', '') : maskHead(found.head);
    return json({ head: text.trimEnd().split('\n').map(printable), fate: fate(found), lost: found.lost, irregular: found.irregular });
  }
}
