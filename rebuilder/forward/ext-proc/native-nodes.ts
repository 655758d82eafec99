import { Drain } from '../drain.ts';
import type { ExtProcSettings, ForwardSettings } from '../../config/settings.ts';
import { INDEX, type CounterName, type Ledger } from '../../ledger.ts';
import type { Request } from '../../http/message.ts';
import type { Envelope } from '../../rules/envelope.ts';
import { AddressBook, resolveByDns, type Resolve } from '../address-book.ts';
import type { ForwardState } from '../dispatcher.ts';
import type { LoopMarker } from '../loop-marker.ts';
import { Measures } from '../measures.ts';
import type { Trace } from '../trace.ts';
import { ExchangeMessages } from './exchange-messages.ts';
import type { NodeTarget } from './node-connection.ts';
import { NodePool, type NodePoolOptions, type NodePoolOwner } from './node-pool.ts';
import { QueuedExchange } from './queued-exchange.ts';
import { readTrustedCertificates } from './trusted-certificates.ts';

/** Its own settings, and those it shares with the delivery to the other nodes. */
export type NativeNodesOptions = ExtProcSettings & NodePoolOptions & Pick<ForwardSettings, 'resolveIntervalMs'>;

const TICK_MS = 50;

const [SUBMITTED, DELIVERED, DELIVERED_INCOMPLETE, WITHOUT_RESPONSE] = [
  INDEX['ext_proc.submitted'], INDEX['ext_proc.delivered'], INDEX['ext_proc.delivered_incomplete'],
  INDEX['ext_proc.without_response'],
];

/**
 * Delivers whole exchanges to native nodes over Envoy's external processing protocol, each as a stream of its own.
 * `submit` copies and returns at once; everything else happens on the event loop. What is submitted ends in one counter
 * of the ledger, or is `inFlight`.
 */
export class NativeNodes implements NodePoolOwner {
  readonly #queueBytes: number;
  readonly #ledger: Ledger;
  readonly #clock: () => number;
  readonly #measures: Measures;
  readonly #messages: ExchangeMessages;
  readonly #pool: NodePool;
  readonly #timer: NodeJS.Timeout;
  /** Of all that is in flight. */
  #bytes = 0;
  #pumpIsDue = false;
  #isStopped = false;
  readonly #drain = new Drain();
  /** Told of the end of each exchange, by the id of its request; for logs. */
  onEnd: ((id: string, end: CounterName) => void) | null = null;
  /** Whether an exchange's end is its request's own: nothing else is delivered. */
  isOnlyDelivery = false;

  /**
   * `marker`: of the deployment's loop key. `clock`: ms, steady. Throws an Error of one sentence for certificates that
   * cannot be read.
   */
  constructor(
    options: NativeNodesOptions, ledger: Ledger, marker: LoopMarker, resolve: Resolve = resolveByDns,
    clock = (): number => performance.now(), measures = new Measures(),
  ) {
    this.#measures = measures;
    this.#queueBytes = options.queueBytes;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#messages = new ExchangeMessages(options.bodyLimitBytes, ledger);
    const target = nodeTarget(options, marker);
    const addresses = new AddressBook(target.host, target.port, resolve, options.resolveIntervalMs);
    this.#pool = new NodePool(addresses, target, options, this, ledger, clock);
    this.#timer = setInterval(() => this.#pool.tick(), TICK_MS);
    this.#pool.tick();
  }

  /** Exchanges submitted that are neither delivered nor dropped. */
  inFlight(): number {
    const { queue, alone, sent } = this.#pool;
    return queue.length + alone.length + sent;
  }

  /** Copies what it needs of `request` and its response, whose bytes are borrowed. Never throws, never waits. */
  submit(request: Request, envelope: Envelope, trace: Trace | null = null): void {
    trace?.note('exchange_queued');
    this.#ledger.values[SUBMITTED]!++;
    if (request.response === null) this.#ledger.values[WITHOUT_RESPONSE]!++;
    if (this.#isStopped) {
      this.#end(request.id, 'ext_proc.drain_timeout', trace);
      return;
    }
    const encoded = this.#messages.encode(request, envelope, this.#queueBytes);
    if (encoded === null) {
      this.#end(request.id, 'ext_proc.too_large', trace);
      return;
    }
    while (this.#bytes + encoded.bytes.length > this.#queueBytes) {
      const oldest = this.#pool.oldest();
      if (oldest === null) {
        // All of it is on its way to nodes that do not answer.
        this.#end(request.id, 'ext_proc.queue_full', trace);
        return;
      }
      this.undeliverable(oldest, 'ext_proc.queue_full');
    }
    this.#bytes += encoded.bytes.length;
    this.#pool.queue.push(new QueuedExchange(encoded.bytes, request.id, encoded.complete, this.#clock(), trace));
    if (this.#pumpIsDue) return;
    // What one turn of the event loop brings goes out together.
    this.#pumpIsDue = true;
    setImmediate(() => {
      this.#pumpIsDue = false;
      this.#pool.pump();
    });
  }

  #end(id: string, end: CounterName, trace: Trace | null): void {
    this.#ledger.count(end);
    trace?.exchangeEnded(end, this.isOnlyDelivery);
    this.onEnd?.(id, end);
  }

  sent(exchange: QueuedExchange, now: number): void {
    if (!exchange.wasSent) this.#measures.exchangeQueueTime.observe(now - exchange.submittedMs);
    exchange.wasSent = true;
    exchange.trace?.note('exchange_sent');
  }

  delivered(exchange: QueuedExchange, early: boolean): void {
    if (early) this.#ledger.count('ext_proc.ended_early');
    this.#ledger.values[exchange.complete ? DELIVERED : DELIVERED_INCOMPLETE]!++;
    this.#measures.exchangeDelay.observe(this.#clock() - exchange.submittedMs);
    this.#measures.exchangeSize.observe(exchange.bytes.length);
    const end = exchange.complete ? 'ext_proc.delivered' : 'ext_proc.delivered_incomplete';
    exchange.trace?.exchangeEnded(end, this.isOnlyDelivery);
    this.onEnd?.(exchange.id, end);
    this.#released(exchange);
  }

  undeliverable(exchange: QueuedExchange, reason: CounterName): void {
    this.#end(exchange.id, reason, exchange.trace);
    this.#released(exchange);
  }

  #released(exchange: QueuedExchange): void {
    this.#bytes -= exchange.bytes.length;
    if (this.inFlight() === 0) this.#drain.emptied();
  }

  state(): ForwardState {
    const { queue, alone, sent, openConnections, lastAnswerMs, lastError } = this.#pool;
    return {
      queued: queue.length + alone.length,
      queuedBytes: queue.bytes + alone.bytes,
      sent,
      memoryBytes: this.#bytes,
      openConnections,
      lastAnswerMs,
      answering: lastError === null,
      error: lastError,
      raw: null,
    };
  }

  /** The nodes' addresses and ports as they are now: flows to them are our own and need no look. */
  ownAddresses(): { readonly ip: string; readonly port: number }[] {
    const { addresses, port } = this.#pool.addresses;
    return addresses.map(({ ip }) => ({ ip, port }));
  }

  /**
   * Waits until all that was submitted is delivered or dropped, at most `timeoutMs`; then closes. Returns how many were
   * left, which are counted.
   */
  async drain(timeoutMs: number): Promise<number> {
    if (this.inFlight() > 0 && !this.#isStopped) await this.#drain.wait(timeoutMs);
    return this.close();
  }

  /** Closes at once; counts what was left, and returns how many. */
  close(): number {
    this.#isStopped = true;
    clearInterval(this.#timer);
    const left = this.inFlight();
    this.#pool.stop();
    for (let exchange = this.#pool.oldest(); exchange !== null; exchange = this.#pool.oldest()) {
      this.undeliverable(exchange, 'ext_proc.drain_timeout');
    }
    return left;
  }
}

function nodeTarget({ endpoint, serverName, caFile }: ExtProcSettings, marker: LoopMarker): NodeTarget {
  const { protocol, hostname, port } = new URL(endpoint);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isTls = protocol === 'https:';
  return {
    host,
    // A URL leaves out the port that its scheme has anyway.
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    tls: isTls ? { serverName: serverName === '' ? host : serverName, trusted: readTrustedCertificates(caFile) } : null,
    url: `${protocol}//${hostname}${port === '' ? '' : `:${port}`}`,
    marker,
  };
}
