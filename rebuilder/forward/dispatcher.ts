import { INDEX, type CounterName, type Ledger } from '../ledger.ts';
import type { ForwardSettings } from '../config/settings.ts';
import type { Request } from '../http/message.ts';
import type { Envelope } from '../rules/envelope.ts';
import { AddressBook, resolveByDns } from './address-book.ts';
import type { Resolve } from './address-book.ts';
import { Finding, inspect, REFUSED } from './alb-limits.ts';
import { newDelivery, releaseDelivery, Trait } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import { parseEndpoint } from './endpoint.ts';
import { envelopedBytes, putEnvelopedForm } from './enveloped-form.ts';
import { irregularRoute } from './irregular.ts';
import { keptBytes, putKeptForm } from './kept-form.ts';
import { LoopMarker } from './loop-marker.ts';
import { DeliveryMeter } from './delivery-meter.ts';
import { Measures } from './measures.ts';
import { Pool } from './pool.ts';
import type { PoolOptions, PoolOwner } from './pool-owner.ts';
import { planRebuiltForm, putRebuiltForm } from './rebuilt-form.ts';
import { SlabPool } from './slab.ts';
import type { Slab } from './slab.ts';
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
/** The part of `queueBytes` that requests on the raw path may take, so that a flood of odd requests does not push out the others. */
const RAW_SHARE = 1 / 8;

/**
 * Delivers requests to the detection endpoint. `submit` copies and returns at once; everything else happens on the event loop. Nothing
 * that is submitted is lost silently: it ends in one counter of the ledger, or is `inFlight`.
 */
export class Dispatcher implements PoolOwner {
  readonly #options: ForwardOptions;
  readonly #ledger: Ledger;
  readonly #marker: LoopMarker;
  readonly #clock: () => number;
  readonly #shared: Pool;
  readonly #sharedMemory: SlabPool;
  readonly #raw: Pool | null;
  readonly #rawMemory: SlabPool;
  readonly #timer: NodeJS.Timeout;
  #inFlight = 0;
  #nowMs: number;
  #pumpIsDue = false;
  #isStopped = false;
  #drained: (() => void) | null = null;
  /** Told of the end of each request that was submitted, by its id; for logs. */
  onEnd: ((id: string, end: CounterName) => void) | null = null;
  /** Of the request that is being submitted. */
  #trace: Trace | null = null;

  /**
   * `key`: the loop key (readLoopKey), the same in all workers. `clock`: ms, steady. Throws an Error of one sentence for an endpoint that
   * cannot be one.
   */
  constructor(
    options: ForwardOptions, ledger: Ledger, key: Uint8Array, resolve: Resolve = resolveByDns, clock = (): number => performance.now(),
    measures = new Measures(),
  ) {
    this.#options = options;
    this.#ledger = ledger;
    this.#marker = new LoopMarker(key);
    this.#clock = clock;
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
      this.#raw = new Pool(rawBook, { ...shared, maxConnections: RAW_CONNECTIONS, pipelining: 1, isSingle: true }, this, ledger, clock, meter);
    }
    const rawBytes = this.#raw === null ? 0 : Math.floor(options.queueBytes * RAW_SHARE);
    // Each in memory of its own: what one client gives up is free for another.
    this.#rawMemory = new SlabPool(rawBytes, 0);
    this.#sharedMemory = new SlabPool(options.queueBytes - rawBytes);
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
    this.#trace = trace;
    trace?.note('queued');
    this.#ledger.values[SUBMITTED]!++;
    if (this.#isStopped) {
      this.#refuse(request, 'forward.drain_timeout');
      return;
    }
    if (!this.#pumpIsDue) {
      // What one turn of the event loop brings goes out together.
      this.#pumpIsDue = true;
      this.#nowMs = this.#clock();
      setImmediate(() => this.#pump());
    }
    const found = inspect(request);
    const limit = this.#options.bodyLimitBytes;
    const isCut = limit > 0 && request.end - request.headEnd > limit;
    if (isCut) this.#ledger.count('forward.body_limit');
    const route = request.irregular === null ? 'shared' : irregularRoute(request.irregular);
    if (!request.complete || isCut || route === 'reframed') this.#submitRebuilt(request, envelope, found, null);
    else if (route === 'shared' && (found & REFUSED) === 0) this.#submitKept(request, envelope, found);
    else if (this.#raw !== null) this.#submitRaw(this.#raw, request, envelope, found);
    else this.#submitRebuilt(request, envelope, found, null);
  }

  #submitKept(request: Request, envelope: Envelope, found: number): void {
    const slab = this.#reserve(this.#shared, this.#sharedMemory, keptBytes(request, envelope), request);
    if (slab === null) return;
    const end = putKeptForm(request, envelope, this.#marker, found, false, this.#ledger, slab.bytes, slab.used);
    this.#inFlight++;
    this.#shared.push(this.#take(this.#sharedMemory, slab, end, found, envelope.clientAddress));
  }

  /** Byte-true and alone; with the re-framed form beside it, should the node refuse to read it. */
  #submitRaw(raw: Pool, request: Request, envelope: Envelope, found: number): void {
    const slab = this.#reserve(raw, this.#rawMemory, keptBytes(request, envelope), request);
    if (slab === null) return;
    const end = putKeptForm(request, envelope, this.#marker, found, true, this.#ledger, slab.bytes, slab.used);
    const delivery = this.#take(this.#rawMemory, slab, end, found, envelope.clientAddress);
    this.#ledger.count('forward.raw');
    delivery.trace?.note('apart');
    this.#inFlight++;
    this.#submitRebuilt(request, envelope, found, delivery);
    raw.push(delivery);
  }

  /** Re-framed, to the shared path if a load balancer takes it. `byteTrue`: only as its alternate. */
  #submitRebuilt(request: Request, envelope: Envelope, found: number, byteTrue: Delivery | null): void {
    const plan = planRebuiltForm(request, envelope, this.#options.bodyLimitBytes);
    const ledger = byteTrue === null ? this.#ledger : null;
    const memory = byteTrue === null ? this.#sharedMemory : this.#rawMemory;
    const slab = byteTrue === null ? this.#reserve(this.#shared, memory, plan.bytes, request) : memory.reserve(plan.bytes);
    if (slab === null) return;
    const end = putRebuiltForm(request, envelope, this.#marker, plan, found, true, ledger, slab.bytes, slab.used);
    if (end >= 0) {
      const delivery = this.#take(memory, slab, end, found, envelope.clientAddress);
      if (!plan.complete) delivery.traits |= Trait.incomplete;
      if ((found & Finding.method) !== 0) delivery.traits &= ~Trait.bodyless;
      // A load balancer in its defensive mode closes behind a GET with a body.
      if ((found & Finding.bodyOnGet) !== 0) delivery.traits |= Trait.alone;
      if (byteTrue !== null) {
        byteTrue.alternate = delivery;
        return;
      }
      this.#ledger.count('forward.reframed');
      delivery.trace?.note('reframed');
      this.#inFlight++;
      this.#shared.push(delivery);
      return;
    }
    memory.abandon(slab);
    if (byteTrue !== null) return;
    this.#submitOversized(request, envelope, found);
  }

  /** Re-framed and beyond what a load balancer takes. */
  #submitOversized(request: Request, envelope: Envelope, found: number): void {
    if (this.#raw === null) {
      this.#refuse(request, 'forward.alb_limit');
      return;
    }
    const plan = planRebuiltForm(request, envelope, this.#options.bodyLimitBytes);
    const slab = this.#reserve(this.#raw, this.#rawMemory, plan.bytes, request);
    if (slab === null) return;
    const end = putRebuiltForm(request, envelope, this.#marker, plan, found, false, null, slab.bytes, slab.used);
    const delivery = this.#take(this.#rawMemory, slab, end, found, envelope.clientAddress);
    delivery.traits |= Trait.last;
    if (!plan.complete) delivery.traits |= Trait.incomplete;
    this.#ledger.count('forward.reframed');
    delivery.trace?.note('reframed');
    delivery.trace?.note('apart');
    this.#inFlight++;
    this.#raw.push(delivery);
  }

  /** Memory for a request; queued ones make room. null = there is none, which is counted. */
  #reserve(pool: Pool, memory: SlabPool, size: number, request: Request): Slab | null {
    if (!memory.fits(size)) {
      this.#refuse(request, 'forward.too_large');
      return null;
    }
    for (;;) {
      const slab = memory.reserve(size);
      if (slab !== null) return slab;
      const dropped = pool.toDrop();
      if (dropped === null) break;
      this.#inFlight--;
      this.#ledger.count('forward.queue_full');
      dropped.trace?.ended('forward.queue_full');
      this.onEnd?.(mirrorId(dropped), 'forward.queue_full');
      releaseDelivery(dropped);
    }
    // All of it is on its way to a node that does not answer.
    this.#refuse(request, 'forward.queue_full');
    return null;
  }

  /** It never was in flight. */
  #refuse(request: Request, reason: CounterName): void {
    this.#ledger.count(reason);
    this.#trace?.ended(reason);
    this.onEnd?.(request.id, reason);
  }

  #take(memory: SlabPool, slab: Slab, end: number, found: number, client: string): Delivery {
    const delivery = newDelivery();
    delivery.memory = memory;
    delivery.slab = slab;
    delivery.client = client;
    delivery.start = slab.used;
    delivery.end = end;
    delivery.submittedMs = this.#nowMs;
    delivery.trace = this.#trace;
    delivery.traits = ((found & Finding.head) !== 0 ? Trait.bodyless : 0) | ((found & Finding.http10) !== 0 ? Trait.http10 : 0);
    memory.take(slab, end - slab.used);
    return delivery;
  }

  delivered(delivery: Delivery): void {
    const isWhole = (delivery.traits & Trait.incomplete) === 0;
    this.#ledger.values[isWhole ? DELIVERED : DELIVERED_INCOMPLETE]!++;
    this.#ended(delivery, isWhole ? 'forward.delivered' : 'forward.delivered_incomplete');
  }

  undeliverable(delivery: Delivery, reason: CounterName): void {
    const { alternate } = delivery;
    if (alternate !== null && reason !== 'forward.deadline' && reason !== 'forward.drain_timeout') {
      delivery.alternate = null;
      this.#ledger.count('forward.raw_failed');
      this.#ledger.count('forward.reframed');
      delivery.trace?.note('failed', reason);
      delivery.trace?.note('reframed');
      this.#shared.push(alternate);
      this.#shared.pump();
      return;
    }
    if (UNREADABLE.has(reason) && (delivery.traits & Trait.last) === 0 && this.#envelop(delivery)) return;
    this.#ledger.count(reason);
    this.#ended(delivery, reason);
  }

  /** Puts the refused request into the queue again, its request line, or its whole head, in headers; false = no memory. */
  #envelop(refused: Delivery): boolean {
    const memory = this.#sharedMemory;
    const { bytes } = refused.slab!;
    const isDeep = (refused.traits & Trait.enveloped) !== 0;
    const slab = memory.reserve(envelopedBytes(bytes, refused.start, refused.end, isDeep));
    if (slab === null) return false;
    const end = putEnvelopedForm(bytes, refused.start, refused.end, isDeep, slab.bytes, slab.used);
    const delivery = this.#take(memory, slab, end, 0, refused.client);
    delivery.submittedMs = refused.submittedMs;
    delivery.trace = refused.trace;
    delivery.trace?.note('enveloped');
    // What is wrong may be another line of it: then the connection ends again, and nobody else shall suffer.
    delivery.traits = (refused.traits & (Trait.incomplete | Trait.http10)) | Trait.alone | (isDeep ? Trait.last : Trait.enveloped);
    if (!isDeep) this.#ledger.count('forward.enveloped');
    this.#shared.push(delivery);
    return true;
  }

  #ended(delivery: Delivery, end: CounterName): void {
    delivery.trace?.ended(end);
    this.onEnd?.(mirrorId(delivery), end);
    if (--this.#inFlight === 0 && this.#drained !== null) this.#drained();
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
      queued: sum((pool) => pool.queue.length + pool.alone.length),
      queuedBytes: sum((pool) => pool.queue.bytes + pool.alone.bytes),
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
   * Waits until all that was submitted is delivered or dropped, at most `timeoutMs`; then closes. Returns how many were left, which are
   * counted.
   */
  async drain(timeoutMs: number): Promise<number> {
    if (this.#inFlight > 0 && !this.#isStopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#drained = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.close();
  }

  /** Closes at once; counts what was left, and returns how many. */
  close(): number {
    this.#isStopped = true;
    this.#drained = null;
    clearInterval(this.#timer);
    const left = this.#inFlight;
    for (const pool of [this.#shared, this.#raw]) {
      if (pool === null) continue;
      pool.stop();
      for (let delivery = pool.toDrop(); delivery !== null; delivery = pool.toDrop()) pool.drop(delivery, 'forward.drain_timeout');
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
