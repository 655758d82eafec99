import type { CounterName, Ledger } from '../ledger.ts';
import type { AddressBook } from './address-book.ts';
import { Backlog } from './backlog.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner, End } from './connection.ts';
import { ConnectionSet } from './connection-set.ts';
import { releaseDelivery, Trait } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import type { DeliveryMeter } from './delivery-meter.ts';
import type { PoolOptions, PoolOwner } from './pool-owner.ts';
import { Pace } from './pace.ts';
import { verdict } from './verdict.ts';

/** Bytes put on one connection at once. */
const MAX_BATCH_BYTES = 256 * 1024;
const MAX_CONNECTING = 4;
/** The part of the deadline in which a request waits for its first form to be sent, and that another has at least. */
export const OTHER_FORM_SHARE = 1 / 2;

const REASON_OF_END: Readonly<Record<'lost' | 'timeout' | 'bad_response', CounterName>> = {
  lost: 'forward.connection_lost',
  timeout: 'forward.response_timeout',
  bad_response: 'forward.bad_response',
};

/** The connections to one endpoint, and what waits for them. */
export class Pool implements ConnectionOwner {
  readonly backlog: Backlog;
  readonly addresses: AddressBook;
  /** Requests sent and not answered. */
  inFlight = 0;
  /** Requests that the endpoint gave a final response to. */
  answeredCount = 0;
  lastAnswerMs: number | null = null;
  /** Why the last connection or look-up failed; null = the last one did not. */
  lastError: string | null = null;
  readonly #options: PoolOptions;
  readonly #owner: PoolOwner;
  readonly #ledger: Ledger;
  readonly #clock: () => number;
  readonly #connections: ConnectionSet;
  #connecting = 0;
  readonly #pace: Pace;
  /** Of those alone, while others are answered. */
  readonly #alonePace = new Pace(1);
  #closesBehindHttp10 = false;
  #isStopped = false;
  /** Whose request the load balancer last answered in the node's place. */
  #failedClient = '';
  readonly #meter: DeliveryMeter;

  constructor(
    addresses: AddressBook, options: PoolOptions, owner: PoolOwner, ledger: Ledger, clock: () => number,
    meter: DeliveryMeter,
  ) {
    this.#meter = meter;
    this.addresses = addresses;
    this.backlog = new Backlog(options.isSingle);
    this.#options = options;
    this.#owner = owner;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#connections = new ConnectionSet(options.isSingle, options.maxConnections);
    this.#pace = new Pace(options.pipelining);
  }

  get openConnections(): number {
    return this.#connections.all.length - this.#connecting;
  }

  /** Sends what the connections can take now. */
  pump(): void {
    if (this.#isStopped || this.backlog.length === 0) return;
    const now = this.#clock();
    if (this.#pace.isPaused(now)) return;
    if (this.#pace.isProbing) {
      if (this.inFlight === 0) this.#probe(now);
      return;
    }
    while (this.backlog.alone.length > 0 && !this.#alonePace.isPaused(now)) {
      const idle = this.#connections.idleSince(this.backlog.alone.oldest()!.lostMs);
      if (idle === null) break;
      this.#sendAlone(idle, this.backlog.alone.shift()!, now);
    }
    this.#connections.reserve(this.backlog.alone.length > 0 && !this.#alonePace.isPaused(now));
    while (this.backlog.queue.length > 0) {
      const connection = this.#connections.pick(this.#pace.depth);
      if (connection === null) break;
      this.#fill(connection, now);
    }
    this.#grow(now);
  }

  /** The load balancer had no node to ask: one request at a time until one is answered. */
  #probe(now: number): void {
    const queue = this.backlog.queue.length > 0 ? this.backlog.queue : this.backlog.alone;
    const idle = this.#connections.idleSince(queue.oldest()!.lostMs);
    if (idle === null) this.#grow(now);
    else this.#sendAlone(idle, this.backlog.toProbe(this.#failedClient)!, now);
  }

  #sendAlone(connection: Connection, delivery: Delivery, now: number): void {
    connection.isExclusive = true;
    connection.sinceMs = now;
    this.inFlight++;
    connection.add(this.#meter.leaves(delivery, now));
    connection.send();
  }

  #fill(connection: Connection, now: number): void {
    let room = this.#pace.depth - connection.inFlight;
    let bytes = MAX_BATCH_BYTES;
    if (connection.inFlight === 0) connection.sinceMs = now;
    do {
      const delivery = this.backlog.queue.shift()!;
      bytes -= delivery.end - delivery.start;
      this.inFlight++;
      connection.add(this.#meter.leaves(delivery, now));
      if ((delivery.traits & Trait.http10) !== 0 && this.#closesBehindHttp10) {
        connection.isExclusive = true;
        break;
      }
    } while (--room > 0 && bytes > 0 && this.backlog.queue.length > 0);
    connection.send();
  }

  /** Opens connections for what is left, a few at a time. */
  #grow(now: number): void {
    for (;;) {
      const waiting = this.backlog.length;
      const wanted = this.#options.isSingle ? waiting : Math.min(MAX_CONNECTING, Math.ceil(waiting / this.#pace.depth));
      if (this.#connecting >= wanted || this.#connections.isFull) return;
      const address = this.addresses.choose(now);
      if (address === null) return;
      address.connections++;
      address.connecting++;
      this.#connecting++;
      this.#connections.all.push(new Connection(this, address, this.addresses.port, this.#options.isSingle, now));
    }
  }

  opened(connection: Connection): void {
    this.#connecting--;
    connection.address.connecting--;
    connection.sinceMs = this.#clock();
    this.#ledger.count('forward.connected');
    // On the shared path only an answer proves that somebody is there.
    if (this.#options.isSingle) connection.address.succeeded();
    this.pump();
  }

  answered(connection: Connection, delivery: Delivery): void {
    this.inFlight--;
    const { status, speaker, keepAlive } = connection.framer;
    if (!keepAlive && (delivery.traits & Trait.http10) !== 0) this.#closesBehindHttp10 = true;
    const outcome = verdict(status, speaker, this.#options.isSingle, !keepAlive);
    delivery.trace?.note(outcome === 'retry' ? 'unavailable' : 'answered', status);
    if (outcome === 'retry') return this.#unavailableAnswer(connection, delivery, status);
    if (outcome === 'unread') return this.#unreadAnswer(connection, delivery);
    this.answeredCount++;
    this.lastError = null;
    this.#pace.answered();
    this.#alonePace.settle();
    connection.address.succeeded();
    if (outcome === 'delivered' || outcome === 'server_error') {
      this.#meter.delivered(delivery, status);
      this.#owner.delivered(delivery);
    } else {
      this.#owner.undeliverable(delivery, outcome);
    }
    connection.discard(delivery);
  }

  /**
   * 502, 503 or 504 of the load balancer's own: it counts against the request only if others were answered since its
   * last failure.
   */
  #unavailableAnswer(connection: Connection, delivery: Delivery, status: number): void {
    this.lastError = `the load balancer answers ${status} in the node's place`;
    const isCharged = delivery.answeredAtFailure !== this.answeredCount;
    if (isCharged) {
      delivery.answeredAtFailure = this.answeredCount;
      delivery.attempts++;
    }
    // Others are answered: only those that fail wait.
    (isCharged && delivery.attempts > 1 ? this.#alonePace : this.#pace).unavailable(this.#clock());
    if (delivery.attempts >= this.#options.attempts) {
      this.#owner.undeliverable(delivery, 'forward.unavailable');
      connection.discard(delivery);
      return;
    }
    this.#ledger.count('forward.retried');
    // Not before those that did not fail: two that the load balancer cannot answer would keep them waiting for ever.
    this.#failedClient = delivery.client;
    this.backlog.alone.push(delivery);
  }

  /** 408: an attempt, as if the connection had ended before an answer. */
  #unreadAnswer(connection: Connection, delivery: Delivery): void {
    delivery.lostMs = this.#clock();
    if (++delivery.attempts < this.#options.attempts && delivery.alternate === null) {
      this.#ledger.count('forward.retried');
      this.backlog.alone.push(delivery);
      return;
    }
    this.#owner.undeliverable(delivery, 'forward.refused.408');
    connection.discard(delivery);
  }

  progressed(connection: Connection, count: number): void {
    this.#meter.readEnds();
    if (count > 0) {
      const now = this.#clock();
      this.#pace.took((now - connection.sinceMs) / count);
      this.lastAnswerMs = now;
      connection.sinceMs = now;
    }
    this.pump();
  }

  flushed(connection: Connection): void {
    // A large body took its time to leave; the node's time to answer begins now.
    connection.sinceMs = this.#clock();
    this.pump();
  }

  ended(connection: Connection, end: End, detail: string): void {
    this.#meter.readEnds();
    const now = this.#clock();
    const { address } = connection;
    this.#connections.remove(connection);
    address.connections--;
    if (!connection.hasOpened) {
      this.#connecting--;
      address.connecting--;
    }
    if (end === 'connect_failed') {
      address.failed(now);
      this.#ledger.count('forward.connect_failed');
      this.lastError = `${address.ip} port ${this.addresses.port} cannot be reached: ${detail}`;
    }
    let rest = connection.first;
    if (rest !== null) {
      this.#ledger.count('forward.connection_ended');
      if (end === 'lost' || end === 'timeout' || end === 'bad_response') {
        this.lastError = `${address.ip} port ${this.addresses.port}: ${detail}`;
        if (!connection.hasAnswered && !this.#options.isSingle) this.#fruitless(connection, now);
        const next = rest.next;
        this.#failed(rest, REASON_OF_END[end], now);
        rest = next;
      }
      this.#resend(rest);
    }
    this.pump();
  }

  /**
   * An address that takes connections and never answers is as good as closed, unless the endpoint answered elsewhere
   * meanwhile.
   */
  #fruitless(connection: Connection, now: number): void {
    const { address } = connection;
    if (address.answeredAtFailure === this.answeredCount) address.failed(now);
    else address.answeredAtFailure = this.answeredCount;
  }

  /** The first unanswered request of a connection that ended: it may be the reason. */
  #failed(delivery: Delivery, reason: CounterName, now: number): void {
    this.inFlight--;
    delivery.lostMs = now;
    delivery.next = null;
    // What the node waits for at the end of a form that it reads otherwise does not come the next time either.
    const hasOtherForm = delivery.alternate !== null && reason !== 'forward.connection_lost';
    if (++delivery.attempts >= this.#options.attempts || hasOtherForm) {
      this.drop(delivery, reason);
      return;
    }
    this.#ledger.count('forward.retried');
    delivery.trace?.note('failed', reason);
    this.backlog.alone.push(delivery);
  }

  /** Those behind it: back to the head of the queue, in their order. */
  #resend(first: Delivery | null): void {
    let reversed: Delivery | null = null;
    for (let delivery = first; delivery !== null;) {
      const next: Delivery | null = delivery.next;
      delivery.next = reversed;
      reversed = delivery;
      delivery = next;
    }
    while (reversed !== null) {
      const next: Delivery | null = reversed.next;
      this.inFlight--;
      this.#ledger.count('forward.resent');
      reversed.trace?.note('returned');
      if (reversed.attempts > 0 || (reversed.traits & Trait.alone) !== 0) this.backlog.alone.unshift(reversed);
      else this.backlog.queue.unshift(reversed);
      reversed = next;
    }
  }

  /** The end of a request that is in no list. */
  drop(delivery: Delivery, reason: CounterName): void {
    this.#owner.undeliverable(delivery, reason);
    releaseDelivery(delivery);
  }

  /** Everything that time does: timeouts, idle connections, deadlines, new addresses, another try. */
  tick(): void {
    if (this.#isStopped) return;
    const now = this.#clock();
    this.addresses.refresh(now, () => this.#addressesChanged());
    const { all } = this.#connections;
    for (let i = all.length - 1; i >= 0; i--) this.#check(all[i]!, now);
    const beforeMs = now - this.#options.deadlineMs;
    const otherFormMs = now - this.#options.deadlineMs * OTHER_FORM_SHARE;
    for (let late = this.backlog.shiftOlderThan(beforeMs, otherFormMs); late !== null;) {
      this.drop(late, 'forward.deadline');
      late = this.backlog.shiftOlderThan(beforeMs, otherFormMs);
    }
    this.pump();
  }

  #check(connection: Connection, now: number): void {
    const age = now - connection.sinceMs;
    const { connectTimeoutMs, responseTimeoutMs, idleTimeoutMs } = this.#options;
    if (!connection.isOpen) {
      if (age > connectTimeoutMs) connection.end('connect_failed', `no connection in ${connectTimeoutMs} ms`);
    } else if (connection.inFlight > 0) {
      if (age > responseTimeoutMs) connection.end('timeout', `no response in ${responseTimeoutMs} ms`);
    } else if (age > idleTimeoutMs || connection.isDraining) {
      connection.end('idle', '');
    }
  }

  #addressesChanged(): void {
    if (this.#isStopped) return;
    if (this.addresses.error !== null) this.lastError = this.addresses.error;
    for (const connection of this.#connections.all) connection.isDraining = !connection.address.present;
    this.pump();
  }

  /** Closes every connection; what was unanswered is in the queues again. */
  stop(): void {
    this.#isStopped = true;
    for (let last = this.#connections.all.at(-1); last !== undefined; last = this.#connections.all.at(-1)) last.end('stopped', '');
  }
}
