import type { Endpoints } from '../http/message.ts';
import { KeyedHash } from './keyed-hash.ts';

/**
 * Which connections are delivered when only a share of them shall be. All requests of a connection share its fate, at every rebuilder with
 * the same key; a client that chooses its port cannot know what it chooses (the hash is keyed).
 */
export class Sampling {
  readonly #hash: KeyedHash;
  /** A word of the hash below this is in. */
  readonly #limit: number;

  /** `share`: 0 to 1. */
  constructor(key: Uint8Array, share: number) {
    this.#hash = new KeyedHash(key);
    this.#limit = share * 2 ** 32;
  }

  includes(endpoints: Endpoints): boolean {
    if (this.#limit >= 2 ** 32) return true;
    const { clientAddress, clientPort, serverAddress, serverPort } = endpoints;
    const words = this.#hash.digest(`sample ${clientAddress} ${clientPort} ${serverAddress} ${serverPort}`);
    return words[0]! >>> 0 < this.#limit;
  }
}
