import { connect } from 'node:net';
import type { ForwardSettings } from '../config/settings.ts';
import type { EndpointState } from '../status/status-source.ts';

const EVERY_MS = 10_000;

interface Probed { readonly fault: string | null }

/** What goes to an endpoint: requests, or exchanges. */
interface Deliveries {
  /** Since the start. */
  readonly delivered: number;
  /** Queued, or sent and not answered. */
  readonly waiting: number;
}

/**
 * Tries the endpoints at the start and while nothing is delivered, so that a state is what somebody has seen and not a
 * guess: a connection is opened and closed. It sends nothing: a request would be inspected, and counted, as one of a
 * client.
 */
export class EndpointProbe {
  readonly #settings: ForwardSettings;
  readonly #deliveries: (key: string) => Deliveries;
  readonly #timer: NodeJS.Timeout;
  readonly #probed = new Map<string, Probed>();
  readonly #lastDelivered = new Map<string, number>();

  /** @param deliveries by the key of an endpoint: while they are made, or fail, they tell more than a probe */
  constructor(settings: ForwardSettings, deliveries: (key: string) => Deliveries) {
    this.#settings = settings;
    this.#deliveries = deliveries;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#timer.unref();
    this.#look();
  }

  /** What is known, from deliveries and probes together. */
  merge(states: readonly EndpointState[]): EndpointState[] {
    return states.map((state) => {
      const probed = this.#probed.get(state.key);
      if (probed === undefined || state.condition === 'none' || this.#isBusy(state.key)) return state;
      // A load balancer takes connections without a single node behind it: what waits is tried again and again, and is
      // what knows.
      if (state.condition === 'failing' && this.#deliveries(state.key).waiting > 0) return state;
      if (probed.fault !== null) return { ...state, condition: 'failing', detail: probed.fault };
      if (state.condition === 'failing') return { ...state, condition: 'reachable', detail: `takes connections again; before that: ${state.detail}` };
      if (state.condition === 'untried') return { ...state, condition: 'reachable', detail: 'takes connections; no request was answered yet' };
      return state;
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #isBusy(key: string): boolean {
    return this.#deliveries(key).delivered !== (this.#lastDelivered.get(key) ?? 0);
  }

  #look(): void {
    this.#try('forward.endpoint', this.#settings.endpoint);
    this.#try('forward.raw_endpoint', this.#settings.rawEndpoint);
    this.#try('forward.ext_proc.endpoint', this.#settings.extProc.endpoint);
  }

  #try(key: string, url: string): void {
    if (url === '') return;
    const isBusy = this.#isBusy(key);
    this.#lastDelivered.set(key, this.#deliveries(key).delivered);
    if (isBusy) {
      this.#probed.delete(key);
      return;
    }
    const { hostname, port, protocol } = new URL(url.includes('://') ? url : `http://${url}`);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const defaultPort = protocol === 'https:' ? 443 : 80;
    const socket = connect({ host, port: Number(port) || defaultPort, timeout: this.#settings.connectTimeoutMs });
    socket.unref();
    const done = (fault: string | null): void => {
      socket.destroy();
      this.#probed.set(key, { fault });
    };
    socket.once('connect', () => done(null));
    socket.once('timeout', () => done(`no connection in ${this.#settings.connectTimeoutMs} ms`));
    socket.once('error', (error: NodeJS.ErrnoException) => done(`cannot be reached: ${error.code ?? error.message}`));
  }
}
