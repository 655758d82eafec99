import { addressText } from '../address/address-text.ts';
import { parseAddress } from '../address/ip-address.ts';

/**
 * The header that a balancer puts before a connection's first byte (PROXY protocol specification, 2.1 and 2.2):
 * version 1 is a line, `PROXY TCP4 192.0.2.1 10.0.0.9 41000 80\r\n`; version 2 is binary:
 *
 *    12 bytes signature | version 2, command | family, protocol | 2 bytes length | addresses | TLVs
 */
export interface ProxyAddresses {
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
}

export type ProxyHeader =
  /** No PROXY header stands here. */
  | { readonly kind: 'none' }
  /** So far it is one; more bytes decide. */
  | { readonly kind: 'need_more' }
  /** `length` bytes, and who the client is. */
  | { readonly kind: 'proxied'; readonly length: number; readonly addresses: ProxyAddresses }
  /**
   * `length` bytes; the connection is the balancer's own (LOCAL), or of a family without IP addresses (UNKNOWN, UNIX).
   */
  | { readonly kind: 'local'; readonly length: number }
  /** It begins as one, and breaks the specification. */
  | { readonly kind: 'invalid' };

/** Longest line of version 1: "PROXY UNKNOWN" with two IPv6 addresses and ports (2.1: a 108-byte buffer takes it). */
const MAX_LINE_BYTES = 107;
/**
 * Addresses and TLVs of version 2: a certificate's name and an id of the cloud are under 1 KB; more is no balancer's.
 */
const MAX_BINARY_BYTES = 4096;
const FIXED_BYTES = 16;

const LINE_SIGNATURE = Buffer.from('PROXY ');
const BINARY_SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);

const NONE: ProxyHeader = { kind: 'none' };
const NEED_MORE: ProxyHeader = { kind: 'need_more' };
const INVALID: ProxyHeader = { kind: 'invalid' };

/**
 * Reads bytes[start, end), the first bytes of a connection from a network that is known to send PROXY headers: a
 * client's own prove nothing. Looks at no more than 107 bytes of version 1, and at 16 + 4096 of version 2; TLVs are
 * passed over.
 */
export function parseProxyHeader(bytes: Uint8Array, start: number, end: number): ProxyHeader {
  const line = startsWith(bytes, start, end, LINE_SIGNATURE);
  if (line !== 'no') return line === 'yes' ? parseLine(bytes, start, end) : NEED_MORE;
  const binary = startsWith(bytes, start, end, BINARY_SIGNATURE);
  if (binary === 'no') return NONE;
  return binary === 'yes' ? parseBinary(bytes, start, end) : NEED_MORE;
}

function startsWith(bytes: Uint8Array, start: number, end: number, signature: Uint8Array): 'yes' | 'no' | 'so_far' {
  for (let i = 0; i < signature.length; i++) {
    if (start + i >= end) return 'so_far';
    if (bytes[start + i] !== signature[i]) return 'no';
  }
  return 'yes';
}

const words = new Int32Array(4);

function parseLine(bytes: Uint8Array, start: number, end: number): ProxyHeader {
  const limit = Math.min(end, start + MAX_LINE_BYTES);
  let lf = start;
  while (lf < limit && bytes[lf] !== 0x0a) lf++;
  if (lf === limit) return end - start >= MAX_LINE_BYTES ? INVALID : NEED_MORE;
  if (bytes[lf - 1] !== 0x0d) return INVALID;
  const length = lf + 1 - start;
  const fields = Buffer.from(bytes.buffer, bytes.byteOffset + start, length - 2).toString('latin1').split(' ');
  if (fields[1] === 'UNKNOWN') return { kind: 'local', length };
  const [, family, source, destination, sourcePort, destinationPort] = fields;
  if ((family !== 'TCP4' && family !== 'TCP6') || fields.length !== 6) return INVALID;
  const clientAddress = addressOf(source!, family);
  const serverAddress = addressOf(destination!, family);
  if (clientAddress === null || serverAddress === null) return INVALID;
  if (!isPort(sourcePort!) || !isPort(destinationPort!)) return INVALID;
  return {
    kind: 'proxied', length,
    addresses: { clientAddress, clientPort: Number(sourcePort), serverAddress, serverPort: Number(destinationPort) },
  };
}

function addressOf(text: string, family: 'TCP4' | 'TCP6'): string | null {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || text.includes(':') !== (family === 'TCP6')) return null;
  if (!parseAddress(Buffer.from(text, 'latin1'), 0, text.length, words)) return null;
  return addressText(words[0]!, words[1]!, words[2]!, words[3]!);
}

/** 2.1: decimal, no leading zeros. */
const isPort = (text: string): boolean => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535;

function parseBinary(bytes: Uint8Array, start: number, end: number): ProxyHeader {
  if (end - start < FIXED_BYTES) {
    // The version is known to be wrong before all of the header is there.
    return end - start > 12 && bytes[start + 12]! >> 4 !== 2 ? INVALID : NEED_MORE;
  }
  const versionAndCommand = bytes[start + 12]!;
  const familyAndProtocol = bytes[start + 13]!;
  const length = bytes[start + 14]! << 8 | bytes[start + 15]!;
  const command = versionAndCommand & 15;
  if (versionAndCommand >> 4 !== 2 || command > 1 || length > MAX_BINARY_BYTES) return INVALID;
  if (end - start < FIXED_BYTES + length) return NEED_MORE;
  const whole = FIXED_BYTES + length;
  const family = familyAndProtocol >> 4;
  const isStream = (familyAndProtocol & 15) === 1;
  // 2.2: LOCAL is the balancer itself (health checks); of UNSPEC and UNIX the receiver uses the connection's own
  // addresses.
  if (command === 0 || family === 0 || family === 3 || !isStream) return { kind: 'local', length: whole };
  const at = start + FIXED_BYTES;
  if (family === 1 && length >= 12) {
    return { kind: 'proxied', length: whole, addresses: {
      clientAddress: addressText(0, 0, 0xffff, word(bytes, at)), clientPort: port(bytes, at + 8),
      serverAddress: addressText(0, 0, 0xffff, word(bytes, at + 4)), serverPort: port(bytes, at + 10),
    } };
  }
  if (family === 2 && length >= 36) {
    return { kind: 'proxied', length: whole, addresses: {
      clientAddress: ipv6(bytes, at), clientPort: port(bytes, at + 32),
      serverAddress: ipv6(bytes, at + 16), serverPort: port(bytes, at + 34),
    } };
  }
  return INVALID;
}

const word = (bytes: Uint8Array, at: number): number =>
  bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
const port = (bytes: Uint8Array, at: number): number => bytes[at]! << 8 | bytes[at + 1]!;
const ipv6 = (bytes: Uint8Array, at: number): string =>
  addressText(word(bytes, at), word(bytes, at + 4), word(bytes, at + 8), word(bytes, at + 12));
