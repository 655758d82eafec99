import type { CounterName, Ledger } from '../../ledger.ts';
import type { AddressBook } from '../address-book.ts';
import { Queue } from '../queue.ts';
import { NodeConnection, type NodeConnectionOwner, type NodeTarget } from './node-connection.ts';
import type { QueuedExchange } from './queued-exchange.ts';
import type { StreamEnd } from './stream-verdict.ts';

/** Limits of the connections to the nodes. Times in ms. */
export interface NodePoolOptions {
  /** At most. */
  readonly connections: number;
  /** Exchanges under way on a connection, at most. */
  readonly streams: number;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly attempts: number;
  readonly deadlineMs: number;
}

/** Told when an exchange has come to its end. `early`: the node wanted no more of it. */
export interface NodePoolOwner {
  /** On its way, once more perhaps. `now`: of the pool's clock. */
  sent(exchange: QueuedExchange, now: number): void;
  delivered(exchange: QueuedExchange, early: boolean): void;
  undeliverable(exchange: QueuedExchange, reason: CounterName): void;
}

const MAX_CONNECTING = 2;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 1_000;
/**
 * A TCP load balancer chooses a node when a connection is opened: one that lives for ever would never reach a node that
 * came later. Half of it is random, so that not all are opened anew at a time.
 */
const MAX_AGE_MS = 300_000;

/** Under which counter an exchange ends when its attempts are used up. */
const REASON_OF_END: Readonly<Record<Exclude<StreamEnd, 'delivered' | 'not_processed'>, CounterName>> = {
  unavailable: 'ext_proc.unavailable',
  refused: 'ext_proc.refused',
  reset: 'ext_proc.stream_reset',
  timeout: 'ext_proc.response_timeout',
  lost: 'ext_proc.connection_lost',
};

/** The connections to the native nodes, and what waits for them. */
export class NodePool implements NodeConnectionOwner {
  readonly queue = new Queue<QueuedExchange>();
  /** Those that may have ended a connection: each goes where nothing else is, so that it harms no other again. */
  readonly alone = new Queue<QueuedExchange>();
  readonly addresses: AddressBook;
  /** Exchanges under way. */
  sent = 0;
  lastAnswerMs: number | null = null;
  /** Why the last exchange, connection or look-up failed; null = an exchange was delivered since. */
  lastError: string | null = null;
  readonly #options: NodePoolOptions;
  readonly #target: NodeTarget;
  readonly #owner: NodePoolOwner;
  readonly #ledger: Ledger;
  readonly #clock: () => number;
  readonly #connections: NodeConnection[] = [];
  readonly #retireAtMs = new WeakMap<NodeConnection, number>();
  /** A connection that is left to run empty for `alone`. */
  #reserved: NodeConnection | null = null;
  #next = 0;
  #answeredCount = 0;
  /** In a row: the node would not take an exchange now. */
  #unavailable = 0;
  #pausedUntilMs = 0;
  #isStopped = false;

  constructor(
    addresses: AddressBook, target: NodeTarget, options: NodePoolOptions, owner: NodePoolOwner, ledger: Ledger,
    clock: () => number,
  ) {
    this.addresses = addresses;
    this.#target = target;
    this.#options = options;
    this.#owner = owner;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  get openConnections(): number {
    return this.#connections.filter(({ isOpen }) => isOpen).length;
  }

  /** Takes the oldest exchange that is not sent out of its queue; null = there is none. */
  oldest(): QueuedExchange | null {
    const [first, alone] = [this.queue.first, this.alone.first];
    if (first === null || (alone !== null && alone.submittedMs <= first.submittedMs)) return this.alone.shift();
    return this.queue.shift();
  }

  /** Sends what the connections can take now. */
  pump(): void {
    if (this.#isStopped || this.queue.length + this.alone.length === 0) return;
    const now = this.#clock();
    if (now < this.#pausedUntilMs) return;
    while (this.alone.length > 0) {
      const idle = this.#connections.find((one) => one.isOpen && !one.isDraining && one.inFlight === 0);
      if (idle === undefined) break;
      idle.isAlone = true;
      this.#send(idle, this.alone, now);
    }
    this.#reserve();
    while (this.queue.length > 0) {
      const connection = this.#pick();
      if (connection === null) break;
      this.#send(connection, this.queue, now);
    }
    this.#grow(now);
  }

  #send(connection: NodeConnection, queue: Queue<QueuedExchange>, now: number): void {
    const exchange = queue.shift()!;
    if (!connection.send(exchange, now)) {
      queue.unshift(exchange);
      return;
    }
    this.sent++;
    this.#owner.sent(exchange, now);
  }

  #reserve(): void {
    this.#reserved = null;
    if (this.alone.length === 0) return;
    for (const connection of this.#connections) {
      if (!connection.isOpen || connection.isDraining) continue;
      if (this.#reserved === null || connection.inFlight < this.#reserved.inFlight) this.#reserved = connection;
    }
  }

  /** The connection with the least to do, in turns: each may lead to another node. */
  #pick(): NodeConnection | null {
    const connections = this.#connections;
    let best: NodeConnection | null = null;
    for (let i = 0; i < connections.length; i++) {
      const connection = connections[(this.#next + i) % connections.length]!;
      const { inFlight } = connection;
      if (!connection.isOpen || connection.isDraining || connection === this.#reserved) continue;
      if (connection.isAlone && inFlight > 0) continue;
      if (inFlight >= Math.min(this.#options.streams, connection.maxStreams)) continue;
      if (best === null || inFlight < best.inFlight) best = connection;
    }
    if (best !== null) best.isAlone = false;
    this.#next++;
    return best;
  }

  /** Opens what is missing of the connections, a few at a time: only all of them together reach all nodes. */
  #grow(now: number): void {
    let usable = 0;
    let connecting = 0;
    for (const { isDraining, isOpen } of this.#connections) {
      if (!isDraining) usable++;
      if (!isOpen) connecting++;
    }
    for (; connecting < MAX_CONNECTING && usable < this.#options.connections; connecting++, usable++) {
      const address = this.addresses.choose(now);
      if (address === null) return;
      address.connections++;
      address.connecting++;
      const connection = new NodeConnection(this, address, this.#target, now);
      this.#retireAtMs.set(connection, now + MAX_AGE_MS * (0.5 + Math.random() / 2));
      this.#connections.push(connection);
    }
  }

  opened(connection: NodeConnection): void {
    connection.address.connecting--;
    connection.sinceMs = this.#clock();
    this.#ledger.count('ext_proc.connected');
    this.pump();
  }

  streamEnded(
    connection: NodeConnection, exchange: QueuedExchange, end: StreamEnd, detail: string, early: boolean,
  ): void {
    this.sent--;
    const now = this.#clock();
    connection.sinceMs = now;
    if (end === 'delivered') {
      this.#answered(connection, now);
      this.lastError = null;
      this.#owner.delivered(exchange, early);
    } else {
      this.lastError = `${connection.address.ip} port ${this.#target.port}: ${detail}`;
      exchange.trace?.note('exchange_failed', detail);
      this.#failed(connection, exchange, end, now);
    }
    this.pump();
  }

  #answered(connection: NodeConnection, now: number): void {
    this.#answeredCount++;
    this.lastAnswerMs = now;
    this.#unavailable = 0;
    this.#pausedUntilMs = 0;
    connection.address.succeeded();
  }

  #failed(
    connection: NodeConnection, exchange: QueuedExchange, end: Exclude<StreamEnd, 'delivered'>, now: number,
  ): void {
    if (end === 'not_processed') {
      // Behind a GOAWAY others go on at once; a node that refuses streams while it stays is asked again later.
      if (!connection.isDraining) this.#pause(now);
      this.#ledger.count('ext_proc.resent');
      this.queue.unshift(exchange);
      return;
    }
    if (end === 'refused') {
      this.#answeredCount++;
      this.lastAnswerMs = now;
      this.#owner.undeliverable(exchange, 'ext_proc.refused');
      return;
    }
    if (end === 'unavailable') {
      this.#pause(now);
      // It counts against the exchange only if others were taken since its last failure.
      if (exchange.answeredAtFailure === this.#answeredCount) {
        this.#ledger.count('ext_proc.retried');
        this.queue.unshift(exchange);
        return;
      }
      exchange.answeredAtFailure = this.#answeredCount;
    }
    if (++exchange.attempts >= this.#options.attempts) {
      this.#owner.undeliverable(exchange, REASON_OF_END[end]);
      return;
    }
    this.#ledger.count('ext_proc.retried');
    if (end === 'unavailable') this.queue.unshift(exchange);
    else this.alone.push(exchange);
  }

  #pause(now: number): void {
    const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#unavailable, 10));
    this.#unavailable++;
    this.#pausedUntilMs = now + pause * (0.5 + Math.random() / 2);
  }

  ended(connection: NodeConnection, lost: readonly QueuedExchange[], detail: string): void {
    const now = this.#clock();
    const { address } = connection;
    this.#connections.splice(this.#connections.indexOf(connection), 1);
    address.connections--;
    this.sent -= lost.length;
    if (!connection.isOpen) {
      address.connecting--;
      address.failed(now);
      this.#ledger.count('ext_proc.connect_failed');
      this.lastError = `${address.ip} port ${this.#target.port} cannot be reached: ${detail}`;
    }
    if (lost.length > 0) {
      for (const { trace } of lost) trace?.note('exchange_failed', detail);
      this.#ledger.count('ext_proc.connection_ended');
      this.lastError = `${address.ip} port ${this.#target.port}: ${detail}`;
      // An address that takes connections and never answers is as good as closed.
      if (!connection.hasAnswered) address.failed(now);
    }
    if (lost.length === 1) this.#failed(connection, lost[0]!, 'lost', now);
    else this.#suspect(lost);
    if (!this.#isStopped) this.pump();
  }

  /** Any of them may be why the connection ended: each is sent again at no charge, alone. */
  #suspect(exchanges: readonly QueuedExchange[]): void {
    this.#ledger.count('ext_proc.resent', exchanges.length);
    for (const exchange of exchanges) this.alone.push(exchange);
  }

  /** Everything that time does: timeouts, idle connections, deadlines, new addresses, another try. */
  tick(): void {
    if (this.#isStopped) return;
    const now = this.#clock();
    this.addresses.refresh(now, () => this.#addressesChanged());
    for (const connection of [...this.#connections]) this.#check(connection, now);
    for (const queue of [this.queue, this.alone]) {
      while (queue.first !== null && now - queue.first.submittedMs > this.#options.deadlineMs) {
        this.#owner.undeliverable(queue.shift()!, 'ext_proc.deadline');
      }
    }
    this.pump();
  }

  #check(connection: NodeConnection, now: number): void {
    const { connectTimeoutMs, responseTimeoutMs, idleTimeoutMs } = this.#options;
    if (!connection.isOpen) {
      if (now - connection.sinceMs > connectTimeoutMs) connection.end(`no connection in ${connectTimeoutMs} ms`);
      return;
    }
    if (connection.oldestMs < now - responseTimeoutMs) {
      // A node that is slow with one exchange answers others: a connection on which nothing comes back leads nowhere.
      const isSilent = !connection.hasAnswered;
      connection.isDraining ||= isSilent;
      connection.hasAnswered = false;
      connection.expire(now - responseTimeoutMs, responseTimeoutMs);
      if (isSilent) connection.end(`no answer in ${responseTimeoutMs} ms`);
    } else if (connection.inFlight === 0 && (connection.isDraining || now - connection.sinceMs > idleTimeoutMs)) {
      connection.end('');
    } else if (now > this.#retireAtMs.get(connection)!) {
      connection.isDraining = true;
    }
  }

  #addressesChanged(): void {
    if (this.#isStopped) return;
    if (this.addresses.error !== null) this.lastError = this.addresses.error;
    for (const connection of this.#connections) connection.isDraining ||= !connection.address.present;
    this.pump();
  }

  /** Closes every connection; what was under way is in the queue again. */
  stop(): void {
    this.#isStopped = true;
    for (const connection of [...this.#connections]) {
      for (const exchange of connection.takeAll()) {
        this.sent--;
        this.queue.push(exchange);
      }
      connection.end('');
    }
  }
}
