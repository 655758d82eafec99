import { FRAME_HEADER_BYTES, FrameHeader, FrameType } from '../../../rebuilder/http2/frame.ts';

const NAMES = Object.keys(FrameType);
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Bytes of one end as frames for people: type, flags, stream, length, and the first of its payload in hex. */
export function framesText(writes: readonly Buffer[]): string {
  const bytes = Buffer.concat(writes);
  const parts: string[] = [];
  let at = 0;
  const begins = bytes.indexOf(PREFACE, 0, 'latin1');
  if (begins >= 0) {
    at = begins + PREFACE.length;
    parts.push(JSON.stringify(bytes.toString('latin1', 0, at)));
  } else if (bytes.toString('latin1', 0, 5) === 'HTTP/') {
    at = bytes.indexOf('\r\n\r\n') + 4;
    parts.push(JSON.stringify(bytes.toString('latin1', 0, at)));
  }
  const frame = new FrameHeader();
  for (; at + FRAME_HEADER_BYTES <= bytes.length; at += FRAME_HEADER_BYTES + frame.length) {
    frame.parse(bytes, at);
    const payload = bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + Math.min(frame.length, 100));
    const content = frame.type === FrameType.data ? JSON.stringify(payload.toString('latin1').slice(0, 40)) : payload.toString('hex');
    parts.push(`${NAMES[frame.type] ?? `0x${frame.type.toString(16)}`}/${frame.flags.toString(16)} ${frame.streamId} ${frame.length}: ${content}`);
  }
  if (at < bytes.length) parts.push(bytes.toString('hex', at, at + 40));
  return parts.join('\n          ');
}
