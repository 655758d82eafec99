import type { CounterName, Ledger } from '../ledger.ts';
import type { Request } from '../http/message.ts';
import type { Envelope } from '../rules/envelope.ts';
import { Finding, inspect, REFUSED } from './alb-limits.ts';
import { type Delivery, newDelivery, releaseDelivery, Trait } from './delivery.ts';
import { envelopedBytes, putEnvelopedForm } from './enveloped-form.ts';
import { irregularRoute } from './irregular.ts';
import { keptBytes, putKeptForm } from './kept-form.ts';
import type { LoopMarker } from './loop-marker.ts';
import type { Pool } from './pool.ts';
import { planRebuiltForm, putRebuiltForm } from './rebuilt-form.ts';
import type { Slab, SlabPool } from './slab.ts';
import type { Trace } from './trace.ts';

/** A way to the nodes, and the memory of what waits for it. */
interface Lane {
  readonly pool: Pool;
  readonly memory: SlabPool;
}

/** What a form is written to whose size is not known before. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024);
const MAX_SCRATCH_BYTES = 1 << 20;

function scratchOf(size: number): Buffer {
  if (size > MAX_SCRATCH_BYTES) return Buffer.allocUnsafeSlow(size);
  if (scratch.length < size) scratch = Buffer.allocUnsafeSlow(size);
  return scratch;
}

/** Told what becomes of a request while it is written. */
export interface SerialiserOwner {
  /** It is in a queue now. */
  queued(): void;
  /** It never will be: `reason`. */
  refused(request: Request, reason: CounterName, trace: Trace | null): void;
  /** A queued one made room for it. */
  displaced(delivery: Delivery): void;
  /** A queued one made room for it; what else is left of it goes on. */
  undeliverable(delivery: Delivery, reason: CounterName): void;
}

/**
 * Writes each request in the form that its way to the node asks for, and puts it into that way's queue: byte-true on
 * the shared path, byte-true and alone on the raw one, or re-framed (docs/forwarding.md).
 */
export class Serialiser {
  readonly #shared: Lane;
  readonly #raw: Lane | null;
  readonly #marker: LoopMarker;
  readonly #bodyLimitBytes: number;
  readonly #owner: SerialiserOwner;
  readonly #ledger: Ledger;
  #nowMs = 0;
  /** Of the request that is being written. */
  #trace: Trace | null = null;

  /** @param bodyLimitBytes 0 = bodies are not cut */
  constructor(
    shared: Lane, raw: Lane | null, marker: LoopMarker, bodyLimitBytes: number, owner: SerialiserOwner, ledger: Ledger,
  ) {
    this.#shared = shared;
    this.#raw = raw;
    this.#marker = marker;
    this.#bodyLimitBytes = bodyLimitBytes;
    this.#owner = owner;
    this.#ledger = ledger;
  }

  /** Copies what it needs of `request`, whose bytes are borrowed. */
  write(request: Request, envelope: Envelope, trace: Trace | null, nowMs: number): void {
    this.#trace = trace;
    this.#nowMs = nowMs;
    const found = inspect(request);
    const limit = this.#bodyLimitBytes;
    const isCut = limit > 0 && request.end - request.headEnd > limit;
    if (isCut) this.#ledger.count('forward.body_limit');
    const route = request.irregular === null ? 'shared' : irregularRoute(request.irregular);
    // Another reading is one by its framing: the node shall read this one, and no other.
    if (!request.complete || isCut || route === 'reframed' || request.reading > 1) this.#rebuilt(request, envelope, found);
    else if (route === 'shared' && (found & REFUSED) === 0) this.#kept(request, envelope, found);
    else if (this.#raw !== null) this.#byteTrue(this.#raw, request, envelope, found);
    else this.#rebuilt(request, envelope, found);
  }

  #kept(request: Request, envelope: Envelope, found: number): void {
    const slab = this.#reserve(this.#shared, keptBytes(request, envelope), request);
    if (slab === null) return;
    const end = putKeptForm(request, envelope, this.#marker, found, false, this.#ledger, slab.bytes, slab.used);
    this.#owner.queued();
    this.#shared.pool.backlog.push(this.#take(this.#shared.memory, slab, end, found, envelope.clientAddress));
  }

  /** Byte-true and alone; with the re-framed form beside it, should the node refuse to read it. */
  #byteTrue(raw: Lane, request: Request, envelope: Envelope, found: number): void {
    const size = keptBytes(request, envelope);
    const slab = this.#roomIn(raw, size);
    if (slab === null) {
      if (raw.memory.fits(size) && !this.#hasSpareRoom()) return this.#refuse(request, 'forward.queue_full');
      this.#ledger.count('forward.raw_failed');
      return this.#rebuilt(request, envelope, found);
    }
    const end = putKeptForm(request, envelope, this.#marker, found, true, this.#ledger, slab.bytes, slab.used);
    const delivery = this.#take(raw.memory, slab, end, found, envelope.clientAddress);
    // An envelope is made of a clean head: of its alternate.
    delivery.traits |= Trait.last;
    this.#ledger.count('forward.raw');
    delivery.trace?.note('apart');
    this.#owner.queued();
    this.#addAlternate(raw, delivery, request, envelope, found);
    raw.pool.backlog.push(delivery);
  }

  /** The re-framed form, in no more memory than it takes. */
  #addAlternate(raw: Lane, byteTrue: Delivery, request: Request, envelope: Envelope, found: number): void {
    const plan = planRebuiltForm(request, envelope, this.#bodyLimitBytes);
    const form = scratchOf(plan.bytes);
    let size = putRebuiltForm(request, envelope, this.#marker, plan, found, true, null, form, 0);
    const isOversized = size < 0;
    if (isOversized) size = putRebuiltForm(request, envelope, this.#marker, plan, found, false, null, form, 0);
    let { memory } = raw;
    let slab = this.#roomIn(raw, size);
    if (slab === null && this.#hasSpareRoom()) {
      ({ memory } = this.#shared);
      slab = memory.reserve(size);
    }
    if (slab === null) return;
    form.copy(slab.bytes, slab.used, 0, size);
    const end = slab.used + size;
    byteTrue.alternate = this.#rebuiltDelivery(memory, slab, end, envelope, found, plan.complete, isOversized);
  }

  /** A flood of odd requests takes half of the shared path's memory at most: others still have theirs. */
  #hasSpareRoom(): boolean {
    const { allocatedBytes, maxBytes } = this.#shared.memory;
    return allocatedBytes <= maxBytes / 2;
  }

  #rebuiltDelivery(
    memory: SlabPool, slab: Slab, end: number, envelope: Envelope, found: number, complete: boolean,
    isOversized: boolean,
  ): Delivery {
    const delivery = this.#take(memory, slab, end, found, envelope.clientAddress);
    if (!complete) delivery.traits |= Trait.incomplete;
    if (isOversized) {
      delivery.traits |= Trait.oversized | Trait.last;
      return delivery;
    }
    if ((found & Finding.method) !== 0) delivery.traits &= ~Trait.bodyless;
    // A load balancer in its defensive mode closes behind a GET with a body.
    if ((found & Finding.bodyOnGet) !== 0) delivery.traits |= Trait.alone;
    return delivery;
  }

  /** Re-framed, to the shared path if a load balancer takes it. */
  #rebuilt(request: Request, envelope: Envelope, found: number): void {
    const plan = planRebuiltForm(request, envelope, this.#bodyLimitBytes);
    const { memory, pool } = this.#shared;
    const slab = this.#reserve(this.#shared, plan.bytes, request);
    if (slab === null) return;
    const end = putRebuiltForm(request, envelope, this.#marker, plan, found, true, this.#ledger, slab.bytes, slab.used);
    if (end < 0) {
      memory.abandon(slab);
      this.#oversized(request, envelope, found);
      return;
    }
    const delivery = this.#rebuiltDelivery(memory, slab, end, envelope, found, plan.complete, false);
    this.#ledger.count('forward.reframed');
    delivery.trace?.note('reframed');
    this.#owner.queued();
    pool.backlog.push(delivery);
  }

  /** Re-framed and beyond what a load balancer takes. */
  #oversized(request: Request, envelope: Envelope, found: number): void {
    if (this.#raw === null) {
      this.#refuse(request, 'forward.alb_limit');
      return;
    }
    const { memory, pool } = this.#raw;
    const plan = planRebuiltForm(request, envelope, this.#bodyLimitBytes);
    const slab = this.#reserve(this.#raw, plan.bytes, request);
    if (slab === null) return;
    const end = putRebuiltForm(request, envelope, this.#marker, plan, found, false, null, slab.bytes, slab.used);
    const delivery = this.#rebuiltDelivery(memory, slab, end, envelope, found, plan.complete, true);
    this.#ledger.count('forward.reframed');
    delivery.trace?.note('reframed');
    delivery.trace?.note('apart');
    this.#owner.queued();
    pool.backlog.push(delivery);
  }

  /** Memory for a request; queued ones make room. null = there is none, which is counted. */
  #reserve(lane: Lane, size: number, request: Request): Slab | null {
    const slab = this.#roomIn(lane, size);
    // All of it is on its way to a node that does not answer.
    if (slab === null) this.#refuse(request, lane.memory.fits(size) ? 'forward.queue_full' : 'forward.too_large');
    return slab;
  }

  /** null = there is none. */
  #roomIn({ pool, memory }: Lane, size: number): Slab | null {
    if (!memory.fits(size)) return null;
    for (;;) {
      const slab = memory.reserve(size);
      if (slab !== null) return slab;
      const dropped = pool.backlog.toDrop();
      if (dropped === null) return null;
      if (this.#moves(dropped)) this.#owner.undeliverable(dropped, 'forward.queue_full');
      else this.#owner.displaced(dropped);
      releaseDelivery(dropped);
    }
  }

  /** Can its re-framed form go on in its place, by the shared path? */
  #moves({ alternate }: Delivery): boolean {
    if (alternate === null || (alternate.traits & Trait.oversized) !== 0 || !this.#hasSpareRoom()) return false;
    const { memory } = this.#shared;
    const size = alternate.end - alternate.start;
    const slab = memory.reserve(size);
    if (slab === null) return false;
    alternate.slab!.bytes.copy(slab.bytes, slab.used, alternate.start, alternate.end);
    alternate.memory!.release(alternate.slab!);
    alternate.memory = memory;
    alternate.slab = slab;
    alternate.start = slab.used;
    alternate.end = slab.used + size;
    memory.take(slab, size);
    return true;
  }

  #refuse(request: Request, reason: CounterName): void {
    this.#owner.refused(request, reason, this.#trace);
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
    delivery.traits =
      ((found & Finding.head) !== 0 ? Trait.bodyless : 0) | ((found & Finding.http10) !== 0 ? Trait.http10 : 0);
    memory.take(slab, end - slab.used);
    return delivery;
  }

  /**
   * Puts the refused request into the queue again, its request line, or its whole head, in headers; false = no memory.
   */
  envelop(refused: Delivery): boolean {
    const { pool, memory } = this.#shared;
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
    delivery.traits =
      (refused.traits & (Trait.incomplete | Trait.http10)) | Trait.alone | (isDeep ? Trait.last : Trait.enveloped);
    if (!isDeep) this.#ledger.count('forward.enveloped');
    pool.backlog.push(delivery);
    return true;
  }
}
