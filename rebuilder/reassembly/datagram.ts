import type { Packet } from '../wire/packet.ts';
import type { HeldDatagram } from './fragment-hosts.ts';
import { lacksSum } from './fragment-keys.ts';
import { FragmentRuns } from './fragment-runs.ts';

const CONGESTION_EXPERIENCED = 1 << 3;
const NOT_ECT = 1 << 0;

/** A datagram as a host puts it together that takes the same of its fragments. */
export interface Datagram extends HeldDatagram<Datagram> {
  readonly key: string;
  /** The headers of its fragments have no right sum. */
  readonly lacksSum: boolean;
  /** One of its ways; null = of the fragments that no host drops. */
  readonly doubted: DoubtedDatagram | null;
  /** Bits of IpDoubt: also those fragments are part of it that have no other doubts. */
  takes: number;
  readonly source: Source;
  runs: FragmentRuns;
  /** Fragments that count with it. */
  counted: number;
  readonly version: Packet['version'];
  firstMs: number;
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

/** A datagram of which hosts may drop fragments, in the ways in which a host may put it together that takes some. */
export interface DoubtedDatagram {
  /** The first one with all of its fragments, which count with it; then with those that have some of their doubts. */
  readonly ways: Datagram[];
  /** When the last of them began, or began anew. */
  begunMs: number;
  /** Bytes of its fragments that do not yet count as sent with what was made of them. */
  uncountedBytes: number;
}

/** A sender of fragments to one host, which counts those that come to itself; as long as some of them are held. */
export interface Source { readonly key: string; fragments: number; datagrams: number }

/** A packet that was put together: its payload, and what else its fragments say of it. */
export type Whole = Pick<Packet, 'protocol' | 'isToGroup' | 'ipDoubts' | 'ecn' | 'wasCounted'>
  & { readonly payload: Uint8Array };

export function newDatagram(
  packet: Packet, key: string, host: Datagram['host'], source: Source, takes: number, doubted: DoubtedDatagram | null,
  nowMs: number,
): Datagram {
  const { version, protocol } = packet;
  return {
    key, host, source, lacksSum: lacksSum(packet), doubted, takes,
    runs: new FragmentRuns(), counted: 0, version, firstMs: nowMs, charged: 0, older: null, newer: null,
    end: 0, hasLast: false, ecn: 0, protocol, isToGroup: false, lastNumber: 0,
  };
}

/** It begins with what is held of another. */
export function beginWith(datagram: Datagram, other: Datagram): void {
  datagram.runs.copyFrom(other.runs);
  datagram.firstMs = other.firstMs;
  datagram.end = other.end;
  datagram.hasLast = other.hasLast;
  datagram.ecn = other.ecn;
  datagram.protocol = other.protocol;
  datagram.isToGroup = other.isToGroup;
}

/** Nothing of it is there any more. */
export function empty(datagram: Datagram): void {
  datagram.runs = new FragmentRuns();
  datagram.counted = 0;
  datagram.end = 0;
  datagram.hasLast = false;
  datagram.ecn = 0;
}

export function isEmpty({ ways }: DoubtedDatagram): boolean {
  return ways.every(({ runs }) => runs.fragments === 0);
}

/**
 * ECN bits of the whole (RFC 3168 5.3): 3 = one of its fragments met congestion; -1 = they cannot stand together; 0 =
 * as the last one to come has them.
 */
export function ecnOf({ ecn }: Datagram): number {
  if ((ecn & NOT_ECT) !== 0 && ecn !== NOT_ECT) return -1;
  return (ecn & CONGESTION_EXPERIENCED) !== 0 ? 3 : 0;
}

/** What a client has sent bounds what is told of it: its fragments count once, however many wholes they make. */
export function countSent(doubted: DoubtedDatagram, bytes: number, wholes: readonly Whole[]): void {
  doubted.uncountedBytes += bytes;
  for (const whole of wholes) {
    const { payload, ipDoubts } = whole;
    whole.wasCounted = ipDoubts !== 0 && doubted.uncountedBytes < payload.length;
    if (!whole.wasCounted) doubted.uncountedBytes = Math.max(0, doubted.uncountedBytes - payload.length);
  }
}

export function isSame(one: Whole, other: Whole): boolean {
  return one.protocol === other.protocol && one.isToGroup === other.isToGroup && one.ecn === other.ecn
    && Buffer.compare(one.payload, other.payload) === 0;
}
