import { connect } from 'node:net';
import type { ForwardSettings } from '../config/settings.ts';
import type { EndpointState } from '../status/status-source.ts';

const EVERY_MS = 10_000;

interface Probed { readonly fault: string | null }

/**
 * Tries the endpoints at the start and while nothing is delivered, so that a state is what somebody has seen and not a
 * guess: a connection is opened and closed. It sends nothing: a request would be inspected, and counted, as one of a
 * client.
 */
export class EndpointProbe {
  readonly #settings: ForwardSettings;
  readonly #delivered: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #probed = new Map<string, Probed>();
  #lastDelivered = 0;

  /** @param delivered requests delivered so far: while they grow, they tell more than a probe */
  constructor(settings: ForwardSettings, delivered: () => number) {
    this.#settings = settings;
    this.#delivered = delivered;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#timer.unref();
    this.#look();
  }

  /** What is known, from deliveries and probes together. */
  merge(states: readonly EndpointState[]): EndpointState[] {
    return states.map((state) => {
      const probed = this.#probed.get(state.key);
      if (probed === undefined || state.condition === 'none' || this.#isBusy()) return state;
      if (probed.fault !== null) return { ...state, condition: 'failing', detail: probed.fault };
      if (state.condition === 'failing') return { ...state, condition: 'reachable', detail: `takes connections again; before that: ${state.detail}` };
      if (state.condition === 'untried') return { ...state, condition: 'reachable', detail: 'takes connections; no request was answered yet' };
      return state;
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #isBusy(): boolean {
    return this.#delivered() !== this.#lastDelivered;
  }

  #look(): void {
    const isBusy = this.#isBusy();
    this.#lastDelivered = this.#delivered();
    if (isBusy) {
      this.#probed.clear();
      return;
    }
    this.#try('forward.endpoint', this.#settings.endpoint);
    this.#try('forward.raw_endpoint', this.#settings.rawEndpoint);
    this.#try('forward.ext_proc.endpoint', this.#settings.extProc.endpoint);
  }

  #try(key: string, url: string): void {
    if (url === '') return;
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
