import type { Slab, SlabPool } from './slab.ts';
import type { Trace } from './trace.ts';

/** Bits of `Delivery.traits`. */
export const Trait = {
  /** Answers to it have no body: HEAD (RFC 9112, 6.3). */
  bodyless: 1,
  incomplete: 2,
  /** HTTP/1.0: some servers close behind it. */
  http10: 4,
  /** Nothing may be sent behind it until it is answered. */
  alone: 8,
  /** It was refused and is tried with its request line in a header. */
  enveloped: 16,
  /** There is no other form left to try, should it be refused. */
  last: 32,
  /** Too long for a load balancer: it goes on the raw path. */
  oversized: 64,
} as const;

/**
 * One request on its way to the node: its bytes, and what was tried. Reused after its end; lists chain them by `next`.
 */
export class Delivery {
  memory: SlabPool | null = null;
  slab: Slab | null = null;
  start = 0;
  end = 0;
  traits = 0;
  /** Who sent it, as text: clients share what is scarce. */
  client = '';
  /** Clock of the dispatcher, ms. */
  submittedMs = 0;
  /** Failed attempts. */
  attempts = 0;
  /** When the connection that it was on ended, ms on the clock of the dispatcher; -Infinity = never. */
  lostMs = -Infinity;
  /** How many requests the endpoint had answered when this one failed last; -1 = never failed. */
  answeredAtFailure = -1;
  /** The same request re-framed, in case the byte-true form is refused. */
  alternate: Delivery | null = null;
  /** Somebody looks at what becomes of it; null for nearly all. */
  trace: Trace | null = null;
  next: Delivery | null = null;
}

const MAX_SPARE = 4096;
const spare: Delivery[] = [];

export function newDelivery(): Delivery {
  return spare.pop() ?? new Delivery();
}

/** Gives its memory back, and that of its alternate. */
export function releaseDelivery(delivery: Delivery): void {
  if (delivery.alternate !== null) releaseDelivery(delivery.alternate);
  if (delivery.slab !== null) delivery.memory!.release(delivery.slab);
  delivery.memory = null;
  delivery.slab = null;
  delivery.traits = 0;
  delivery.client = '';
  delivery.attempts = 0;
  delivery.lostMs = -Infinity;
  delivery.answeredAtFailure = -1;
  delivery.alternate = null;
  delivery.trace = null;
  delivery.next = null;
  if (spare.length < MAX_SPARE) spare.push(delivery);
}
