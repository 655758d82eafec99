import { FrameFlag, FrameType } from '../../rebuilder/http2/frame.ts';

/** Frames written by hand, for what no honest client sends. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId >>> 0, 5);
  return Buffer.concat([head, payload]);
}

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const SETTINGS = frame(FrameType.settings, 0, 0);
/** How every client begins. */
export const BEGIN = Buffer.concat([PREFACE, SETTINGS]);

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const { length } = bytes;
  if (length < 127) return Buffer.concat([Buffer.from([length]), bytes]);
  const rest: number[] = [];
  let value = length - 127;
  for (; value >= 128; value = Math.floor(value / 128)) rest.push(value % 128 | 128);
  return Buffer.concat([Buffer.from([127, ...rest, value]), bytes]);
}

/** A header block of literals. @param indexing they enter the dynamic table */
export function block(fields: readonly (readonly [string, string])[], indexing = false): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([indexing ? 0x40 : 0]), string(name), string(value)]),
  );
}

export const GET: readonly [string, string][] = [[':method', 'GET'], [':scheme', 'http'], [':path', '/a'], [':authority', 'a.example']];
export const POST: readonly [string, string][] = [[':method', 'POST'], [':scheme', 'http'], [':path', '/a'], [':authority', 'a.example']];

export function headers(
  streamId: number, fields: readonly (readonly [string, string])[], flags: number = FrameFlag.endStream,
): Buffer {
  return frame(FrameType.headers, flags | FrameFlag.endHeaders, streamId, block(fields));
}

export function data(streamId: number, bytes: Uint8Array | string, flags: number = FrameFlag.endStream): Buffer {
  return frame(FrameType.data, flags, streamId, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
}
