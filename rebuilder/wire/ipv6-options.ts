import { int32, uint16 } from './big-endian.ts';
import { Protocol } from './protocol.ts';

const PAD1 = 0;
const PADN = 1;
const JUMBO = 0xc2;
/** Options of the hop-by-hop header that Linux knows: router alert, CALIPSO, IOAM. */
const ROUTER_ALERT = 5;
const CALIPSO = 7;
const IOAM = 49;
/** Linux: net.ipv6.max_hbh_opts_number and max_dst_opts_number. */
const MAX_OPTIONS = 8;
/** Padding in a row: no alignment needs more (RFC 4942 2.1.9.5). */
const MAX_PADDING = 7;
const JUMBO_MIN = 0x10000;

/**
 * Would a Linux host read on after these options (RFC 8200 4.2, net/ipv6/exthdrs.c)? The two highest bits of an unknown
 * one say whether it may be skipped. The options are bytes[start, end); `protocol` is that of their header.
 */
export function optionsAreTaken(bytes: Uint8Array, start: number, end: number, protocol: number): boolean {
  let options = 0;
  let padding = 0;
  for (let at = start; at < end;) {
    const type = bytes[at]!;
    if (type === PAD1) {
      if (++padding > MAX_PADDING) return false;
      at++;
      continue;
    }
    const next = at + 1 < end ? at + 2 + bytes[at + 1]! : end + 1;
    if (next > end) return false;
    if (type === PADN) {
      padding += next - at;
      if (padding > MAX_PADDING) return false;
      for (let i = at + 2; i < next; i++) if (bytes[i] !== 0) return false;
    } else {
      if (++options > MAX_OPTIONS) return false;
      padding = 0;
      const isKnown = protocol === Protocol.hopByHop
        && (type === ROUTER_ALERT || type === CALIPSO || type === IOAM || type === JUMBO);
      if (!isKnown && type >> 6 !== 0) return false;
    }
    at = next;
  }
  return true;
}

/**
 * The payload length of a jumbogram (RFC 2675 2), whose options begin at `at`; 0 = there is none, -1 = one that no host
 * accepts.
 */
export function jumboLength(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 8) return 0;
  const optionsEnd = Math.min(end, at + ((bytes[at + 1]! + 1) << 3));
  for (let option = at + 2; option < optionsEnd;) {
    const type = bytes[option]!;
    if (type === JUMBO) {
      // Aligned to 4n + 2, and only for what fits no other way.
      if (option + 6 > optionsEnd || bytes[option + 1] !== 4 || ((option - at) & 3) !== 2) return -1;
      const length = uint16(bytes, option + 2) * 0x10000 + (int32(bytes, option + 2) & 0xffff);
      return length < JUMBO_MIN ? -1 : length;
    }
    option += type === PAD1 ? 1 : 2 + (option + 1 < optionsEnd ? bytes[option + 1]! : 0);
  }
  return 0;
}
