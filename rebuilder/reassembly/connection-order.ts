import type { Connection } from './connection.ts';
import { mix } from './flow-key.ts';
import { UsageOrder } from './usage-order.ts';

/** So many of the oldest are looked at for the client that has begun most. */
const CANDIDATES = 16;
/** Counters, of which each client has one. */
const CLIENTS = 4096;

/**
 * Who makes room for a new connection. First those that brought nothing, then those between two messages, the one
 * unused for longest first. Those in the middle of a message come last, and of these one of the client that has most:
 * whoever begins thousands pushes out its own, not what somebody else has half sent.
 */
export class ConnectionOrder {
  readonly #opened = new UsageOrder<Connection>();
  readonly #used = new UsageOrder<Connection>();
  /** Found in the middle of a message when room was needed, until they are next touched. */
  readonly #begun = new UsageOrder<Connection>();
  /** How many of #begun a client has, by a hash of its address. */
  readonly #begunBy = new Int32Array(CLIENTS);
  readonly #all = [this.#opened, this.#used, this.#begun];

  link(connection: Connection): void {
    this.#into(connection.hasData ? this.#used : this.#opened, connection);
  }

  unlink(connection: Connection): void {
    connection.order?.unlink(connection);
    if (connection.order === this.#begun) this.#begunBy[clientOf(connection)]!--;
    connection.order = null;
  }

  /** It is in use, or has brought its first data. */
  touch(connection: Connection): void {
    this.unlink(connection);
    this.link(connection);
  }

  /** One of those not touched since `beforeMs`; null = there is none. */
  untouchedSince(beforeMs: number): Connection | null {
    for (const { oldest } of this.#all) if (oldest !== null && oldest.touchedMs <= beforeMs) return oldest;
    return null;
  }

  get first(): Connection | null {
    return this.#used.oldest ?? this.#begun.oldest ?? this.#opened.oldest;
  }

  /** @param isIdle it must not be in the middle of a message. @returns who makes room; null = there is nobody */
  leastUsed(isIdle: boolean): Connection | null {
    return this.#unused(this.#opened) ?? this.#betweenMessages() ?? this.#inMessage(isIdle);
  }

  #into(order: UsageOrder<Connection>, connection: Connection): void {
    order.link(connection);
    connection.order = order;
  }

  /** Those in use since they were touched have their turn later: new ones do not push them out. */
  #unused(order: UsageOrder<Connection>): Connection | null {
    for (let one = order.oldest; one !== null; one = order.oldest) {
      if (one.lastPacketMs === one.touchedMs) return one;
      one.touchedMs = one.lastPacketMs;
      order.touch(one);
    }
    return null;
  }

  #betweenMessages(): Connection | null {
    for (let one = this.#unused(this.#used); one !== null; one = this.#unused(this.#used)) {
      if (!isBegun(one)) return one;
      this.#used.unlink(one);
      this.#into(this.#begun, one);
      this.#begunBy[clientOf(one)]!++;
    }
    return null;
  }

  #inMessage(isIdle: boolean): Connection | null {
    let found: Connection | null = null;
    let one = this.#unused(this.#begun);
    for (let looked = 0; one !== null && looked < CANDIDATES; looked++, one = one.newer) {
      if (!isBegun(one)) return one;
      const isMore = found === null || this.#begunBy[clientOf(one)]! > this.#begunBy[clientOf(found)]!;
      if (!isIdle && isMore) found = one;
    }
    return found;
  }
}

function isBegun({ fromA, fromB }: Connection): boolean {
  return fromA.unfinished || fromB.unfinished;
}

function clientOf({ client, a0, a1, a2, a3, b0, b1, b2, b3 }: Connection): number {
  const word = client === 'b' ? b0 ^ b1 ^ b2 ^ b3 : a0 ^ a1 ^ a2 ^ a3;
  return mix(word) & CLIENTS - 1;
}
