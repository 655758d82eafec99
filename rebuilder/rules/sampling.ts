import { createHmac } from 'node:crypto';
import type { Endpoints } from '../http/message.ts';

/**
 * `forward.sample`: whole connections, chosen by a keyed hash of their addresses and ports, so that a client cannot
 * choose ports that are left out. All rebuilders with the same key choose alike.
 */
export class Sampling {
  readonly #share: number;
  readonly #key: Uint8Array;
  readonly #chosen = new WeakMap<Endpoints, boolean>();

  /** @param share 0 = none, 1 = all @param key secret, any length */
  constructor(share: number, key: Uint8Array) {
    this.#share = share;
    this.#key = key;
  }

  takes(endpoints: Endpoints): boolean {
    if (this.#share >= 1) return true;
    let chosen = this.#chosen.get(endpoints);
    if (chosen === undefined) {
      const { clientAddress, clientPort, serverAddress, serverPort } = endpoints;
      const hash = createHmac('sha256', this.#key).update(`sample ${clientAddress} ${clientPort} ${serverAddress} ${serverPort}`).digest();
      chosen = hash.readUInt32BE(0) / 2 ** 32 < this.#share;
      this.#chosen.set(endpoints, chosen);
    }
    return chosen;
  }
}
