import { compileFilter } from '../capture/filter-compiler.ts';
import { LinkType } from '../capture/frame-source.ts';
import type { Settings } from '../config/settings.ts';
import { type OpenPacket, takenPackets } from '../wire/bpf-search.ts';
import { BpfProgram } from '../wire/bpf.ts';
import { addressBytes, encodeEthernet, encodeIpv4, encodeTcp, putUint16 } from '../wire/encode.ts';
import { EtherType } from '../wire/ethertype.ts';
import { Protocol } from '../wire/protocol.ts';
import { sourceFilters } from './source-filters.ts';

type Version = 4 | 6;
/** Fragments of which version of IP, and whether behind a VLAN tag. */
interface Missed { readonly version: Version; readonly isTagged: boolean }

/** The same in each packet: some filters look at the length. */
const IP_PAYLOAD_BYTES = 1200;
/** In units of eight bytes. */
const LATER_OFFSET = 150;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_HEADER_BYTES = 8;
const ADDRESSES: Record<Version, { source: string; destination: string }> = {
  4: { source: '192.0.2.1', destination: '198.51.100.2' },
  6: { source: '2001:db8::1', destination: '2001:db8:1::2' },
};
const TAGS: readonly (readonly number[])[] = [
  [], [EtherType.vlan], [EtherType.serviceVlan, EtherType.vlan], [EtherType.vlan, EtherType.vlan],
];

/**
 * Whole sentences about filters of enabled sources that take whole TCP packets and not all fragments of such packets:
 * only the first one has ports. Found by what the compiled filter does with packets, whatever it is written like.
 */
export async function fragmentWarnings(settings: Settings): Promise<string[]> {
  const sentences = await Promise.all(sourceFilters(settings).map(async ({ path, filter, links }) => {
    const missed = await missedBy(filter, links);
    return missed.length === 0 ? [] : [`${path}: ${sentenceAbout(filter, missed)}`];
  }));
  return sentences.flat();
}

function sentenceAbout(filter: string, missed: readonly Missed[]): string {
  const has = (version: Version): boolean => missed.some((one) => one.version === version);
  const later = [...has(4) ? ['ip[6:2] & 0x1fff != 0'] : [], ...has(6) ? ['(ip6[6] != 6 and ip6[6] != 17)'] : []].join(' or ');
  const where = missed.every(({ isTagged }) => isTagged) ? ' behind a VLAN tag' : '';
  const everyTag = missed.some(({ isTagged }) => isTagged) ? ', behind each vlan' : '';
  return `'${filter}' takes TCP packets${where} but not all IP fragments of them, and a request that is sent in fragments is not seen: `
    + `instead of its ports write (PORTS or ${later})${everyTag}`;
}

/** By the first of the link types with which it takes a TCP packet. */
async function missedBy(filter: string, links: readonly number[]): Promise<Missed[]> {
  for (const link of links) {
    // One that suits none of them is a mistake, and was named before (filter-mistakes.ts).
    const instructions = await compileFilter(filter, link).catch(() => null);
    if (instructions === null) continue;
    const program = new BpfProgram(instructions);
    const takes = (frame: Uint8Array): boolean => program.accepts(frame, 0, frame.length, frame.length);
    const missed: Missed[] = [];
    let isSuited = false;
    for (const { version, isTagged, ...header } of linkHeaders(link)) {
      for (const taken of takenPackets(instructions, openTcpPacket(header, version))) {
        isSuited = true;
        if (fragmentsOf(taken, header.bytes.length, version).every(takes)) continue;
        missed.push({ version, isTagged });
        break;
      }
    }
    if (isSuited) return missed;
  }
  return [];
}

interface LinkHeader extends OpenPacket, Missed {}

/** What stands before the IP packet: in Ethernet with no tag, with one and with two. */
function linkHeaders(link: number): LinkHeader[] {
  if (link === LinkType.ipv4) {
    return [{ bytes: new Uint8Array(0), open: new Uint8Array(0), version: 4, isTagged: false }];
  }
  return ([4, 6] as const).flatMap((version) => {
    const type = version === 4 ? EtherType.ipv4 : EtherType.ipv6;
    if (link === LinkType.linuxSll) {
      const bytes = new Uint8Array(16);
      putUint16(bytes, 14, type);
      return [{ bytes, open: new Uint8Array(16), version, isTagged: false }];
    }
    return TAGS.map((tags) => {
      const bytes = encodeEthernet({}, new Uint8Array(tags.length * 4));
      const open = new Uint8Array(bytes.length).fill(0xff, 0, 12);
      [...tags, type].forEach((one, i) => putUint16(bytes, 12 + i * 4, one));
      tags.forEach((_, i) => putUint16(open, 14 + i * 4, 0x0fff));
      return { bytes, open, version, isTagged: tags.length > 0 };
    });
  });
}

/** A TCP packet with data, whose addresses and ports are open. */
function openTcpPacket(link: OpenPacket, version: Version): OpenPacket {
  const addresses = ADDRESSES[version];
  const ports = { ...addresses, sourcePort: 50_001, destinationPort: 50_002 };
  const segment = encodeTcp({ ...ports, sequence: 1, flags: 0x18 }, new Uint8Array(IP_PAYLOAD_BYTES - 20));
  const packet = version === 4 ? encodeIpv4(addresses, segment) : ipv6Packet(addresses, segment);
  const bytes = Buffer.concat([link.bytes, packet]);
  const open = new Uint8Array(bytes.length);
  open.set(link.open);
  const [addressesAt, portsAt] = version === 4 ? [12, 20] : [8, 40];
  open.fill(0xff, link.bytes.length + addressesAt, link.bytes.length + portsAt + 4);
  return { bytes, open };
}

function ipv6Packet({ source, destination }: { source: string; destination: string }, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(40);
  header[0] = 0x60;
  putUint16(header, 4, payload.length);
  header[6] = Protocol.tcp;
  header[7] = 64;
  header.set(addressBytes(source), 8);
  header.set(addressBytes(destination), 24);
  return Buffer.concat([header, payload]);
}

/** The first, a middle and the last fragment of a packet as long as this one, each as long as it is. */
function fragmentsOf(whole: Uint8Array, ipAt: number, version: Version): Uint8Array[] {
  return ([[0, true], [LATER_OFFSET, true], [LATER_OFFSET, false]] as const).map(([offset, isFollowed]) => {
    const fragment = new Uint8Array(whole);
    const payloadAt = ipAt + (version === 4 ? 20 : 40);
    const dataAt = version === 4 ? payloadAt : payloadAt + FRAGMENT_HEADER_BYTES;
    if (version === 4) {
      putUint16(fragment, ipAt + 6, (isFollowed ? MORE_FRAGMENTS : 0) | offset);
    } else {
      fragment[ipAt + 6] = Protocol.fragment;
      fragment.copyWithin(dataAt, payloadAt);
      fragment.set([Protocol.tcp, 0], payloadAt);
      putUint16(fragment, payloadAt + 2, (offset << 3) | (isFollowed ? 1 : 0));
    }
    // What stands there was data: no ports, flags or numbers of TCP.
    if (offset !== 0) fragment.fill(0x78, dataAt);
    return fragment;
  });
}
