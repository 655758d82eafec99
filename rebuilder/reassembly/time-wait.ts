import type { Ledger } from '../ledger.ts';
import { type Packet, TcpFlag } from '../wire/packet.ts';
import { type History, NOTHING } from './history.ts';
import { MAX_WINDOW_BYTES, NEAR_BYTES } from './missing-bytes.ts';
import { Doubt, headerDoubtsOf, timestampOf } from './receiver.ts';
import { advance, distance } from './sequence.ts';
import { isSpoilt } from './shown.ts';
import { urgentOffset } from './urgent-byte.ts';

/** What is asked of a connection that is over. */
interface Finished {
  readonly hash: number;
  readonly aPort: number;
  readonly bPort: number;
  readonly a3: number;
  readonly fromA: Ended;
  readonly fromB: Ended;
}

/**
 * Where one direction began and ended, and its last entry in the history: to be compared where its receiver was not
 * seen.
 */
export interface Place { readonly beganSeq: number; readonly nextSeq: number; readonly lastHeard: number }
/** … what its sender had acknowledged, and what its packets have shown (bits of Shown). */
interface Ended extends Place {
  readonly receiver: { readonly lastAck: number };
  readonly peerSent: boolean;
  readonly shown: number;
}

/** So many are remembered; a power of two. */
export const SLOTS = 32_768;
/** … and of the same addresses and ports so many whose server was not seen: it may be in any of them. */
const MOST_OF_A_PAIR = 16;
/** A sender gives up after about this long (Linux: net.ipv4.tcp_retries2 and orphans). */
const WAIT_MS = 240_000;

/** 32-bit words of a slot: the fields below. */
const WORDS = 12;
const HASH = 0;
/** The next slot of the same bucket, plus one; 0 = there is none. */
const NEXT = 1;
const PORTS = 2;
const A3 = 3;
/** Where it ended, what its sender had acknowledged, where it began, and what its packets have shown. */
const FROM_A = 4;
const FROM_B = 8;

/**
 * Connections that were closed: what is sent of them again is no beginning of another one. They are slots of numbers,
 * the next one in place of the oldest: objects that live for minutes, made by the thousand in a second, would each be
 * copied twice and then looked at in every collection of the old generation.
 */
export class TimeWait {
  readonly #slots = new Int32Array(SLOTS * WORDS);
  readonly #times = new Float64Array(SLOTS);
  /** The first slot of each, plus one; 0 = there is none. */
  readonly #buckets = new Int32Array(SLOTS);
  /** Of each slot, its last entries in the history, A's first; NOTHING = the receiver was seen. */
  readonly #heard = new Float64Array(2 * SLOTS);
  readonly #history: History;
  readonly #ledger: Ledger;
  #newest = 0;

  constructor(history: History, ledger: Ledger) {
    this.#history = history;
    this.#ledger = ledger;
  }

  remember({ hash, aPort, bPort, a3, fromA, fromB }: Finished, nowMs: number): void {
    // A server that was seen is in none of those before.
    if (fromA.peerSent && fromB.peerSent) this.#forgetAllBut(0, hash);
    else if (this.#forgetAllBut(MOST_OF_A_PAIR - 1, hash)) this.#ledger.count('tcp.readings_limit');
    const slot = this.#newest = this.#newest + 1 & SLOTS - 1;
    this.#unlink(slot);
    const at = slot * WORDS;
    const bucket = hash & SLOTS - 1;
    const slots = this.#slots;
    this.#times[slot] = nowMs;
    slots[at + HASH] = hash;
    slots[at + NEXT] = this.#buckets[bucket]!;
    slots[at + PORTS] = aPort << 16 | bPort;
    slots[at + A3] = a3;
    slots[at + FROM_A] = fromA.nextSeq;
    slots[at + FROM_A + 1] = fromA.receiver.lastAck;
    slots[at + FROM_A + 2] = fromA.beganSeq;
    slots[at + FROM_A + 3] = fromA.shown;
    slots[at + FROM_B] = fromB.nextSeq;
    slots[at + FROM_B + 1] = fromB.receiver.lastAck;
    slots[at + FROM_B + 2] = fromB.beganSeq;
    slots[at + FROM_B + 3] = fromB.shown;
    this.#heard[2 * slot] = fromA.peerSent ? NOTHING : fromA.lastHeard;
    this.#heard[2 * slot + 1] = fromB.peerSent ? NOTHING : fromB.lastHeard;
    this.#buckets[bucket] = slot + 1;
  }

  /**
   * What does the packet bring to its connection? One that acknowledges less than before may have been refused the
   * first time; and what was read there before, where its receiver was not seen: then other bytes are new.
   * @returns 'old': nothing new; 'refused': a SYN-ACK of whoever opened it; 'answered': it is opened anew by a SYN, and
   * both ends were seen; where its sender ended, from where on it is read again; null = it begins anew
   */
  recall(packet: Packet, hash: number, nowMs: number): 'old' | 'refused' | 'answered' | Place | null {
    let slot = this.#find(hash);
    if (slot >= 0 && (packet.flags & TcpFlag.syn) !== 0) return this.#reopens(packet, slot);
    for (; slot >= 0 && nowMs - this.#times[slot]! <= WAIT_MS; slot = this.#before(slot)) {
      const said = this.#recallOf(packet, slot);
      if (said !== null) return said;
    }
    return null;
  }

  #recallOf(packet: Packet, slot: number): 'old' | Place | null {
    const from = this.#endOf(packet, slot);
    const nextSeq = this.#slots[from]!;
    const back = distance(nextSeq, advance(packet.seq, packet.dataEnd - packet.dataStart));
    if (distance(packet.seq, nextSeq) >= 0 || back >= MAX_WINDOW_BYTES) return null;
    const place = this.#placeOf(packet, slot);
    if (place === null) return back >= 0 && distance(packet.ack, this.#slots[from + 1]!) >= 0 ? 'old' : null;
    if (distance(packet.seq, place.beganSeq) < 0) return null;
    const { lastHeard } = place;
    const said = this.#history.compare(lastHeard, packet.bytes, packet.dataStart, packet.dataEnd, packet.seq);
    // A byte that its pointer marks may be left out this time.
    const isUrgent = (packet.flags & TcpFlag.urg) !== 0;
    if (back < 0 || said !== 'same' || isUrgent) return place;
    this.#hearAgain(packet, slot, nextSeq, lastHeard);
    return 'old';
  }

  /** The receiver may have taken it this time, and wait for what other bytes stand before it. */
  #hearAgain(packet: Packet, slot: number, nextSeq: number, before: number): void {
    const { bytes, dataStart, dataEnd, seq, ack, headerBytes } = packet;
    // All of them: a receiver that passes over one may still drop it for another.
    let doubts = headerDoubtsOf(packet);
    if (isSpoilt(packet, this.#slots[this.#endOf(packet, slot) + 3]!)) doubts |= Doubt.checksum;
    const heard = this.#history.append(
      bytes, dataStart, dataEnd, seq, ack, timestampOf(packet), urgentOffset(packet), doubts, 0, nextSeq, false,
      headerBytes, before,
    );
    this.#history.settle();
    if (heard !== NOTHING) this.#heard[2 * slot + (this.#isFromA(packet, slot) ? 0 : 1)] = heard;
  }

  /**
   * Where the sender of the packet ended, in connections whose receiver was not seen and may be there still, and to
   * which the packet may belong: the newest first.
   */
  unseen(packet: Packet, hash: number, nowMs: number): Place[] {
    const places: Place[] = [];
    for (let slot = this.#find(hash); slot >= 0 && nowMs - this.#times[slot]! <= WAIT_MS; slot = this.#before(slot)) {
      const place = this.#placeOf(packet, slot);
      if (place === null || distance(packet.seq, place.beganSeq) < 0) continue;
      if (distance(packet.seq, place.nextSeq) < NEAR_BYTES) places.push(place);
    }
    return places;
  }

  /** The addresses and ports are in use again: a server that was not seen may still be in the old connection. */
  #reopens(packet: Packet, slot: number): 'refused' | 'answered' | null {
    if ((packet.flags & TcpFlag.ack) !== 0 && this.#heardOf(packet, slot) !== NOTHING) return 'refused';
    if (this.#heard[2 * slot] !== NOTHING || this.#heard[2 * slot + 1] !== NOTHING) return null;
    this.#unlink(slot);
    return 'answered';
  }

  #isFromA(packet: Packet, slot: number): boolean {
    const at = slot * WORDS;
    return this.#slots[at + PORTS] === (packet.srcPort << 16 | packet.dstPort) && this.#slots[at + A3] === packet.src3;
  }

  /** null = its receiver was seen. */
  #placeOf(packet: Packet, slot: number): Place | null {
    const lastHeard = this.#heardOf(packet, slot);
    if (lastHeard === NOTHING) return null;
    const from = this.#endOf(packet, slot);
    return { beganSeq: this.#slots[from + 2]!, nextSeq: this.#slots[from]!, lastHeard };
  }

  #heardOf(packet: Packet, slot: number): number {
    return this.#heard[2 * slot + (this.#isFromA(packet, slot) ? 0 : 1)]!;
  }

  /** Where in #slots is, where its sender ended. */
  #endOf(packet: Packet, slot: number): number {
    return slot * WORDS + (this.#isFromA(packet, slot) ? FROM_A : FROM_B);
  }

  /** @param most that are left, the newest of them. @returns was there one more? */
  #forgetAllBut(most: number, hash: number): boolean {
    let count = 0;
    for (let slot = this.#find(hash), before; slot >= 0; slot = before) {
      before = this.#before(slot);
      if (count++ >= most) this.#unlink(slot);
    }
    return count > most;
  }

  /** @returns the slot of the newest; -1 = none is remembered */
  #find(hash: number): number {
    return this.#from(this.#buckets[hash & SLOTS - 1]!, hash);
  }

  /** @returns the slot of the one that was remembered before it, of the same hash; -1 = none */
  #before(slot: number): number {
    return this.#from(this.#slots[slot * WORDS + NEXT]!, this.#slots[slot * WORDS + HASH]!);
  }

  #from(link: number, hash: number): number {
    let slot = link - 1;
    while (slot >= 0 && this.#slots[slot * WORDS + HASH] !== hash) slot = this.#slots[slot * WORDS + NEXT]! - 1;
    return slot;
  }

  /** One that is in no bucket stays as it is. */
  #unlink(slot: number): void {
    const slots = this.#slots;
    const bucket = slots[slot * WORDS + HASH]! & SLOTS - 1;
    const next = slots[slot * WORDS + NEXT]!;
    if (this.#buckets[bucket] === slot + 1) {
      this.#buckets[bucket] = next;
      return;
    }
    for (let other = this.#buckets[bucket]! - 1; other >= 0; other = slots[other * WORDS + NEXT]! - 1) {
      if (slots[other * WORDS + NEXT] !== slot + 1) continue;
      slots[other * WORDS + NEXT] = next;
      return;
    }
  }
}
