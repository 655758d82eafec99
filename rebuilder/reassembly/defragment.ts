import type { Ledger } from '../ledger.ts';
import type { Packet } from '../wire/packet.ts';
import type { Budget } from './budget.ts';

interface Datagram {
  key: string;
  firstMs: number;
  /** Fragments in order of their offset, without overlap. */
  parts: { offset: number; bytes: Uint8Array }[];
  heldBytes: number;
  /** Length of the whole payload, known once the last fragment was seen; -1 before. */
  totalBytes: number;
}

export interface DefragmentLimits {
  /** Fragments held in all, bytes. */
  fragmentsBytes: number;
  /** A datagram whose fragments do not all come in this time is given up (Linux: net.ipv4.ipfrag_time, 30 s). */
  fragmentTimeoutMs: number;
}

/** No IP payload is longer (RFC 791: total length of 16 bits). */
const MAX_PAYLOAD_BYTES = 65_535;
/** Fragments one datagram may have: a hostile sender makes 8-byte ones. */
const MAX_PARTS = 1024;

/**
 * Puts IP fragments together again (RFC 791 3.2, RFC 8200 4.5). Like Linux since 4.19 for both families: a fragment that brings nothing new is
 * ignored, one that overlaps in part drops the whole datagram (RFC 5722), because the two readings of it are an evasion.
 */
export class Defragmenter {
  /** In order of arrival of each datagram's first fragment, so the oldest is first. */
  readonly #datagrams = new Map<string, Datagram>();
  readonly #limits: DefragmentLimits;
  readonly #budget: Budget;
  readonly #ledger: Ledger;
  #heldBytes = 0;
  #heldFragments = 0;

  constructor(limits: DefragmentLimits, budget: Budget, ledger: Ledger) {
    this.#limits = limits;
    this.#budget = budget;
    this.#ledger = ledger;
  }

  /** Fragments held now. */
  get size(): number {
    return this.#heldFragments;
  }

  /** The payload of the whole packet when this fragment was the last one missing; else null (held, or dropped and counted). */
  add(packet: Packet, nowMs: number): Uint8Array | null {
    const { fragmentOffset: offset } = packet;
    const length = packet.payloadEnd - packet.payloadStart;
    // A fragment cut by the capture leaves a hole that nobody can fill.
    if (packet.missing > 0) return this.#refuse('defrag.fragment_cut');
    if (length === 0 || offset + length > MAX_PAYLOAD_BYTES || (packet.moreFragments && length % 8 !== 0)) return this.#refuse('defrag.invalid_fragment');
    const key = `${packet.vni} ${packet.protocol} ${packet.ipId} ${packet.src0} ${packet.src1} ${packet.src2} ${packet.src3} ${packet.dst0} ${packet.dst1} ${packet.dst2} ${packet.dst3}`;
    let datagram = this.#datagrams.get(key);
    if (datagram === undefined) {
      datagram = { key, firstMs: nowMs, parts: [], heldBytes: 0, totalBytes: -1 };
      this.#datagrams.set(key, datagram);
    }
    const { parts } = datagram;
    let at = parts.length;
    while (at > 0 && parts[at - 1]!.offset > offset) at--;
    const before = parts[at - 1];
    const after = parts[at];
    if (before !== undefined && before.offset + before.bytes.length >= offset + length) return this.#refuse('defrag.duplicate_fragment');
    const overlaps = (before !== undefined && before.offset + before.bytes.length > offset) || (after !== undefined && after.offset < offset + length);
    const { totalBytes: total } = datagram;
    const contradicts = total >= 0 && (offset + length > total || (!packet.moreFragments && offset + length !== total));
    if (overlaps || contradicts || parts.length >= MAX_PARTS) {
      this.#drop(datagram, 'defrag.overlap');
      return this.#refuse('defrag.overlap');
    }
    while (this.#heldBytes + length > this.#limits.fragmentsBytes || !this.#budget.take(length)) {
      const oldest = this.#datagrams.values().next().value;
      if (oldest === undefined || oldest === datagram) {
        this.#drop(datagram, 'defrag.memcap');
        return this.#refuse('defrag.memcap');
      }
      this.#drop(oldest, 'defrag.memcap');
    }
    parts.splice(at, 0, { offset, bytes: packet.bytes.slice(packet.payloadStart, packet.payloadEnd) });
    datagram.heldBytes += length;
    this.#heldBytes += length;
    this.#heldFragments++;
    if (!packet.moreFragments) datagram.totalBytes = offset + length;
    if (datagram.heldBytes !== datagram.totalBytes) return null;
    const whole = new Uint8Array(datagram.totalBytes);
    for (const part of parts) whole.set(part.bytes, part.offset);
    this.#drop(datagram, 'defrag.reassembled_fragments');
    this.#ledger.count('defrag.reassembled');
    return whole;
  }

  /** Gives up the datagrams that waited too long. */
  expire(nowMs: number): void {
    for (const datagram of this.#datagrams.values()) {
      if (nowMs - datagram.firstMs < this.#limits.fragmentTimeoutMs) break;
      this.#drop(datagram, 'defrag.timeout');
    }
  }

  /** Gives up all. */
  flush(): void {
    for (const datagram of [...this.#datagrams.values()]) this.#drop(datagram, 'defrag.timeout');
  }

  #refuse(reason: 'defrag.fragment_cut' | 'defrag.invalid_fragment' | 'defrag.duplicate_fragment' | 'defrag.overlap' | 'defrag.memcap'): null {
    this.#ledger.count(reason);
    return null;
  }

  #drop(datagram: Datagram, reason: 'defrag.overlap' | 'defrag.memcap' | 'defrag.timeout' | 'defrag.reassembled_fragments'): void {
    this.#ledger.count(reason, datagram.parts.length);
    this.#budget.release(datagram.heldBytes);
    this.#heldBytes -= datagram.heldBytes;
    this.#heldFragments -= datagram.parts.length;
    this.#datagrams.delete(datagram.key);
  }
}
