import { Packet, TcpFlag } from '../wire/packet.ts';
import { CHARGE, type Charged } from './connection-memory.ts';

const FIRST_SLOTS = 256;
/** 32-bit words of a slot: the fields below, and ten of TCP options. */
const WORDS = 32;
const HASH = 0;
/** The next slot of the same bucket, or the next that is free. */
const NEXT = 1;
const OLDER = 2;
const NEWER = 3;
const VNI = 4;
const SRC = 5;
const DST = 9;
const PORTS = 13;
const SEQ = 14;
const ACK = 15;
/** And the window, in the upper half. */
const FLAGS = 16;
const TAGS = 17;
const OUTER = 18;
const IP_ID = 19;
/** What became of the checksums, the IP version, whether it goes to a group, and how long the options are. */
const KINDS = 20;
const OPTIONS = 21;
const MAX_OPTIONS_BYTES = 40;
export const NONE = -1;
const CHECKSUMS = ['unknown', 'correct', 'wrong', 'partial'] as const;
const HEADER_SUMS = ['unknown', 'correct', 'wrong', 'none'] as const;

/**
 * SYNs that nothing has followed yet, each in a slot of numbers; the second packet makes a connection of it. A
 * connection takes 2 KB in thirteen objects, and V8 would let 1 GiB of those that a flood of SYNs makes and evicts pile
 * up before it collects them.
 */
export class HalfOpen {
  size = 0;
  readonly #memory: Charged;
  #slots = new Int32Array(FIRST_SLOTS * WORDS);
  #slotBytes = new Uint8Array(this.#slots.buffer);
  /** When each came. No Float64Array: what is read from one is an object, and so is all that is set from it. */
  readonly #times: number[] = [];
  #buckets = new Int32Array(FIRST_SLOTS).fill(NONE);
  /** Slots that were in use so far: those behind them are free, too. */
  #begun = 0;
  #free = NONE;
  #oldest = NONE;
  #newest = NONE;
  readonly #syn = new Packet();
  readonly #options = new Uint8Array(MAX_OPTIONS_BYTES);

  constructor(memory: Charged) {
    this.#memory = memory;
  }

  /** Is it a SYN that a slot holds all of? */
  static fits({ flags, dataStart, dataEnd, missing }: Packet): boolean {
    const isPlainSyn = (flags & (TcpFlag.syn | TcpFlag.ack | TcpFlag.rst | TcpFlag.fin)) === TcpFlag.syn;
    return isPlainSyn && dataStart === dataEnd && missing === 0;
  }

  /** When the oldest came; Infinity = there is none. */
  get oldestMs(): number {
    return this.#oldest === NONE ? Infinity : this.#times[this.#oldest]!;
  }

  /** Keeps a copy of one that `fits`. */
  add(packet: Packet, hash: number, nowMs: number): void {
    const slot = this.#allocate();
    const at = slot * WORDS;
    const slots = this.#slots;
    this.#times[slot] = nowMs;
    slots[at + HASH] = hash;
    slots[at + VNI] = packet.vni;
    slots[at + SRC] = packet.src0;
    slots[at + SRC + 1] = packet.src1;
    slots[at + SRC + 2] = packet.src2;
    slots[at + SRC + 3] = packet.src3;
    slots[at + DST] = packet.dst0;
    slots[at + DST + 1] = packet.dst1;
    slots[at + DST + 2] = packet.dst2;
    slots[at + DST + 3] = packet.dst3;
    slots[at + PORTS] = packet.srcPort << 16 | packet.dstPort;
    slots[at + SEQ] = packet.seq;
    slots[at + ACK] = packet.ack;
    slots[at + FLAGS] = packet.window << 16 | packet.flags;
    slots[at + TAGS] = packet.vlanTags;
    slots[at + OUTER] = packet.outerSource;
    slots[at + IP_ID] = packet.ipId;
    slots[at + KINDS] = kindsOf(packet);
    const { bytes, optionsStart, dataStart } = packet;
    for (let i = optionsStart, to = (at + OPTIONS) * 4; i < dataStart; i++, to++) this.#slotBytes[to] = bytes[i]!;
    this.#link(slot);
  }

  /** Where the SYN of the packet's connection is, in either direction; NONE = nowhere. */
  find(packet: Packet, hash: number): number {
    if (this.size === 0) return NONE;
    const slots = this.#slots;
    for (let slot = this.#bucket(hash); slot !== NONE; slot = slots[slot * WORDS + NEXT]!) {
      const at = slot * WORDS;
      if (slots[at + HASH] !== hash || slots[at + VNI] !== packet.vni) continue;
      // As in FlowKey.isInVlan.
      const tags = slots[at + TAGS]!;
      const isSame = tags === packet.vlanTags;
      if (!isSame && tags >= 0 && packet.vlanTags >= 0) continue;
      if (isSame && this.#isFrom(at, packet, SRC, DST, packet.srcPort << 16 | packet.dstPort)) return slot;
      if (this.#isFrom(at, packet, DST, SRC, packet.dstPort << 16 | packet.srcPort)) return slot;
    }
    return NONE;
  }

  /** Is it that SYN once more? */
  isAgain(slot: number, packet: Packet): boolean {
    const at = slot * WORDS;
    const slots = this.#slots;
    return HalfOpen.fits(packet) && slots[at + SEQ] === packet.seq && slots[at + TAGS] === packet.vlanTags
      && slots[at + KINDS] === kindsOf(packet)
      && this.#isFrom(at, packet, SRC, DST, packet.srcPort << 16 | packet.dstPort);
  }

  /** Takes it out. @returns the SYN, lent until the next call; `timeMs` is when it came */
  take(slot: number): Packet {
    const at = slot * WORDS;
    const slots = this.#slots;
    const syn = this.#syn;
    const kinds = slots[at + KINDS]!;
    const optionsBytes = kinds >> 8;
    syn.timeMs = this.#times[slot]!;
    syn.vni = slots[at + VNI]!;
    syn.src0 = slots[at + SRC]!;
    syn.src1 = slots[at + SRC + 1]!;
    syn.src2 = slots[at + SRC + 2]!;
    syn.src3 = slots[at + SRC + 3]!;
    syn.dst0 = slots[at + DST]!;
    syn.dst1 = slots[at + DST + 1]!;
    syn.dst2 = slots[at + DST + 2]!;
    syn.dst3 = slots[at + DST + 3]!;
    syn.srcPort = slots[at + PORTS]! >>> 16;
    syn.dstPort = slots[at + PORTS]! & 0xffff;
    syn.seq = slots[at + SEQ]!;
    syn.ack = slots[at + ACK]!;
    syn.flags = slots[at + FLAGS]! & 0xffff;
    syn.window = slots[at + FLAGS]! >>> 16;
    syn.vlanTags = slots[at + TAGS]!;
    syn.outerSource = slots[at + OUTER]!;
    syn.ipId = slots[at + IP_ID]!;
    syn.checksum = CHECKSUMS[kinds & 3]!;
    syn.headerSum = HEADER_SUMS[kinds >> 2 & 3]!;
    syn.version = (kinds & 16) === 0 ? 4 : 6;
    syn.isToGroup = (kinds & 32) !== 0;
    for (let i = 0, from = (at + OPTIONS) * 4; i < optionsBytes; i++, from++) this.#options[i] = this.#slotBytes[from]!;
    syn.bytes = this.#options;
    syn.optionsStart = 0;
    syn.dataStart = optionsBytes;
    syn.dataEnd = optionsBytes;
    this.#remove(slot);
    return syn;
  }

  removeOldest(): void {
    if (this.#oldest !== NONE) this.#remove(this.#oldest);
  }

  clear(): void {
    while (this.#oldest !== NONE) this.#remove(this.#oldest);
  }

  #isFrom(at: number, p: Packet, src: number, dst: number, ports: number): boolean {
    const slots = this.#slots;
    return slots[at + PORTS] === ports && slots[at + src + 3] === p.src3 && slots[at + dst + 3] === p.dst3
      && slots[at + src] === p.src0 && slots[at + src + 1] === p.src1 && slots[at + src + 2] === p.src2
      && slots[at + dst] === p.dst0 && slots[at + dst + 1] === p.dst1 && slots[at + dst + 2] === p.dst2;
  }

  #bucket(hash: number): number {
    return this.#buckets[hash & this.#buckets.length - 1]!;
  }

  #allocate(): number {
    const slot = this.#free;
    if (slot !== NONE) {
      this.#free = this.#slots[slot * WORDS + NEXT]!;
      return slot;
    }
    if (this.#begun === this.#buckets.length) this.#grow();
    return this.#begun++;
  }

  #grow(): void {
    const slots = this.#slots;
    this.#slots = new Int32Array(2 * slots.length);
    this.#slots.set(slots);
    this.#slotBytes = new Uint8Array(this.#slots.buffer);
    this.#buckets = new Int32Array(2 * this.#buckets.length).fill(NONE);
    for (let slot = this.#oldest; slot !== NONE; slot = this.#slots[slot * WORDS + NEWER]!) this.#intoBucket(slot);
  }

  #intoBucket(slot: number): void {
    const bucket = this.#slots[slot * WORDS + HASH]! & this.#buckets.length - 1;
    this.#slots[slot * WORDS + NEXT] = this.#buckets[bucket]!;
    this.#buckets[bucket] = slot;
  }

  #link(slot: number): void {
    const slots = this.#slots;
    this.#intoBucket(slot);
    slots[slot * WORDS + OLDER] = this.#newest;
    slots[slot * WORDS + NEWER] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else slots[this.#newest * WORDS + NEWER] = slot;
    this.#newest = slot;
    this.size++;
    this.#memory.charge(CHARGE.syn);
  }

  #remove(slot: number): void {
    const slots = this.#slots;
    const at = slot * WORDS;
    const next = slots[at + NEXT]!;
    const bucket = slots[at + HASH]! & this.#buckets.length - 1;
    if (this.#buckets[bucket] === slot) {
      this.#buckets[bucket] = next;
    } else {
      let before = this.#buckets[bucket]!;
      while (slots[before * WORDS + NEXT] !== slot) before = slots[before * WORDS + NEXT]!;
      slots[before * WORDS + NEXT] = next;
    }
    const older = slots[at + OLDER]!;
    const newer = slots[at + NEWER]!;
    if (older === NONE) this.#oldest = newer;
    else slots[older * WORDS + NEWER] = newer;
    if (newer === NONE) this.#newest = older;
    else slots[newer * WORDS + OLDER] = older;
    slots[at + NEXT] = this.#free;
    this.#free = slot;
    this.size--;
    this.#memory.charge(-CHARGE.syn);
  }
}

function kindsOf({ checksum, headerSum, version, isToGroup, optionsStart, dataStart }: Packet): number {
  const sums = CHECKSUMS.indexOf(checksum) | HEADER_SUMS.indexOf(headerSum) << 2;
  return sums | (version === 6 ? 16 : 0) | (isToGroup ? 32 : 0) | dataStart - optionsStart << 8;
}
