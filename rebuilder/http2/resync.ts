import { FRAME_HEADER_BYTES, FrameHeader } from './frame.ts';
import { RequestLine, lineEnd } from '../http/request-line.ts';
import { knownMethod } from '../http/search.ts';

/** So many streams may have been opened within a hole. */
const MAX_STREAMS_LOST = 20_000;

const frame = new FrameHeader();
const line = new RequestLine();

/**
 * Is bytes[start, end), a piece as it was captured, nothing but frames, from its first byte on? Two of them at least,
 * or one that fills it: senders begin a segment with a frame, and what is none has no such chain of types, flags,
 * streams and lengths.
 */
export function framesStandAt(
  bytes: Uint8Array, start: number, end: number, maxFrameBytes: number, lastStreamId: number,
): boolean {
  let count = 0;
  let at = start;
  while (end - at >= FRAME_HEADER_BYTES) {
    frame.parse(bytes, at);
    if (!frame.isUsual(maxFrameBytes, lastStreamId + MAX_STREAMS_LOST)) return false;
    at += FRAME_HEADER_BYTES + frame.length;
    count++;
  }
  return count >= 2 || (count === 1 && at === end);
}

/** Does the piece begin with a request of HTTP/1? No frame does: its length would be over 4 MiB. */
export function isRequestAt(bytes: Uint8Array, start: number, end: number): boolean {
  if (!knownMethod(bytes, start)) return false;
  const lf = lineEnd(bytes, start, end);
  return lf > 0 && line.parse(bytes, start, lf) && line.minor >= 0;
}
