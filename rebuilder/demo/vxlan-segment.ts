import { encodeEthernet, encodeIpv4, encodeTcp, encodeVxlan } from '../wire/encode.ts';

/** One end of a connection: IPv4 address as four bytes, TCP port. */
export interface End { readonly address: Uint8Array; readonly port: number }

/**
 * A TCP segment as AWS traffic mirroring sends it: VXLAN, Ethernet, IPv4, TCP with correct checksums. The bytes are
 * those of the UDP payload. Made for a demonstration, so it allocates; nothing here is on the path of real packets.
 */
export function encodeVxlanSegment(
  vni: number, from: End, to: End, ipId: number, seq: number, ack: number, flags: number, payload: Uint8Array,
): Buffer {
  const source = from.address.join('.');
  const destination = to.address.join('.');
  const ports = { source, destination, sourcePort: from.port, destinationPort: to.port };
  const segment = encodeTcp({ ...ports, sequence: seq, acknowledgement: ack, flags }, payload);
  const packet = encodeIpv4({ source, destination, identification: ipId, dontFragment: true }, segment);
  const frame = encodeEthernet({ source: hardwareAddress(from), destination: hardwareAddress(to) }, packet);
  return Buffer.from(encodeVxlan(vni, frame).buffer);
}

/** A locally administered address that ends in the IPv4 address (IEEE 802 2014, 8.4). */
function hardwareAddress(end: End): Uint8Array {
  return Uint8Array.of(2, 0, ...end.address);
}
