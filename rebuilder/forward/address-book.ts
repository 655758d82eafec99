import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** All addresses of a name. Rejects when there are none to be had. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export const resolveByDns: Resolve = async (host) => (await lookup(host, { all: true })).map((entry) => entry.address);

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

/** One address of the endpoint, and how connecting to it went. */
export class Address {
  readonly ip: string;
  /** Connections open or being opened. */
  connections = 0;
  connecting = 0;
  /** In a row. */
  failures = 0;
  /** Requests the endpoint had answered when a connection here ended without answering one. */
  answeredAtFailure = -1;
  /** No new connection before. */
  retryAtMs = 0;
  /** false: the name does not have it any more. */
  present = true;

  constructor(ip: string) {
    this.ip = ip;
  }

  succeeded(): void {
    this.failures = 0;
    this.retryAtMs = 0;
  }

  failed(nowMs: number): void {
    this.failures++;
    // Half of each delay is random, so that rebuilders that lost the same node do not come back in step.
    const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(this.failures - 1, 10));
    this.retryAtMs = nowMs + delay * (0.5 + Math.random() / 2);
  }
}

/** The addresses behind the endpoint's name. An ALB's change while it runs, and its DNS answers live 60 s. */
export class AddressBook {
  readonly host: string;
  readonly port: number;
  addresses: Address[] = [];
  /** The last look-up's failure as a sentence; null = none. */
  error: string | null = null;
  readonly #resolve: Resolve;
  readonly #intervalMs: number;
  #lookedUpMs = -Infinity;
  #failures = 0;
  #pending = false;

  constructor(host: string, port: number, resolve: Resolve, intervalMs: number) {
    this.host = host;
    this.port = port;
    this.#resolve = resolve;
    this.#intervalMs = intervalMs;
    if (isIP(host) !== 0) this.addresses = [new Address(host)];
  }

  /** Looks the name up again when it is time to; `changed` is called once that is done. */
  refresh(nowMs: number, changed: () => void): void {
    if (isIP(this.host) !== 0 || this.#pending) return;
    const interval =
      this.#failures > 0
        ? Math.min(this.#intervalMs, FIRST_DELAY_MS * 2 ** Math.min(this.#failures, 6))
        : this.#intervalMs;
    if (nowMs - this.#lookedUpMs < interval) return;
    this.#lookedUpMs = nowMs;
    this.#pending = true;
    void this.#resolve(this.host).then((ips) => this.#replace(ips), (error: unknown) => this.#keep(error)).then(() => {
      this.#pending = false;
      changed();
    });
  }

  #replace(ips: readonly string[]): void {
    if (ips.length === 0) {
      this.#keep(new Error('it has no address'));
      return;
    }
    this.#failures = 0;
    this.error = null;
    const known = new Map(this.addresses.map((address) => [address.ip, address]));
    for (const address of this.addresses) address.present = false;
    this.addresses = [...new Set(ips)].map((ip) => known.get(ip) ?? new Address(ip));
    for (const address of this.addresses) address.present = true;
  }

  /** A name server that fails is no reason to leave addresses that work. */
  #keep(error: unknown): void {
    this.#failures++;
    this.error = `${this.host} cannot be resolved: ${error instanceof Error ? error.message : String(error)}`;
  }

  /** The address with the fewest connections that may be tried now; null = none. */
  choose(nowMs: number): Address | null {
    let best: Address | null = null;
    for (const address of this.addresses) {
      if (nowMs < address.retryAtMs || (address.failures > 0 && address.connecting > 0)) continue;
      if (best === null || address.connections < best.connections) best = address;
    }
    return best;
  }
}
