// The wire format of Protocol Buffers (protobuf.dev, "Encoding"), as far as our messages need it: numbers below 2^31.

/** Bytes that `putVarint` writes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}

function putVarint(value: number, to: Uint8Array, at: number): number {
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) to[at++] = rest & 0x7f | 0x80;
  to[at++] = rest;
  return at;
}

/** The tag of a length-delimited field (string, bytes, message); fields up to 15 have a tag of one byte. */
const lengthTag = (field: number): number => field << 3 | 2;

/** The tag of a bool. */
export const boolTag = (field: number): number => field << 3;

/** Bytes of a field of `length` bytes, with tag and length; 0 bytes are the default, which is not written. */
export const fieldBytes = (length: number): number => length === 0 ? 0 : 1 + varintBytes(length) + length;

/** Tag and length of a field; its `length` bytes are to follow. */
export function putLength(field: number, length: number, to: Uint8Array, at: number): number {
  to[at] = lengthTag(field);
  return putVarint(length, to, at + 1);
}

/** A whole field of ASCII text. */
export function putTextField(field: number, text: string, to: Buffer, at: number): number {
  const start = putLength(field, text.length, to, at);
  return start + to.write(text, start, 'latin1');
}
