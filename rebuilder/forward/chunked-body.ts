import { hexDigit } from '../http/hex-digit.ts';
import { chunkRuns } from '../http1/chunk-runs.ts';
import { isReservedName, looksLikeFraming } from './header-name.ts';

const CR = 13;
const LF = 10;
/** 8 hex digits = 4 GiB: more than any message that we hold, and exact in every parser. */
const MAX_SIZE_DIGITS = 8;
/** The longest in use, a signature of S3's, has 81 bytes. Apache ends the connection at one of thousands. */
const MAX_EXTENSION_BYTES = 512;

/** Offset behind the CRLF that ends the line at `at`, or -1 when there is none, or a control byte before it. */
function strictLineEnd(bytes: Uint8Array, at: number, end: number): number {
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if ((byte >= 0x20 && byte !== 0x7f) || byte === 9) continue;
    return byte === CR && at + 1 < end && bytes[at + 1] === LF ? at + 2 : -1;
  }
  return -1;
}

/**
 * Is this a chunked body (RFC 9112, 7.1) that every parser ends at `end`? Sizes of plain hex digits, CRLF everywhere, a
 * last chunk, and trailers that no parser that merges them into the head could take for framing or for a line of ours.
 */
export function isStrictChunked(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (;;) {
    let size = 0;
    const digits = at;
    for (; at < end; at++) {
      const digit = hexDigit(bytes[at]!);
      if (digit < 0) break;
      size = size * 16 + digit;
    }
    if (at === digits || at - digits > MAX_SIZE_DIGITS || at >= end) return false;
    // What follows the digits is the end of the line or an extension: "5 \r\n" and the like are read differently.
    if (bytes[at] !== CR && bytes[at] !== 0x3b) return false;
    const next = strictLineEnd(bytes, at, end);
    if (next < 0 || next - at > MAX_EXTENSION_BYTES) return false;
    at = next;
    if (size === 0) break;
    at += size;
    if (at + 2 > end || bytes[at] !== CR || bytes[at + 1] !== LF) return false;
    at += 2;
  }
  for (;;) {
    const next = strictLineEnd(bytes, at, end);
    if (next < 0) return false;
    if (next === at + 2) return next === end;
    const colon = bytes.indexOf(0x3a, at);
    if (colon <= at || colon >= next || bytes[at]! <= 0x20) return false;
    if (isReservedName(bytes, at, colon) || looksLikeFraming(bytes, at, colon)) return false;
    at = next;
  }
}

/** What `decodeChunked` found. */
interface ChunkedBody {
  /** Bytes of the entity, as far as they are here. */
  size: number;
  /** First byte of the trailer lines; = `end` when there are none. */
  trailersStart: number;
}

/**
 * Takes the chunk framing off (see chunkRuns).
 * Writes at most `maxBytes` into `to` at `at`, or just counts when `to` is null.
 */
export function decodeChunked(
  bytes: Uint8Array, start: number, end: number, maxBytes: number, to: Uint8Array | null, at: number,
): ChunkedBody {
  let size = 0;
  const trailersStart = chunkRuns(bytes, start, end, (first, last) => {
    const length = Math.min(last - first, maxBytes - size);
    if (length <= 0) return;
    if (to !== null) to.set(bytes.subarray(first, first + length), at + size);
    size += length;
  });
  return { size, trailersStart };
}
