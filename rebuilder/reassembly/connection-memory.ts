import type { Budget } from './budget.ts';

/** Whose objects are charged. */
export interface Charged {
  /** It has grown by so much, until it ends; fewer than 0: it has shrunk. */
  charge(bytes: number): void;
}

/**
 * What objects are charged, bytes: twice what they take (Node 24), because V8 collects those of connections that are
 * over only when they have grown to about as much as is in use. test/scale/charges.test.ts measures them.
 */
export const CHARGE = {
  /** As long as one direction is seen. */
  connection: 4096,
  /** What reads the other one. */
  server: 2048,
  /** What reads TLS, or passes over what is nothing known; with HTTP/2 besides that. */
  otherProtocol: 768,
  http2: 12_800,
  /** A SYN that nothing followed: no object but a slot, and one that was made for more to come. */
  syn: 280,
  /** A field of an HPACK table. */
  tableField: 448,
  contest: 1792,
  /** A reader beside the first. */
  reader: 1280,
  /** A request remembered because it may be told again, and each digest of its readings. */
  toldRequest: 640,
  digest: 192,
  /** A request whose response is still to come and frames what follows. */
  outstanding: 256,
  /** … and that waits for it. */
  waiting: 2560,
  /** Around the bytes of a message that are held: of the bytes, too, some are collected late. */
  held: 3072,
} as const;

/** So much connections take besides `limits.memory`: a thousand are known whatever messages hold. */
export const FREE_BYTES = 1 << 22;
/** Beyond this share of `limits.memory` connections make room, so that messages find some. */
const FULL = 15 / 16;

/** What the objects of all connections take, charged to the budget of the messages. */
export class ConnectionMemory implements Charged {
  readonly #budget: Budget;
  #bytes = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Whoever is charged exists already, whatever is left: others make room (isShort). */
  charge(bytes: number): void {
    const before = Math.max(0, this.#bytes - FREE_BYTES);
    this.#bytes += bytes;
    this.#budget.usedBytes += Math.max(0, this.#bytes - FREE_BYTES) - before;
  }

  /** Do connections have to make room? */
  get isShort(): boolean {
    return this.#bytes > FREE_BYTES && this.#budget.usedBytes > FULL * this.#budget.limitBytes;
  }
}
