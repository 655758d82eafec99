import { IpDoubt } from './ip-doubt.ts';
import type { Packet } from './packet.ts';
import type { Outcome } from './step.ts';

const END = 0;
const NO_OPERATION = 1;
const RECORD_ROUTE = 7;
const TIMESTAMP = 68;
const LOOSE_SOURCE_ROUTE = 131;
const CIPSO = 134;
const STRICT_SOURCE_ROUTE = 137;
const ROUTER_ALERT = 148;

/** Kinds of timestamps (RFC 791 3.1): each behind an address, and each for an address that its sender chose. */
const [WITH_ADDRESS, PRESPECIFIED] = [1, 3] as const;
/** So many hosts had no room for their timestamp: it cannot be counted on. */
const MOST_OVERFLOWS = 15;

/**
 * Why a Linux host (net/ipv4/ip_options.c, accept_source_route off as by default) drops a packet with these options;
 * null = it takes it.
 */
export function ipv4Options(packet: Packet, start: number, end: number): Outcome | null {
  const { bytes } = packet;
  let seen = 0;
  for (let at = start; at < end;) {
    const type = bytes[at]!;
    if (type === END) return null;
    if (type === NO_OPERATION) {
      at++;
      continue;
    }
    const length = at + 1 < end ? bytes[at + 1]! : 0;
    if (length < 2 || at + length > end) return 'wire.ipv4.invalid_options';
    if (type === LOOSE_SOURCE_ROUTE || type === STRICT_SOURCE_ROUTE) return 'wire.ipv4.source_route';
    const bit = onceBit(type);
    if ((seen & bit) !== 0 || !isWellMade(type, bytes, at, length)) return 'wire.ipv4.invalid_options';
    seen |= bit;
    if (type === CIPSO) packet.ipDoubts |= IpDoubt.label;
    at += length;
  }
  return null;
}

/** Of an option that a packet has once at most; 0 = as often as it likes. */
function onceBit(type: number): number {
  switch (type) {
    case RECORD_ROUTE: return 1;
    case TIMESTAMP: return 2;
    case CIPSO: return 4;
    default: return 0;
  }
}

/**
 * RFC 791 3.1, RFC 2113; CIPSO: a domain and a tag at least. The pointer counts from 1, and is behind the option when
 * that is full.
 */
function isWellMade(type: number, bytes: Uint8Array, at: number, length: number): boolean {
  switch (type) {
    case RECORD_ROUTE: {
      if (length < 3) return false;
      const pointer = bytes[at + 2]!;
      return pointer >= 4 && (pointer > length || pointer + 3 <= length);
    }
    case TIMESTAMP: {
      if (length < 4) return false;
      const pointer = bytes[at + 2]!;
      const kind = bytes[at + 3]! & 15;
      if (pointer < 5) return false;
      if (pointer > length) return kind === PRESPECIFIED || bytes[at + 3]! >> 4 !== MOST_OVERFLOWS;
      return pointer + (kind === WITH_ADDRESS || kind === PRESPECIFIED ? 7 : 3) <= length;
    }
    case CIPSO: return length >= 8;
    case ROUTER_ALERT: return length >= 4;
    default: return true;
  }
}
