// Messages as attackers write them: a grammar of requests whose every part is now and then one that servers differ on,
// and mutations of bytes.
import { randomNumbers } from '../../random-numbers.ts';

/**
 * How much of a message is odd: most have one oddity or two, so that servers serve them; what follows an odd request is
 * served only by whoever took it.
 */
const WILDNESS = [0.1, 0.2, 0.2, 0.3, 0.5, 1];

/** Makes messages from a seed: the same ones each time. */
export class Messages {
  readonly #below: (n: number) => number;
  #marker = 0;
  #wildness = 1;

  constructor(seed: number) {
    this.#below = randomNumbers(seed);
  }

  /** What one connection sends, latin1: one to three requests. */
  next(): string {
    this.#wildness = this.#one(WILDNESS);
    let text = '';
    const count = this.#chance(0.05) ? 4 + this.#below(4) : 1 + this.#below(3);
    for (let i = 0; i < count; i++) text += this.#chance(0.06 * this.#wildness) ? this.#switch() : this.#request();
    return this.#chance(0.6 * this.#wildness) ? this.#mutated(text) : text;
  }

  #chance(share: number): boolean {
    return this.#below(1 << 20) < share * (1 << 20);
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  /** `usual`, or in a share of the wildest messages one of `odd`. */
  #or<T>(usual: T, odd: readonly T[], share: number): T {
    return this.#chance(share * this.#wildness) ? this.#one(odd) : usual;
  }

  /** Asks for another protocol, which servers that speak none pass over: what follows is a request to them. */
  #switch(): string {
    const marker = `m${(this.#marker++).toString(36)}`;
    const body = this.#chance(0.3) ? `b=${marker}` : '';
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    return this.#one([
      `CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n${length}\r\n${body}`,
      `CONNECT /${marker} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `GET /${marker} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${length}\r\n${body}`,
      `GET /${marker} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n${length}\r\n${body}\x81\x85GET GET /`,
      `POST /${marker} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n${length}\r\n${body}${PREFACE}`,
      PREFACE,
      `${PREFACE}\0\0\x10\0\x01\0\0\0\x01GET /${marker} HTTP/1`,
      `POST /${marker} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n${length}\r\n${body}`,
      `POST /${marker} HTTP/1.0\r\nExpect: 100-continue\r\n${length}\r\n${body}`,
      `GET /${marker} HTTP/1.1\r\nHost: h\r\nUpgrade: TLS/1.0, HTTP/1.1\r\nConnection: upgrade\r\n${length}\r\n${body}`,
      `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /${marker} HTTP/1.1\r\nHost: h\r\n\r\n`,
      `GET /${marker}\r\n`,
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
    ]);
  }

  #request(): string {
    const marker = `m${(this.#marker++).toString(36)}`;
    const end = this.#or('\r\n', ['\n', '\r', '\r\r\n', '\n\r', ' \r\n', '\t\r\n'], 1 / 30);
    const blank = this.#or(' ', BLANKS, 1 / 12);
    const method = this.#or(this.#one(['GET', 'POST', 'POST', 'PUT']), METHODS, 1 / 8);
    const target = this.#or(`/${marker}?q=1`, targets(marker), 1 / 10);
    const version = this.#or('HTTP/1.1', VERSIONS, 1 / 6);
    const line = version === '' ? `${method}${blank}${target}` : `${method}${blank}${target}${this.#or(blank, BLANKS, 1 / 30)}${version}`;
    const odd = this.#chance(0.5 * this.#wildness) ? [this.#one(LINES)] : [];
    const headers = ['Host: h', ...odd, ...this.#chance(0.2) ? ['X-A: b'] : []];
    const body = this.#body(marker);
    const framing = this.#framing(body, headers);
    if (this.#chance(0.1)) headers.reverse();
    const gap = this.#or('', ['\r\n', '\n', '\r\n\r\n', ' ', '\r', '\0', '\r\n\n', '\n\r\n', '\xef\xbb\xbf', '\r\n \r\n'], 1 / 25);
    const lines = headers.map((header) => header + this.#or(end, LINE_ENDS, 1 / 30)).join('');
    return `${gap}${line}${end}${lines}${this.#or(end, ['\r\n', '\n', '\r'], 1 / 40)}${framing}`;
  }

  #body(marker: string): string {
    return this.#or(`b=${marker}`, [
      '', `b${marker}`, `GET /in-${marker} HTTP/1.1\r\nHost: h\r\n\r\n`, `0\r\n\r\nb=${marker}`,
      `5\r\nhello\r\n0\r\n\r\n`, `${'x'.repeat(60)}${marker}`, `\r\nb=${marker}`, `\n${marker}`,
      `${marker}\0\xff\r\n\r\n`, `HTTP/1.1 200 OK\r\n\r\n${marker}`, `GET /in-${marker} HTTP/1.1\nHost: h\n\n`, `GET /in-${marker}`,
      `${marker}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, `${'y'.repeat(9000)}${marker}`, `0\r\n`,
    ], 1 / 3);
  }

  /** Puts header lines in that frame `body`. @returns the body's bytes on the wire */
  #framing(body: string, headers: string[]): string {
    const kind = this.#below(10);
    if (kind < 2) return '';
    const length = (value: string): string => `${this.#or('Content-Length', LENGTH_NAMES, 1 / 20)}${this.#or(': ', COLONS, 1 / 15)}${value}`;
    const plain = body.length.toString();
    const again = [plain, '0', '1', `+${plain}`, '', `${plain}, ${plain}`];
    if (kind < 6) {
      headers.push(length(this.#or(plain, lengths(body.length), 1 / 3)));
      if (this.#chance(0.15 * this.#wildness)) headers.push(length(this.#one(again)));
      return body;
    }
    const name = this.#or('Transfer-Encoding', CODING_NAMES, 1 / 15);
    headers.push(`${name}${this.#or(': ', COLONS, 1 / 15)}${this.#or('chunked', CODINGS, 1 / 5)}`);
    if (this.#chance(0.15 * this.#wildness)) headers.push(`Transfer-Encoding: ${this.#one(CODINGS)}`);
    const chunks = this.#chunks(body);
    if (kind < 9) return this.#chance(0.2 * this.#wildness) ? body : chunks;
    headers.push(length(this.#or(chunks.length.toString(), [...lengths(body.length), plain], 1 / 3)));
    return this.#chance(0.7) ? chunks : body;
  }

  #chunks(body: string): string {
    const cut = body.length > 1 && this.#chance(0.2) ? 1 + this.#below(body.length - 1) : body.length;
    const chunks = body.length === 0 ? [] : [body.slice(0, cut), body.slice(cut)].filter((chunk) => chunk !== '');
    const first = chunks.map((chunk) => this.#chunk(chunk)).join('');
    const zero = this.#or('0', ['00', '0x0', '', '-0', '0;a', '+0', '0 ', '0\n', '0_0', ' 0', '0,', 'g'], 1 / 20);
    const trailers = this.#or('', TRAILERS, 1 / 10);
    const last = `${zero}${this.#or('\r\n', ['\n'], 1 / 60)}${trailers}${this.#or('\r\n', ['\n', '', '\r'], 1 / 30)}`;
    return first + last;
  }

  #chunk(data: string): string {
    const size = this.#or(data.length.toString(16), chunkSizes(data.length), 1 / 4);
    const extension = this.#or('', EXTENSIONS, 1 / 6);
    const end = this.#or('\r\n', ['\n', '\r', ' \r\n', '\r\r\n'], 1 / 25);
    return `${size}${extension}${end}${data}${this.#or('\r\n', ['\n', '', '\r\r\n', 'x\r\n', '\r'], 1 / 25)}`;
  }

  #mutated(text: string): string {
    let mutated = text;
    for (let n = 1 + this.#below(2); n > 0; n--) {
      const at = this.#below(mutated.length + 1);
      const byte = this.#chance(0.7) ? this.#one(BYTES) : String.fromCharCode(this.#below(256));
      const drop = this.#below(3) === 0 ? 0 : 1;
      mutated = mutated.slice(0, at) + (this.#chance(0.2) ? '' : byte) + mutated.slice(at + drop);
    }
    return mutated;
  }
}

/** RFC 9113 3.4, and an empty frame of settings. */
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
const BLANKS = ['\t', '  ', '\x0b', '\x0c', '\r', '\xa0', '\x85', ' \t', '\x1c', '\x1f', '\0', '\n'];
const METHODS = ['HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'get', 'FOO', 'G3T', 'GET!', 'X'.repeat(65), 'X'.repeat(300), 'PROPFIND', 'M-SEARCH', 'CONNECT', 'TRACE', 'G:T', 'G\xe4T', 'SOURCE', 'PURGE',
  'PRI', 'QUERY', 'BIND', 'M_X', 'G', 'HTTP/1.1', 'POST\xa0X', '\xefGET', 'GET,', '-GET'];
const VERSIONS = ['HTTP/1.0', 'HTTP/1.0', '', '', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', 'HTTP/1.1 ', 'HTTP/01.1', 'HTTP/1.01', 'HTTP/1.10', 'HTTP/1', 'HTTP/11.1', 'ICE/1.0', 'RTSP/1.0', 'HTTP/+1.1', 'HTTP /1.1',
  'HTTP/1.1\0', 'HTTP/3.0', 'HTTP/1.1.1', 'HTTP/1.1x', 'HTTP/1.\xb2', 'HTTP/1. 1', 'HTTP/1.1\t', 'HTTP/1.1 HTTP/1.1', 'HTTP/1.1 x', 'HTTP/', 'HTTPS/1.1', 'HTTP/1_0.1', 'HTTP/0.1', 'HTTP/1.9', 'HTP/1.1'];
const LINES = ['Connection: close', 'Connection: keep-alive', 'X-A : b', ' X-A: b', 'X-A: b\r\n c', 'NoColon', ': v', 'X-A\0: b', 'X-A: \0', 'X-A: b\rX-B: c', 'Expect: 100-continue', 'Upgrade: h2c', 'Connection: Upgrade', 'Host: other', 'X-A: 1\rContent-Length: 3', 'X-A: 1\nContent-Length: 3',
  'Connection: content-length', 'Content-Encoding: gzip', 'X_A: b', 'X-\xe4: b', 'X-A:', 'Proxy-Connection: close', 'X-A: 1\rTransfer-Encoding: chunked', '\tfolded', ' ', '\t',
  'Connection: close\r\nConnection: keep-alive', 'Connection: Transfer-Encoding', 'Connection: close, Content-Length', 'Expect: 200-ok',
  'Expect: 100-continue, x', 'Upgrade: websocket\r\nConnection: Upgrade', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  'TE: trailers', 'Trailer: Content-Length', '"X": b', 'X-A;: b', 'Host : h', 'Transfer-Encoding: identity', 'HTTP/1.1 200 OK', 'GET /line HTTP/1.1',
  '\x0bX: y', '\x85X: y', 'Transfer-Encoding:', 'Content-Length:', 'X-A: "\r\n"', 'X: y\r\n\tz\r\n w', 'Content-Length: 0\0', `X-A: ${'y'.repeat(3000)}`,
  `X-A: ${'y'.repeat(9000)}`, `${'X-B: b\r\n'.repeat(110)}X-A: b`, 'Content-Length : 3', 'Content-Length: 3\r\n Content-Length: 4', 'X-A: b\r\n\r Content-Length: 3',
  'Connection: keep-alive, close', 'Keep-Alive: timeout=0', 'Connection: Host', 'TE: chunked', 'Trailer: X-T', 'X-A: \x7f', 'X-A:\r\n', 'X-A: b\x85Content-Length: 3', 'X-A: b\x0bContent-Length: 3', 'X-A: b\x1cContent-Length: 3',
  '\xa0X: y', 'Content-Length: 0\r\nContent-Length: 0', 'content_length: 3', 'Transfer-Encoding : chunked', 'Transfer-Encoding: x\r\n chunked', 'Expect: 100-Continue', 'Expect:', 'Upgrade: foo/1\r\nConnection: upgrade'];
const LENGTH_NAMES = ['content-length', 'CONTENT-LENGTH', 'Content_Length', 'Content-Length ', 'Content-Length\t', ' Content-Length', 'Content-Length\r', 'Content-Length\0', 'X-Content-Length', 'Content-Length\x0b', 'Content-Lengt\xc4\xa7', 'Content Length', '\xa0Content-Length'];
const CODING_NAMES = ['transfer-encoding', 'Transfer_Encoding', 'Transfer-Encoding ', ' Transfer-Encoding', 'Transfer-Encoding\t', 'Transfer-Encoding\r', 'Transfer-Encoding\0', 'Transfer Encoding', 'Transfer-Encoding\x0b', 'X: y\rTransfer-Encoding', 'X: y\nTransfer-Encoding'];
const COLONS = [':', ':\t', ':  ', ' : ', ':\r\n ', ':\r\n\t', ': \x0b', ':\x0c', ': \xa0', ': \0', '; ', ':: ', ':\n ', ': \r'];
const CODINGS = ['Chunked', 'CHUNKED', 'chunked ', 'chunked\t', ' chunked', 'chunked\x0b', '\x0bchunked', 'xchunked', 'chunkedx', 'chunked, chunked', 'chunked, identity', 'identity', 'identity, chunked', 'gzip, chunked', 'gzip', '"chunked"', 'chunked;q=1', ',chunked', 'chunked,', '\xa0chunked', 'chunked\xa0', 'chunk', '', 'deflate,\r\n chunked', 'chunked\0', 'chunked\r', 'c hunked', 'compress, chunked', 'chunked\r\n\t', '\r\n chunked', '\tchunked', 'chunked, gzip', 'x, chunked', '\'chunked\'', 'chunked;', '(chunked)',
  'chunked\n', 'CHUNKED, chunked', 'identity\r\n , chunked', 'chunked ,', 'chunked\x1f', '\xefchunked'];
const EXTENSIONS = [';a', ';a=b', ';a="b"', ';', ' ;a', ';\nx=1', ';a\rb', `;${'e'.repeat(200)}`, ';a="b\r\nc"', '\t', ' ', ';a\0', ';a=\xe4', `;${'e'.repeat(17_000)}`, ' a', ';a="\r\n"', ';a="\\""', ';a=b;c=d', ';=', ';;', ';a="', ';\r', ';a\r\n b', '\r', '\x0b;a', ';a\n\r', ',a'];
const TRAILERS = ['X-T: t\r\n', 'X-T: t\n', ': x\r\n', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'X: y\r\n z\r\n', 'GET /tr HTTP/1.1\r\n',
  'X: y\r', 'X\r\n', '\0\r\n', ' x\r\n', 'X : y\r\n'];
const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r\n', '\x0b\r\n', '\0\r\n'];

function targets(marker: string): string[] {
  return [
    `?${marker}`, `${marker}`, `http://h/${marker}`, `*`, `//${marker}`, `/${marker} x`, `/${marker}\xe4`, `h:80`, `/${marker}#x`,
    `/${marker} HTTP/1.1`, `/${marker}?a=HTTP/1.1`, `http://h:80/${marker}`, `HTTP://h/${marker}`, `http:/${marker}`, `http://h?${marker}`, `ws://h/${marker}`, `/${marker}\x01`,
    `/a\\${marker}`, `/${marker}|`, `/${marker}\x7f`, `http:///${marker}`, `/${marker}%`, `\x01/${marker}`, `"/${marker}"`,
    `/${marker}\tx`, `/${marker}\rx`, `/${marker};x`, `/../${marker}`, `http://h/${marker} x`, `https://h/${marker}`, `http://u@h/${marker}`, `http://[::1]/${marker}`, `/${marker}?\xa0`, `/${marker}\0`,
    `/${marker}?HTTP/1.1 `, `h`, `:${marker}`, `/%00${marker}`, `/${'z'.repeat(3000)}${marker}`,
  ];
}

function lengths(length: number): string[] {
  const plain = length.toString();
  const half = `${plain.slice(0, 1)}_${plain.slice(1)}`;
  return [`+${plain}`, `-${plain}`, half, `0${plain}`, `00${plain}`, `${plain} `, `${plain}\t`, `\t${plain}`, `\x0b${plain}`, `${plain}\x0b`, `\xa0${plain}`, `${plain}\xa0`, `\x0c${plain}`, `${plain},${plain}`, `${plain}, ${plain}`,
    `${plain}, 0`, `0, ${plain}`, `${plain};a`, `${plain}a`, `0x${length.toString(16)}`, `${plain}.0`, `${plain}e0`, '', ' ', '-1', '-0', '1', '0', '99', `${plain}\r`, `${plain} 1`, `"${plain}"`, `${plain}\0`, `\x1f${plain}`, `${plain}\r\n `, `${plain.slice(0, 1)}\r\n ${plain.slice(1)}`,
    `${plain}\r\n\t`, `${plain}, `, `,${plain}`, `${plain}\n`, `(${plain})`, `${plain}h`, '4294967301', '9223372036854775813', `0o${length.toString(8)}`,
    `${plain}\x0c`, `${plain}\t1`, `${plain}\r\n1`, `${plain}\x85`, `\x1c${plain}`, `\xb2${plain}`, `${plain}\r\nX`, `${plain}\v,`, `${plain}/`, `'${plain}'`, `${plain}\xad`, `- ${plain}`, `+ ${plain}`, `++${plain}`, `0${plain}_0`, '18446744073709551621', `${'0'.repeat(30)}${plain}`];
}

function chunkSizes(length: number): string[] {
  const hex = length.toString(16);
  return [`+${hex}`, `-${hex}`, `0x${hex}`, `0X${hex}`, `${hex.slice(0, 1)}_${hex.slice(1)}`, `0${hex}`, `00000000000000${hex}`, ` ${hex}`, `${hex} `, `\t${hex}`, `${hex}\t`, `\x0b${hex}`, `${hex}\x0b`, hex.toUpperCase(), `${hex}g`, `${hex}.`, '', `${hex}\xa0`, `\xa0${hex}`, `10000000000000000${hex}`, `${hex}\r`, `0_${hex}`,
    `${hex},`, `ffffffffffffffff${hex}`, '8000000000000000', `10000000${hex}`, `${hex}\n`, `"${hex}"`, `${hex}h`, `\r\n${hex}`, `\n${hex}`, `${hex}\0`, `${hex}\x1f`];
}

const BYTES = ['\r', '\n', '\r\n', ' ', '\t', '\0', '\x0b', '\x0c', '\xa0', ':', ';', ',', '0', '1', '+', '-', '_', '/', '\xff', '"', '\x7f', '\x1f', '\r\n\r\n', '\n\n', '\x85'];
