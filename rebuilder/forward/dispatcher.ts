import { INDEX, type CounterName, type Ledger } from '../ledger.ts';
import type { ForwardSettings } from '../config/settings.ts';
import type { Request } from '../http/message.ts';
import type { Envelope } from '../rules/envelope.ts';
import { AddressBook, resolveByDns } from './address-book.ts';
import type { Resolve } from './address-book.ts';
import { Trait } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import { Drain } from './drain.ts';
import { parseEndpoint } from './endpoint.ts';
import { LoopMarker } from './loop-marker.ts';
import { DeliveryMeter } from './delivery-meter.ts';
import { Measures } from './measures.ts';
import { OTHER_FORM_SHARE, Pool } from './pool.ts';
import type { PoolOptions, PoolOwner } from './pool-owner.ts';
import { Serialiser, type SerialiserOwner } from './serialiser.ts';
import { SlabPool } from './slab.ts';
import type { Trace } from './trace.ts';

/** What `forward:` of the configuration means here. */
export type ForwardOptions = Omit<ForwardSettings, 'redact' | 'loopKeyFile' | 'sample' | 'extProc'>;

/** The dispatcher at this moment. */
export interface ForwardState {
  /** Requests, and their bytes, that wait to be sent. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** Requests sent and not answered. */
  readonly sent: number;
  /** Memory held for both. */
  readonly memoryBytes: number;
  readonly openConnections: number;
  /** Clock of the dispatcher, ms; null = no answer yet. */
  readonly lastAnswerMs: number | null;
  /** false: the last attempt failed and nothing was answered since. */
  readonly answering: boolean;
  /** One sentence about the last failure; null = none since the last answer. */
  readonly error: string | null;
  /** The same of the raw path; null = there is none. */
  readonly raw: { readonly lastAnswerMs: number | null; readonly error: string | null } | null;
}

/** Refusals that may be due to the request line. */
const UNREADABLE: ReadonlySet<CounterName> = new Set<CounterName>([
  'forward.refused.400', 'forward.refused.405', 'forward.refused.414', 'forward.refused.501', 'forward.refused.505',
]);
const [SUBMITTED, DELIVERED, DELIVERED_INCOMPLETE] = [INDEX['forward.submitted'], INDEX['forward.delivered'], INDEX['forward.delivered_incomplete']];
const TICK_MS = 50;
const RAW_CONNECTIONS = 16;
/**
 * The part of `queueBytes` that requests on the raw path may take, so that a flood of odd requests does not push out
 * the others.
 */
const RAW_SHARE = 1 / 8;

/**
 * Delivers requests to the detection endpoint. `submit` copies and returns at once; everything else happens on the
 * event loop. Nothing that is submitted is lost silently: it ends in one counter of the ledger, or is `inFlight`.
 */
export class Dispatcher implements PoolOwner, SerialiserOwner {
  readonly #ledger: Ledger;
  readonly #marker: LoopMarker;
  readonly #clock: () => number;
  /** So old a request may be at most when its other form is queued. */
  readonly #otherFormMs: number;
  readonly #shared: Pool;
  readonly #sharedMemory: SlabPool;
  readonly #raw: Pool | null;
  readonly #rawMemory: SlabPool;
  readonly #serialiser: Serialiser;
  readonly #timer: NodeJS.Timeout;
  #inFlight = 0;
  #nowMs: number;
  #pumpIsDue = false;
  #isStopped = false;
  readonly #drain = new Drain();
  /** Told of the end of each request that was submitted, by its id; for logs. */
  onEnd: ((id: string, end: CounterName) => void) | null = null;

  /**
   * `key`: the loop key (readLoopKey), the same in all workers. `clock`: ms, steady. Throws an Error of one sentence
   * for an endpoint that cannot be one.
   */
  constructor(
    options: ForwardOptions, ledger: Ledger, key: Uint8Array, resolve: Resolve = resolveByDns,
    clock = (): number => performance.now(), measures = new Measures(),
  ) {
    this.#ledger = ledger;
    this.#marker = new LoopMarker(key);
    this.#clock = clock;
    this.#otherFormMs = options.deadlineMs * (1 - OTHER_FORM_SHARE);
    this.#nowMs = clock();
    const endpoint = parseEndpoint(options.endpoint, 'forward.endpoint');
    const shared: PoolOptions = {
      ...options, maxConnections: options.connections, isSingle: false,
    };
    const meter = new DeliveryMeter(ledger, measures, clock);
    const book = new AddressBook(endpoint.host, endpoint.port, resolve, options.resolveIntervalMs);
    this.#shared = new Pool(book, shared, this, ledger, clock, meter);
    if (options.rawEndpoint === '') {
      this.#raw = null;
    } else {
      const raw = parseEndpoint(options.rawEndpoint, 'forward.raw_endpoint');
      const rawBook = new AddressBook(raw.host, raw.port, resolve, options.resolveIntervalMs);
      const apart = { ...shared, maxConnections: RAW_CONNECTIONS, pipelining: 1, isSingle: true };
      this.#raw = new Pool(rawBook, apart, this, ledger, clock, meter);
    }
    const rawBytes = this.#raw === null ? 0 : Math.floor(options.queueBytes * RAW_SHARE);
    // Each in memory of its own: what one client gives up is free for another.
    this.#rawMemory = new SlabPool(rawBytes, 0);
    this.#sharedMemory = new SlabPool(options.queueBytes - rawBytes);
    this.#serialiser = new Serialiser(
      { pool: this.#shared, memory: this.#sharedMemory },
      this.#raw === null ? null : { pool: this.#raw, memory: this.#rawMemory },
      this.#marker,
      options.bodyLimitBytes,
      this,
      ledger,
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /** Recognises requests that carry our own marker. */
  get marker(): LoopMarker {
    return this.#marker;
  }

  /** Requests submitted that are neither delivered nor dropped. */
  inFlight(): number {
    return this.#inFlight;
  }

  /** Copies what it needs of `request`, whose bytes are borrowed, and returns. Never throws, never waits. */
  submit(request: Request, envelope: Envelope, trace: Trace | null = null): void {
    trace?.note('queued');
    this.#ledger.values[SUBMITTED]!++;
    if (this.#isStopped) {
      this.refused(request, 'forward.drain_timeout', trace);
      return;
    }
    this.#pumpSoon();
    this.#serialiser.write(request, envelope, trace, this.#nowMs);
  }

  queued(): void {
    this.#inFlight++;
  }

  refused(request: Request, reason: CounterName, trace: Trace | null): void {
    this.#ledger.count(reason);
    trace?.ended(reason);
    this.onEnd?.(request.id, reason);
  }

  displaced(delivery: Delivery): void {
    this.#inFlight--;
    this.#ledger.count('forward.queue_full');
    delivery.trace?.ended('forward.queue_full');
    this.onEnd?.(mirrorId(delivery), 'forward.queue_full');
  }

  delivered(delivery: Delivery): void {
    const isWhole = (delivery.traits & Trait.incomplete) === 0;
    this.#ledger.values[isWhole ? DELIVERED : DELIVERED_INCOMPLETE]!++;
    this.#ended(delivery, isWhole ? 'forward.delivered' : 'forward.delivered_incomplete');
  }

  undeliverable(delivery: Delivery, reason: CounterName): void {
    const { alternate } = delivery;
    if (alternate !== null && reason !== 'forward.drain_timeout') {
      delivery.alternate = null;
      alternate.submittedMs = Math.max(alternate.submittedMs, this.#clock() - this.#otherFormMs);
      this.#ledger.count('forward.raw_failed');
      this.#ledger.count('forward.reframed');
      delivery.trace?.note('failed', reason);
      delivery.trace?.note('reframed');
      const pool = (alternate.traits & Trait.oversized) === 0 ? this.#shared : this.#raw!;
      pool.backlog.push(alternate);
      this.#pumpSoon();
      return;
    }
    if (UNREADABLE.has(reason) && (delivery.traits & Trait.last) === 0 && this.#serialiser.envelop(delivery)) return;
    this.#ledger.count(reason);
    this.#ended(delivery, reason);
  }

  #ended(delivery: Delivery, end: CounterName): void {
    delivery.trace?.ended(end);
    this.onEnd?.(mirrorId(delivery), end);
    if (--this.#inFlight === 0) this.#drain.emptied();
  }

  /** What one turn of the event loop brings goes out together. */
  #pumpSoon(): void {
    if (this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    this.#nowMs = this.#clock();
    this.#marker.look();
    setImmediate(() => this.#pump());
  }

  #pump(): void {
    this.#pumpIsDue = false;
    this.#shared.pump();
    this.#raw?.pump();
  }

  #tick(): void {
    this.#shared.tick();
    this.#raw?.tick();
  }

  state(): ForwardState {
    const pools = this.#raw === null ? [this.#shared] : [this.#shared, this.#raw];
    const sum = (value: (pool: Pool) => number): number => pools.reduce((total, pool) => total + value(pool), 0);
    return {
      queued: sum((pool) => pool.backlog.length),
      queuedBytes: sum((pool) => pool.backlog.bytes),
      sent: sum((pool) => pool.inFlight),
      memoryBytes: this.#sharedMemory.allocatedBytes + this.#rawMemory.allocatedBytes,
      openConnections: sum((pool) => pool.openConnections),
      lastAnswerMs: this.#shared.lastAnswerMs,
      answering: this.#shared.lastError === null,
      error: this.#shared.lastError,
      raw: this.#raw === null ? null : { lastAnswerMs: this.#raw.lastAnswerMs, error: this.#raw.lastError },
    };
  }

  /** The endpoints' addresses and ports as they are now: flows to them are our own and need no look. */
  ownAddresses(): { readonly ip: string; readonly port: number }[] {
    return [this.#shared, this.#raw].flatMap((pool) => pool === null ? []
      : pool.addresses.addresses.map((address) => ({ ip: address.ip, port: pool.addresses.port })));
  }

  /**
   * Waits until all that was submitted is delivered or dropped, at most `timeoutMs`; then closes. Returns how many were
   * left, which are counted.
   */
  async drain(timeoutMs: number): Promise<number> {
    if (this.#inFlight > 0 && !this.#isStopped) await this.#drain.wait(timeoutMs);
    return this.close();
  }

  /** Closes at once; counts what was left, and returns how many. */
  close(): number {
    this.#isStopped = true;
    clearInterval(this.#timer);
    const left = this.#inFlight;
    for (const pool of [this.#shared, this.#raw]) {
      if (pool === null) continue;
      pool.stop();
      for (let delivery = pool.backlog.toDrop(); delivery !== null; delivery = pool.backlog.toDrop()) pool.drop(delivery, 'forward.drain_timeout');
    }
    return left;
  }
}

const ID_LINE = '\nX-Mirror-Id: ';

/** The id in the bytes that are sent: a client's own line of that name was renamed. */
function mirrorId({ slab, start, end }: Delivery): string {
  const bytes = Buffer.from(slab!.bytes.buffer, slab!.bytes.byteOffset + start, end - start);
  const at = bytes.indexOf(ID_LINE, 0, 'latin1');
  return at < 0 ? '' : bytes.toString('latin1', at + ID_LINE.length, bytes.indexOf(13, at));
}
