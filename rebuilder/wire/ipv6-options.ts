import { int32, uint16 } from './big-endian.ts';
import { IpDoubt } from './ip-doubt.ts';
import type { Packet } from './packet.ts';
import { Protocol } from './protocol.ts';

const PAD1 = 0;
const PADN = 1;
const JUMBO = 0xc2;
/** Options of the hop-by-hop header that Linux knows: router alert, CALIPSO, IOAM (since 5.15). */
const ROUTER_ALERT = 5;
const CALIPSO = 7;
const IOAM = 49;
/** Linux: net.ipv6.max_hbh_opts_number and max_dst_opts_number, since 4.15: others take more, or fewer. */
const MAX_OPTIONS = 8;
/** Padding in a row: no alignment needs more (RFC 4942 2.1.9.5). */
const MAX_PADDING = 7;
const JUMBO_MIN = 0x10000;

/**
 * Would a Linux host read on after these options (RFC 8200 4.2, net/ipv6/exthdrs.c)? The two highest bits of an unknown
 * one say whether it may be skipped. The options are bytes[start, end) of `packet`, whose protocol is that of their
 * header; it is doubtful where that depends on the kernel.
 */
export function optionsAreTaken(packet: Packet, start: number, end: number): boolean {
  const { bytes } = packet;
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
      if (++options > MAX_OPTIONS) packet.ipDoubts |= IpDoubt.optionCount;
      padding = 0;
      const isFirst = packet.protocol === Protocol.hopByHop;
      const known = isFirst ? knownOption(packet, type, next - at - 2, at - start + 2) : null;
      if (known === false || (known === null && type >> 6 !== 0)) return false;
    }
    at = next;
  }
  return true;
}

/**
 * Does Linux accept a hop-by-hop option that it knows, as it is made? null = it knows none of that type. (The jumbo
 * payload option itself is looked at in jumboLength.)
 * @param at its place in its header, which is what it is aligned to
 */
function knownOption(packet: Packet, type: number, length: number, at: number): boolean | null {
  switch (type) {
    case ROUTER_ALERT: return length === 2;
    case JUMBO: return packet.isJumbogram;
    case CALIPSO:
      packet.ipDoubts |= IpDoubt.label;
      return length >= 8;
    case IOAM:
      // Where it is not known it is skipped.
      if ((at & 3) !== 0) packet.ipDoubts |= IpDoubt.ioam;
      return true;
    default: return null;
  }
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
