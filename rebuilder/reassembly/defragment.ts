import type { Ledger } from '../ledger.ts';
import { IpDoubt } from '../wire/ip-doubt.ts';
import type { Packet } from '../wire/packet.ts';
import { AgingMap } from './aging-map.ts';
import type { Budget } from './budget.ts';
import {
  beginWith, countSent, type Datagram, type DoubtedDatagram, ecnOf, empty, isEmpty, isSame, newDatagram, type Source,
  type Whole,
} from './datagram.ts';
import { FragmentHosts } from './fragment-hosts.ts';
import { datagramKey, hostKey, mayBeDropped, sourceKey } from './fragment-keys.ts';
import { fullestWithin, isTaken, MOST_WAYS, waysWith } from './fragment-readings.ts';
import { RefusedDatagrams } from './refused-datagrams.ts';

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
const VERSIONS = [4, 6] as const;
const NOTHING: readonly Whole[] = [];

/**
 * Puts IP fragments together again (RFC 791 3.2, RFC 8200 4.5), as Linux does (net/ipv4/ip_fragment.c, inet_fragment.c,
 * net/ipv6/reassembly.c): a fragment that brings nothing new is ignored; one that overlaps in part, is empty or
 * contradicts the known end drops the whole datagram (RFC 5722), as two readings of it would be an evasion; so do ECN
 * bits that cannot stand together (RFC 3168 5.3). Certain fragments are put together without those that the host may
 * drop, and once more with them: with all, and, where that is for several reasons, with those of some.
 */
export class Defragmenter {
  /** Of either version, by when the first fragment of each came. */
  readonly #datagrams = { 4: new AgingMap<string, Datagram>(), 6: new AgingMap<string, Datagram>() } as const;
  readonly #sources = new Map<string, Source>();
  readonly #hosts = new FragmentHosts<Datagram>();
  readonly #limits: DefragmentLimits;
  readonly #budget: Budget;
  readonly #ledger: Ledger;
  readonly #refused = new RefusedDatagrams();
  #heldFragments = 0;
  /** Datagrams of which a host may drop fragments. */
  #doubted = 0;
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
   *   dropped, and with them, each once. None = it is held, or dropped and counted
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
    const datagram = this.#datagramOf(packet, nowMs);
    if (packet.isDoubtful) this.#part(datagram, packet, nowMs);
    const whole = this.#put(datagram, packet, end, 1, nowMs);
    const made = whole === null ? NOTHING : [whole];
    if (whole !== null) this.#ledger.count('defrag.reassembled');
    if (this.#doubted === 0) return made;
    const doubted = this.#datagrams[version].get(datagramKey(packet, true, true))?.doubted ?? null;
    return doubted === null ? made : this.#addToOthers(doubted, packet, end, made, nowMs);
  }

  /** A fragment is part of others, too, than of what it came for. */
  #addToOthers(
    doubted: DoubtedDatagram, packet: Packet, end: number, made: readonly Whole[], nowMs: number,
  ): readonly Whole[] {
    const wholes = [...made];
    const others = packet.isDoubtful ? doubted.ways.slice(1) : [...doubted.ways];
    for (const way of others) {
      // One of them may have made room for another.
      if (!isTaken(packet.ipDoubts, way.takes) || !doubted.ways.includes(way)) continue;
      const whole = this.#put(way, packet, end, 0, nowMs);
      if (whole === null || wholes.some((one) => isSame(one, whole))) continue;
      wholes.push(whole);
      this.#ledger.count('defrag.reassembled');
    }
    countSent(doubted, end - packet.fragmentOffset, wholes);
    const isOver = isEmpty(doubted) && this.#certainOf(packet) === undefined;
    if (isOver && doubted.ways.length > 0) this.#drop(doubted.ways[0]!, 'defrag.timeout');
    return wholes;
  }

  /** @param counts 0: it is counted elsewhere. @returns null: held, or dropped */
  #put(datagram: Datagram, packet: Packet, end: number, counts: 0 | 1, nowMs: number): Whole | null {
    if (datagram.doubted !== null) this.#renew(datagram, datagram.doubted, nowMs);
    const { fragmentOffset: offset, moreFragments } = packet;
    const contradicts = moreFragments
      ? datagram.hasLast && end > datagram.end
      : end < datagram.end || (datagram.hasLast && end !== datagram.end);
    if (contradicts || end <= offset) return this.#refuseAll(datagram, 'defrag.invalid_fragment', counts, nowMs);
    // Also what turns out to be a copy tells where the end is.
    datagram.end = Math.max(datagram.end, end);
    if (!moreFragments) datagram.hasLast = true;
    const place = datagram.runs.place(offset, end);
    if (place === 'duplicate') return this.#refuse('defrag.duplicate_fragment', counts);
    if (place === 'overlap') return this.#refuseAll(datagram, 'defrag.overlap', counts, nowMs);
    if (!this.#charge(datagram, end - offset + FRAGMENT_OVERHEAD)) {
      return this.#refuseAll(datagram, 'defrag.memcap', counts, nowMs);
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
        if (nowMs - (datagram.doubted?.begunMs ?? datagram.firstMs) < timeoutMs) break;
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
    return version === 6 ? 2 * this.#limits.fragmentTimeoutMs : this.#limits.fragmentTimeoutMs;
  }

  #datagramOf(packet: Packet, nowMs: number): Datagram {
    const { version, isDoubtful, ipDoubts } = packet;
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
    const doubted = isDoubtful ? { ways: [], begunMs: nowMs, uncountedBytes: 0 } : null;
    const datagram = this.#begin(packet, key, source, ipDoubts, doubted, nowMs);
    datagram.lastNumber = number;
    this.#datagrams[version].set(key, datagram);
    this.#sources.set(source.key, source);
    source.datagrams++;
    if (doubted === null) return datagram;
    this.#doubted++;
    const certain = this.#certainOf(packet);
    if (certain === undefined || !this.#beginWith(datagram, certain)) return datagram;
    doubted.uncountedBytes = certain.runs.bytes;
    return datagram;
  }

  #begin(
    packet: Packet, key: string, source: Source, takes: number, doubted: DoubtedDatagram | null, nowMs: number,
  ): Datagram {
    const host = this.#hosts.hostOf(hostKey(packet), mayBeDropped(packet));
    const datagram = newDatagram(packet, key, host, source, takes, doubted, nowMs);
    this.#hosts.add(datagram);
    doubted?.ways.push(datagram);
    return datagram;
  }

  /** @returns false: there is no memory for it */
  #beginWith(datagram: Datagram, other: Datagram): boolean {
    if (other.charged > 0 && !this.#charge(datagram, other.charged - DATAGRAM_OVERHEAD)) return false;
    beginWith(datagram, other);
    return true;
  }

  /** A fragment comes for `all`: there may be hosts that drop it and take others, or the other way round. */
  #part(all: Datagram, packet: Packet, nowMs: number): void {
    const { ways } = all.doubted!;
    for (const takes of waysWith(packet.ipDoubts, ways.map((way) => way.takes))) {
      const known = ways[fullestWithin(takes, ways.map((way) => way.takes))] ?? this.#certainOf(packet);
      const way = ways.length >= MOST_WAYS ? null : this.#begin(packet, all.key, all.source, takes, all.doubted, nowMs);
      if (way !== null && (known === undefined || this.#beginWith(way, known))) continue;
      this.#ledger.count('tcp.readings_limit');
      if (way !== null) this.#drop(way, 'defrag.memcap');
      break;
    }
    all.takes |= packet.ipDoubts;
  }

  /** What waited too long is forgotten, also before all its datagram is; of an empty one the time begins. */
  #renew(datagram: Datagram, doubted: DoubtedDatagram, nowMs: number): void {
    if (datagram.runs.fragments > 0) {
      if (nowMs - datagram.firstMs < this.#timeoutMs(datagram.version)) return;
      this.#end(datagram, 'defrag.timeout');
    }
    datagram.firstMs = nowMs;
    doubted.begunMs = nowMs;
    this.#datagrams[datagram.version].set(datagram.key, doubted.ways[0]!);
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
      if (other === null || other === datagram.doubted?.ways[0]) return false;
      this.#drop(other, 'defrag.memcap');
    }
    this.#hosts.charge(datagram, needed);
    return true;
  }

  #whole(datagram: Datagram, packet: Packet, nowMs: number): Whole | null {
    const ecn = ecnOf(datagram);
    if (ecn < 0 || datagram.end > MAX_PAYLOAD_BYTES - (packet.version === 4 ? IPV4_HEADER : 0)) {
      this.#rememberRefused(datagram, nowMs);
      this.#end(datagram, 'defrag.invalid_fragment');
      return null;
    }
    const payload = new Uint8Array(datagram.end);
    datagram.runs.copyTo(payload);
    // Copies of what was refused, or what its sender sent again: only the second was taken by its host.
    const wasRefused = this.#refused.has(datagram.key, nowMs, this.#timeoutMs(datagram.version));
    this.#end(datagram, 'defrag.reassembled_fragments');
    const isDoubtful = wasRefused || (datagram.lacksSum && this.#headerSums);
    return {
      payload, protocol: datagram.protocol, isToGroup: datagram.isToGroup,
      ecn: ecn === 3 ? ecn : packet.ecn,
      ipDoubts: datagram.takes | (isDoubtful ? IpDoubt.fragments : 0),
      wasCounted: false,
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
  #refuseAll(datagram: Datagram, reason: DropReason, counts: 0 | 1, nowMs: number): null {
    this.#rememberRefused(datagram, nowMs);
    this.#end(datagram, reason);
    return this.#refuse(reason, counts);
  }

  /** Copies of the fragment in hand alone make no datagram. */
  #rememberRefused({ key, runs, doubted }: Datagram, nowMs: number): void {
    if (runs.fragments > 0 && doubted === null) this.#refused.add(key, nowMs);
  }

  /**
   * It is whole, or refused. One of several ways goes on without its fragments, as long as others wait: its host has
   * them no more, and one more doubtful fragment must not bring them all back.
   */
  #end(datagram: Datagram, reason: EndReason): void {
    if (datagram.doubted === null) {
      this.#drop(datagram, reason);
      return;
    }
    this.#count(datagram, reason);
    const held = datagram.charged - DATAGRAM_OVERHEAD;
    if (held > 0) {
      this.#budget.release(held);
      this.#hosts.charge(datagram, -held);
    }
    empty(datagram);
  }

  #count(datagram: Datagram, reason: EndReason): void {
    this.#ledger.count(reason, datagram.counted);
    this.#heldFragments -= datagram.counted;
  }

  #drop(datagram: Datagram, reason: EndReason): void {
    this.#count(datagram, reason);
    const ways = datagram.doubted?.ways ?? [datagram];
    if (datagram !== ways[0]) {
      ways.splice(ways.indexOf(datagram), 1);
      this.#release(datagram);
      return;
    }
    for (const way of ways.splice(0)) this.#release(way);
    if (datagram.doubted !== null) this.#doubted--;
    this.#datagrams[datagram.version].delete(datagram.key);
    if (--datagram.source.datagrams === 0) this.#sources.delete(datagram.source.key);
  }

  #release(datagram: Datagram): void {
    this.#budget.release(datagram.charged);
    this.#hosts.remove(datagram);
  }
}
