// What servers differ on, part by part.
import type { Field } from './hpack-writer.ts';

type Settings = readonly (readonly [number, number])[];

export const USUAL_SETTINGS: Settings = [[3, 100], [4, 65_535], [2, 0], [1, 4096], [5, 16_384], [6, 65_536]];

export const ODD_SETTINGS: Settings = [
  [1, 0], [1, 100], [1, 65_536], [1, 0xffff_ffff], [2, 1], [2, 2], [3, 0], [3, 1],
  [4, 0], [4, 1], [4, 0x7fff_ffff], [4, 0x8000_0000], [5, 16_384], [5, 0xff_ffff], [5, 100], [5, 0x100_0000],
  [6, 0], [6, 100], [0, 0], [7, 7], [8, 1], [8, 2], [9, 1], [0xabcd, 1],
];

export const PREFACES = [
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r', '\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'PRI * HTTP/2.0\n\nSM\n\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'pri * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'PRI * HTTP/2.0\r\nHost: h\r\n\r\nSM\r\n\r\n', '', 'PRI  * HTTP/2.0\r\n\r\nSM\r\n\r\n',
].map((text) => Buffer.from(text));

export const METHODS = ['HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'get', 'FOO', 'X'.repeat(65), 'PROPFIND', 'CONNECT', 'TRACE', '', 'G T', 'G\r\nT', 'M-SEARCH', 'PRI', 'M_X', 'G\xe4T'];

export function paths(marker: string): string[] {
  return ['', '*', marker, `http://h/${marker}`, `/${marker} x`, `/${marker}#x`, `/${marker}\xe4`, `//${marker}`, `/${marker} HTTP/1.1\r\nx: y`, `/${marker}\t`, `?${marker}`, `/../${marker}`, `/${marker}%`,
    `/${marker}?a=${'z'.repeat(3000)}`, `/${'p'.repeat(9000)}${marker}`, `/${marker}\0`, `/${marker}\x7f`, `/%00${marker}`, `/${marker}\\`, `/${marker}|`, `/${marker}"`, `h:80`];
}

export function values(marker: string): string[] {
  return ['', ` v${marker} `, `v${marker}\xff`, `v${marker}${'l'.repeat(3000)}`, `v${marker}${'l'.repeat(5000)}`, `v${marker}${'l'.repeat(9000)}`, `v${marker}${'l'.repeat(30_000)}`, `v${marker}${'l'.repeat(70_000)}`,
    `v${marker}\r\ny: z`, `v${marker}\0`, `\tv${marker}`, `v${marker}\x7f`, `v${marker}, b`, `v${'8'.repeat(120)}${marker}`];
}

export const USUAL_FIELDS: readonly Field[] = [['user-agent', 'oracle'], ['cookie', 'a=b'], ['content-type', 'text/plain'], ['accept', '*/*'], ['te', 'trailers'], ['x-more', 'm']];

export const ODD_FIELDS: readonly (readonly Field[])[] = [
  [['X-Upper', 'u']], [['', 'empty']], [['x y', 'blank']], [['x:y', 'colon']], [['x', 'a\r\nb: c']], [['connection', 'close']], [['transfer-encoding', 'chunked']], [['te', 'gzip']], [['upgrade', 'h2c']],
  [[':path', '/second']], [[':method', 'PUT']], [[':new', 'n']], [[':status', '200']], [[':protocol', 'websocket']], [['host', 'h']], [['host', 'another']], [['host', 'h'], ['host', 'h']],
  [['cookie', 'a=1'], ['cookie', 'b=2']], [['x\0', 'nul']], [['x\xe4', 'high']], [['content-length', '0']], [['content-length', '3']], [['keep-alive', 'x']], [['proxy-connection', 'x']],
  Array.from({ length: 110 }, (_, i): Field => [`x-${i % 7}`, 'many']), Array.from({ length: 300 }, (): Field => ['x-s', 's'.repeat(250)]), [[':scheme', 'https']], [[':authority', 'two']], [['x-long', 'q'.repeat(4000)], ['x-long', 'q'.repeat(4000)]],
  [['expect', '100-continue']], [['x-m ', 'blank']], [[':', 'x']], [['x_y', 'z']],
];

export function lengths(size: number): string[] {
  return [`${size + 1}`, `${size - 1}`, '0', '', `+${size}`, `0${size}`, `${size} `, ` ${size}`, `${size},${size}`, `${size}, ${size + 1}`, '-1', 'x', '18446744073709551616', `${size}.0`];
}
