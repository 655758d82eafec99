import type { Ledger } from '../ledger.ts';
import type { Packet } from '../wire/packet.ts';
import { AgingMap } from './aging-map.ts';
import type { Budget } from './budget.ts';
import { FragmentHosts, type HeldDatagram } from './fragment-hosts.ts';
import { datagramKey, hostKey, lacksSum, mayBeDropped, sourceKey } from './fragment-keys.ts';
import { FragmentRuns } from './fragment-runs.ts';

interface Datagram extends HeldDatagram<Datagram> {
  readonly key: string;
  /** The headers of its fragments have no right sum. */
  readonly lacksSum: boolean;
  /** Some of them its host may drop for another reason. */
  readonly isDoubtful: boolean;
  readonly source: Source;
  runs: FragmentRuns;
  /** Fragments that came for it alone. */
  counted: number;
  readonly version: Packet['version'];
  readonly firstMs: number;
  /** Where the payload ends, as far as is known. */
  end: number;
  hasLast: boolean;
  /** Bit n: a fragment with the ECN bits n. */
  ecn: number;
  /** Of the fragment at offset 0: what the payload is, and whether its frame went to a group (TCP takes none). */
  protocol: number;
  isToGroup: boolean;
  /** The number among its source's fragments of its own last one. */
  lastNumber: number;
}

/** A packet that was put together: its payload, and what else its fragments say of it. */
type Whole = Pick<Packet, 'protocol' | 'isToGroup' | 'isDoubtful' | 'ecn'> & { readonly payload: Uint8Array };

/** A sender of fragments to one host, which counts those that come to itself; as long as some of them are held. */
interface Source { readonly key: string; fragments: number; datagrams: number }

interface DefragmentLimits {
  /**
   * A datagram whose fragments do not all come in this time is given up (Linux: net.ipv4.ipfrag_time, 30 s; IPv6: twice
   * that).
   */
  fragmentTimeoutMs: number;
}

/** Why a datagram is dropped with all that is held of it. */
type DropReason = 'defrag.invalid_fragment' | 'defrag.overlap' | 'defrag.memcap';
type EndReason = DropReason | 'defrag.timeout' | 'defrag.reassembled_fragments';
/** Why a fragment is dropped, itself alone or with its datagram. */
type FragmentLoss = 'wire.ipv4.invalid_checksum' | 'defrag.fragment_cut' | 'defrag.duplicate_fragment' | DropReason;

/** No IP packet is longer (RFC 791: total length of 16 bits). */
const MAX_PAYLOAD_BYTES = 65_535;
const IPV4_HEADER = 20;
/**
 * Linux (net.ipv4.ipfrag_max_dist) forgets a datagram when the next fragment of it is more than this many behind the
 * last, of those that its sender sends to it: when so many others come between the two.
 */
const MAX_DISTANCE = 64;
/** What a held fragment and a datagram take besides the bytes: objects, map entries. Measured, Node 20 and 24. */
export const FRAGMENT_OVERHEAD = 384;
export const DATAGRAM_OVERHEAD = 1024;
/** Refused datagrams that are remembered. */
const MOST_REFUSED = 1024;
const VERSIONS = [4, 6] as const;
const NOTHING: readonly Whole[] = [];
const CONGESTION_EXPERIENCED = 1 << 3;
const NOT_ECT = 1 << 0;

/**
 * Puts IP fragments together again (RFC 791 3.2, RFC 8200 4.5), as Linux does (net/ipv4/ip_fragment.c, inet_fragment.c,
 * net/ipv6/reassembly.c): a fragment that brings nothing new is ignored; one that overlaps in part, is empty or
 * contradicts the known end drops the whole datagram (RFC 5722), as two readings of it would be an evasion; so do ECN
 * bits that cannot stand together (RFC 3168 5.3). Certain fragments are put together without those that the host may
 * drop, and once more with them.
 */
export class Defragmenter {
  /** Of either version, by when the first fragment of each came. */
  readonly #datagrams = { 4: new AgingMap<string, Datagram>(), 6: new AgingMap<string, Datagram>() } as const;
  readonly #sources = new Map<string, Source>();
  readonly #hosts = new FragmentHosts<Datagram>();
  readonly #limits: DefragmentLimits;
  readonly #budget: Budget;
  readonly #ledger: Ledger;
  /** Keys of datagrams that were refused, and when: a mirror may show their fragments twice. */
  readonly #refused = new AgingMap<string, number>();
  #heldFragments = 0;
  /** A fragment with a right header was seen. */
  #headerSums = false;

  constructor(limits: DefragmentLimits, budget: Budget, ledger: Ledger) {
    this.#limits = limits;
    this.#budget = budget;
    this.#ledger = ledger;
  }

  /** Fragments held now. */
  get size(): number {
    return this.#heldFragments;
  }

  /**
   * @returns the packets of which this fragment was the last one missing: without those that their host may have
   *   dropped, and with them. None = it is held, or dropped and counted
   */
  add(packet: Packet, nowMs: number): readonly Whole[] {
    // A fragment that the capture cut leaves a hole that nothing can fill.
    if (packet.missing > 0) return this.#ignore('defrag.fragment_cut');
    // A file whose headers were rewritten after the capture has none that is right: there the checksum says nothing.
    if (packet.headerSum === 'correct') this.#headerSums = true;
    else if (packet.headerSum === 'wrong' && this.#headerSums) return this.#ignore('wire.ipv4.invalid_checksum');
    const { fragmentOffset: offset, moreFragments, version } = packet;
    let end = offset + packet.payloadEnd - packet.payloadStart;
    if (version === 6 && (end > MAX_PAYLOAD_BYTES || (moreFragments && (end & 7) !== 0))) {
      return this.#ignore('defrag.invalid_fragment');
    }
    // IPv4 keeps of such a fragment what is a multiple of eight.
    if (moreFragments) end &= ~7;
    const whole = this.#put(this.#datagramOf(packet, nowMs), packet, end, 1, nowMs);
    const other = packet.isDoubtful ? undefined : this.#datagrams[version].get(datagramKey(packet, true, true));
    const doubtful = other === undefined ? null : this.#put(other, packet, end, 0, nowMs);
    return whole === null && doubtful === null ? NOTHING : [whole, doubtful].filter((one) => one !== null);
  }

  /** @param counts 0: it is counted elsewhere. @returns null: held, or dropped */
  #put(datagram: Datagram, packet: Packet, end: number, counts: 0 | 1, nowMs: number): Whole | null {
    const { fragmentOffset: offset, moreFragments } = packet;
    const contradicts = moreFragments
      ? datagram.hasLast && end > datagram.end
      : end < datagram.end || (datagram.hasLast && end !== datagram.end);
    if (contradicts || end <= offset) return this.#refuseAll(datagram, packet, 'defrag.invalid_fragment', counts, nowMs);
    // Also what turns out to be a copy tells where the end is.
    datagram.end = Math.max(datagram.end, end);
    if (!moreFragments) datagram.hasLast = true;
    const place = datagram.runs.place(offset, end);
    if (place === 'duplicate') return this.#refuse('defrag.duplicate_fragment', counts);
    if (place === 'overlap') return this.#refuseAll(datagram, packet, 'defrag.overlap', counts, nowMs);
    if (!this.#charge(datagram, end - offset + FRAGMENT_OVERHEAD)) {
      return this.#refuseAll(datagram, packet, 'defrag.memcap', counts, nowMs);
    }
    const { bytes, payloadStart } = packet;
    datagram.runs.insert(place, offset, new Uint8Array(bytes.subarray(payloadStart, payloadStart + end - offset)));
    this.#heldFragments += counts;
    datagram.counted += counts;
    datagram.ecn |= 1 << packet.ecn;
    if (offset === 0) {
      datagram.protocol = packet.protocol;
      datagram.isToGroup = packet.isToGroup;
    }
    return datagram.hasLast && datagram.runs.bytes === datagram.end ? this.#whole(datagram, packet, nowMs) : null;
  }

  /** Gives up the datagrams that waited too long. */
  expire(nowMs: number): void {
    for (const version of VERSIONS) {
      const timeoutMs = this.#timeoutMs(version);
      for (const datagram of this.#datagrams[version].values()) {
        if (nowMs - datagram.firstMs < timeoutMs) break;
        this.#drop(datagram, 'defrag.timeout');
      }
    }
  }

  /** Gives up every datagram. */
  flush(): void {
    for (const version of VERSIONS) {
      for (const datagram of this.#datagrams[version].values()) this.#drop(datagram, 'defrag.timeout');
    }
  }

  #timeoutMs(version: Packet['version']): number {
    return this.#limits.fragmentTimeoutMs * (version === 6 ? 2 : 1);
  }

  #datagramOf(packet: Packet, nowMs: number): Datagram {
    const { version, protocol, isDoubtful } = packet;
    const key = datagramKey(packet, mayBeDropped(packet), isDoubtful);
    const known = this.#datagrams[version].get(key);
    const source = known?.source ?? this.#sourceOf(packet);
    const number = ++source.fragments;
    if (known !== undefined) {
      const tooFar = version === 4 && number - known.lastNumber > MAX_DISTANCE;
      known.lastNumber = number;
      if (!tooFar) return known;
      this.#drop(known, 'defrag.timeout');
    }
    const datagram: Datagram = {
      key, source, host: this.#hosts.hostOf(hostKey(packet), mayBeDropped(packet)),
      lacksSum: lacksSum(packet), isDoubtful,
      runs: new FragmentRuns(), counted: 0, version, firstMs: nowMs, charged: 0, older: null, newer: null,
      end: 0, hasLast: false, ecn: 0, protocol, isToGroup: false, lastNumber: number,
    };
    this.#datagrams[version].set(key, datagram);
    this.#hosts.add(datagram);
    this.#sources.set(source.key, source);
    source.datagrams++;
    if (isDoubtful) this.#begin(datagram, packet);
    return datagram;
  }

  /** One with fragments that its host may drop begins with what is there of the same one without. */
  #begin(datagram: Datagram, packet: Packet): void {
    const certain = this.#certainOf(packet);
    if (certain === undefined || !this.#charge(datagram, certain.charged - DATAGRAM_OVERHEAD)) return;
    datagram.runs.copyFrom(certain.runs);
    datagram.end = certain.end;
    datagram.hasLast = certain.hasLast;
    datagram.ecn = certain.ecn;
    datagram.protocol = certain.protocol;
    datagram.isToGroup = certain.isToGroup;
  }

  /** The same datagram without the fragments that its host may drop. */
  #certainOf(packet: Packet): Datagram | undefined {
    const datagrams = this.#datagrams[packet.version];
    return datagrams.get(datagramKey(packet, false, false)) ?? datagrams.get(datagramKey(packet, true, false));
  }

  #sourceOf(packet: Packet): Source {
    const key = sourceKey(packet, mayBeDropped(packet));
    return this.#sources.get(key) ?? { key, fragments: 0, datagrams: 0 };
  }

  /** Takes memory for it; others make room. @returns false: it is itself what makes room */
  #charge(datagram: Datagram, bytes: number): boolean {
    const needed = bytes + (datagram.charged === 0 ? DATAGRAM_OVERHEAD : 0);
    while (!this.#budget.take(needed)) {
      const other = this.#hosts.makesRoomFor(datagram);
      if (other === null) return false;
      this.#drop(other, 'defrag.memcap');
    }
    this.#hosts.charge(datagram, needed);
    return true;
  }

  #whole(datagram: Datagram, packet: Packet, nowMs: number): Whole | null {
    const mixed = (datagram.ecn & NOT_ECT) !== 0 && datagram.ecn !== NOT_ECT;
    if (mixed || datagram.end > MAX_PAYLOAD_BYTES - (packet.version === 4 ? IPV4_HEADER : 0)) {
      this.#rememberRefused(datagram, nowMs);
      this.#end(datagram, packet, 'defrag.invalid_fragment');
      return null;
    }
    const payload = new Uint8Array(datagram.end);
    datagram.runs.copyTo(payload);
    // Copies of what was refused, or what its sender sent again: only the second was taken by its host.
    const refusedMs = this.#refused.get(datagram.key);
    const wasRefused = refusedMs !== undefined && nowMs - refusedMs < this.#timeoutMs(datagram.version);
    this.#end(datagram, packet, 'defrag.reassembled_fragments');
    this.#ledger.count('defrag.reassembled');
    return {
      payload, protocol: datagram.protocol, isToGroup: datagram.isToGroup,
      ecn: (datagram.ecn & CONGESTION_EXPERIENCED) !== 0 ? 3 : packet.ecn,
      isDoubtful: datagram.isDoubtful || wasRefused || (datagram.lacksSum && this.#headerSums),
    };
  }

  #ignore(reason: FragmentLoss): readonly Whole[] {
    this.#ledger.count(reason);
    return NOTHING;
  }

  #refuse(reason: FragmentLoss, counts: 0 | 1): null {
    this.#ledger.count(reason, counts);
    return null;
  }

  /** The fragment in hand, and those held of its datagram. */
  #refuseAll(datagram: Datagram, packet: Packet, reason: DropReason, counts: 0 | 1, nowMs: number): null {
    this.#rememberRefused(datagram, nowMs);
    this.#end(datagram, packet, reason);
    return this.#refuse(reason, counts);
  }

  /** Copies of the fragment in hand alone make no datagram. */
  #rememberRefused({ key, runs }: Datagram, nowMs: number): void {
    if (runs.fragments === 0) return;
    this.#refused.set(key, nowMs);
    if (this.#refused.size > MOST_REFUSED) this.#refused.deleteOldest();
  }

  /**
   * It is whole, or refused. As long as the certain ones of its fragments wait for others, it goes on without them: its
   * host has them no more, and one more doubtful fragment must not bring them all back.
   */
  #end(datagram: Datagram, packet: Packet, reason: EndReason): void {
    if (!datagram.isDoubtful || this.#certainOf(packet) === undefined) {
      this.#drop(datagram, reason);
      return;
    }
    this.#count(datagram, reason);
    const held = datagram.charged - DATAGRAM_OVERHEAD;
    if (held > 0) {
      this.#budget.release(held);
      this.#hosts.charge(datagram, -held);
    }
    datagram.runs = new FragmentRuns();
    datagram.counted = 0;
    datagram.end = 0;
    datagram.hasLast = false;
    datagram.ecn = 0;
  }

  #count(datagram: Datagram, reason: EndReason): void {
    this.#ledger.count(reason, datagram.counted);
    this.#heldFragments -= datagram.counted;
  }

  #drop(datagram: Datagram, reason: EndReason): void {
    this.#count(datagram, reason);
    this.#budget.release(datagram.charged);
    this.#hosts.remove(datagram);
    this.#datagrams[datagram.version].delete(datagram.key);
    if (--datagram.source.datagrams === 0) this.#sources.delete(datagram.source.key);
  }
}
