/** Larger ones are not kept. */
export const MAX_KEPT_BYTES = 1 << 20;
/** Of those that nobody looks into so many of a size are kept for the next message … */
const FREE_OF_EACH = 32;
/** … and so many bytes of these and of those that the history looks into, … */
const POOL_BYTES = 20 << 20;
/** … which are so many at most, half of them bytes of messages or more. */
const LOOKED_INTO_BYTES = 16 << 20;
const LEAST_KEPT_BYTES = 512;
const NO_NUMBER = -1;

/** Memory that holds one message while it comes in pieces. */
export class MessageBuffer {
  /** A power of two. */
  bytes: Buffer;
  /** While the history looks into it, also when its message is over, these tell it from all others (bytesOf). */
  number = NO_NUMBER;
  turn = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** What is in it stays there until it is given back, and is kept for a while then. */
  lookInto(): void {
    if (this.number !== NO_NUMBER) return;
    this.number = freeNumbers.pop() ?? numbered.length;
    numbered[this.number] = this;
    turns = turns + 1 | 0;
    this.turn = turns;
  }
}

/** Those that are looked into, by their numbers. */
const numbered: (MessageBuffer | null)[] = [];
const freeNumbers: number[] = [];
let turns = 0;
/** Those that nobody looks into, by size. */
const free = new Map<number, MessageBuffer[]>();
let freeBytes = 0;
/** A ring of those that were given back and are looked into; `count` of them from `oldest` on. */
let kept = new Array<MessageBuffer | null>(1024).fill(null);
let oldest = 0;
let count = 0;
let keptBytes = 0;

/** @param size a power of two */
export function allocate(size: number): MessageBuffer {
  const pooled = free.get(size)?.pop();
  if (pooled === undefined) return new MessageBuffer(Buffer.allocUnsafeSlow(size));
  freeBytes -= size;
  return pooled;
}

/** The first `length` bytes of it go on in memory of another size; whoever looks into it finds them there. */
export function resize(one: MessageBuffer, size: number, length: number): void {
  const other = allocate(size);
  const { bytes } = one;
  other.bytes.set(bytes.subarray(0, length));
  one.bytes = other.bytes;
  other.bytes = bytes;
  makeFree(other);
}

/** Nobody writes into it any more. @param length bytes of it that are a message's */
export function giveBack(one: MessageBuffer, length: number): void {
  if (one.number === NO_NUMBER || one.bytes.length > MAX_KEPT_BYTES) {
    makeFree(one);
    return;
  }
  // Whoever announces long messages and sends short ones does not make the history forget others sooner.
  let size = one.bytes.length;
  while (size >= 2 * Math.max(length, LEAST_KEPT_BYTES)) size >>= 1;
  if (size < one.bytes.length) resize(one, size, length);
  if (count === kept.length) enlarge();
  kept[oldest + count++ & kept.length - 1] = one;
  keptBytes += size;
  while (keptBytes > LOOKED_INTO_BYTES) makeFree(takeOldest());
}

/** Bytes of a buffer that is looked into; null = it was given back long ago. */
export function bytesOf(number: number, turn: number): Uint8Array | null {
  const one = numbered[number] ?? null;
  return one?.turn === turn ? one.bytes : null;
}

function takeOldest(): MessageBuffer {
  const one = kept[oldest]!;
  kept[oldest] = null;
  oldest = oldest + 1 & kept.length - 1;
  count--;
  keptBytes -= one.bytes.length;
  return one;
}

function makeFree(one: MessageBuffer): void {
  const size = one.bytes.length;
  if (one.number !== NO_NUMBER) {
    numbered[one.number] = null;
    freeNumbers.push(one.number);
    one.number = NO_NUMBER;
  }
  if (size > MAX_KEPT_BYTES || freeBytes + keptBytes + size > POOL_BYTES) return;
  let pool = free.get(size);
  if (pool === undefined) free.set(size, pool = []);
  if (pool.length >= FREE_OF_EACH) return;
  pool.push(one);
  freeBytes += size;
}

function enlarge(): void {
  const larger = new Array<MessageBuffer | null>(2 * kept.length).fill(null);
  for (let i = 0; i < count; i++) larger[i] = kept[oldest + i & kept.length - 1]!;
  kept = larger;
  oldest = 0;
}
