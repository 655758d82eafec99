import { FRAME_HEADER_BYTES, FrameType } from '../http2/frame.ts';

/** No more than all settings that are defined, and room for as many again (RFC 9113 6.5.2). */
const MOST_SETTINGS_BYTES = 96;
const SETTING_BYTES = 6;
/** Settings of experiments, such as gRPC's, begin with it; those that are defined with 0. No text has either. */
const EXPERIMENTS = 0xfe;
const WINDOW_UPDATE_BYTES = 4;

/**
 * RFC 9113 3.4: a server may send frames before it has the client's preface. Only such are taken for some in which no
 * request fits, as long as nothing else says that the connection speaks HTTP/2.
 * @returns where the frame that lies whole in bytes[at, end) ends; -1 = there is none of these
 */
export function earlyFrameEnd(bytes: Uint8Array, at: number, end: number): number {
  const payload = at + FRAME_HEADER_BYTES;
  if (payload > end || bytes[at] !== 0 || bytes[at + 1] !== 0) return -1;
  for (let i = at + 5; i < payload; i++) if (bytes[i] !== 0) return -1;
  const length = bytes[at + 2]!;
  const type = bytes[at + 3];
  const frameEnd = payload + length;
  if (frameEnd > end) return -1;
  if (type === FrameType.windowUpdate) return length === WINDOW_UPDATE_BYTES ? frameEnd : -1;
  if (type !== FrameType.settings || length % SETTING_BYTES !== 0 || length > MOST_SETTINGS_BYTES) return -1;
  for (let i = payload; i < frameEnd; i += SETTING_BYTES) if (bytes[i] !== 0 && bytes[i] !== EXPERIMENTS) return -1;
  return frameEnd;
}
