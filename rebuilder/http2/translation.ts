import { UNKNOWN_NAME } from './hpack-table.ts';
import { Irregular } from '../http/irregular.ts';

/** The head of an HTTP/2 message in the form of HTTP/1.1. Latin1 text. */
export interface Translation {
  /** Start line and header lines, with their CRLF; without Content-Length and without the empty line. */
  readonly text: string;
  /** Where in `text` the Content-Length stood; its end when there was none. */
  readonly lengthAt: number;
  /** The Content-Length the sender gave, a plain number; null = none. */
  readonly contentLength: string | null;
  /** Bits of Irregular. */
  readonly irregular: number;
}

const NOT_TOKEN = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/g;
const NOT_IN_TARGET = /[\0-\x20\x7f]/g;
const LINE_BREAK = /[\0\r\n]/g;
const UPPER_CASE = /[A-Z]/;
const PLAIN_NUMBER = /^\d{1,15}$/;
/** What stands in HTTP/2 only: no line of HTTP/1 has its meaning. */
const PREFIX = 'X-Http2-';

const escaped = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/**
 * Writes header lines so that no field can become two, or frame the message (RFC 9113 8.2.1 and 10.3): CR, LF and NUL,
 * and in names what is no token character, are written as %XX.
 */
class Lines {
  text: string;
  irregular: number = Irregular.http2_translated;
  lengthAt = -1;
  contentLength: string | null = null;

  constructor(startLine: string) {
    this.text = `${startLine}\r\n`;
  }

  add(name: string, value: string): void {
    this.text += `${this.clean(name === '' ? ' ' : name, NOT_TOKEN)}: ${this.clean(value, LINE_BREAK)}\r\n`;
  }

  /** A field that would mean something else in HTTP/1. */
  addForeign(name: string, value: string): void {
    this.add(PREFIX + name, value);
  }

  /** A field of the sender's that is not of the start line or the host. */
  addField(name: string, value: string): void {
    if (name === UNKNOWN_NAME) {
      this.addForeign('Unknown', value);
      return;
    }
    switch (name) {
      case 'content-length':
        if (this.contentLength === null && PLAIN_NUMBER.test(value)) {
          this.contentLength = value;
          this.lengthAt = this.text.length;
          return;
        }
        this.malformed();
        this.addForeign('Content-Length', value);
        return;
      case 'transfer-encoding':
        this.malformed();
        this.addForeign('Transfer-Encoding', value);
        return;
      case 'connection':
      case 'keep-alive':
      case 'proxy-connection':
      case 'upgrade':
        // RFC 9113 8.2.2: none of HTTP/2. They go on as they are, and have no meaning for us (forward/kept-form.ts
        // renames them).
        this.malformed();
        break;
      case 'te':
        if (value !== 'trailers') this.malformed();
    }
    if (UPPER_CASE.test(name)) this.malformed();
    if (name.charCodeAt(0) === 0x3a /* : */) {
      this.malformed();
      this.addForeign(name.slice(1), value);
    } else {
      const lowerCase = name.toLowerCase();
      const isFraming = lowerCase === 'content-length' || lowerCase === 'transfer-encoding';
      this.add(isFraming ? PREFIX + name : name, value);
    }
  }

  clean(text: string, forbidden: RegExp): string {
    if (text.search(forbidden) < 0) return text;
    this.malformed();
    return text.replace(forbidden, escaped);
  }

  malformed(): void {
    this.irregular |= Irregular.http2_malformed;
  }

  get translation(): Translation {
    const { text, contentLength, irregular } = this;
    return { text, lengthAt: this.lengthAt < 0 ? text.length : this.lengthAt, contentLength, irregular };
  }
}

const PSEUDO = [':method', ':path', ':authority', ':scheme', ':protocol'] as const;
type Pseudo = (typeof PSEUDO)[number];
const isPseudo = (name: string): name is Pseudo => PSEUDO.some((one) => one === name);

/**
 * Is as much known of a request as a request line? Behind a hole these may be the trailers of one, or refer to what was
 * lost.
 */
export function isRequestHead(fields: readonly string[]): boolean {
  const value = (name: string): string | undefined => fields.find((_, i) => i % 2 === 1 && fields[i - 1] === name);
  const method = value(':method');
  return method !== undefined && (method === 'CONNECT' || value(':path') !== undefined);
}

/** Trailers have none (RFC 9113 8.1). */
export function hasPseudoHeader(fields: readonly string[]): boolean {
  return fields.some((name, i) => i % 2 === 0 && name.startsWith(':'));
}

/**
 * The head of a request (RFC 9113 8.3.1): `:method :path HTTP/1.1`, `:authority` as Host, then the other fields in
 * their order, the crumbs of a cookie joined (8.2.3). What RFC 9113 calls malformed is kept as far as it can mean no
 * harm, and marked.
 *
 * @param fields name, value, name, value, …
 */
export function requestHead(fields: readonly string[]): Translation {
  const pseudo: Partial<Record<Pseudo, string>> = {};
  let cookie: string | null = null;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    if (isPseudo(name)) pseudo[name] ??= value;
    else if (name === 'cookie') cookie = cookie === null ? value : `${cookie}; ${value}`;
  }
  const { ':method': method, ':authority': authority, ':scheme': scheme, ':protocol': protocol } = pseudo;
  const isConnect = method === 'CONNECT';
  const path = pseudo[':path'] ?? (isConnect ? authority : undefined);
  const lines = new Lines('');
  const target = lines.clean(path ?? '', NOT_IN_TARGET);
  lines.text = `${lines.clean(method ?? '', NOT_TOKEN) || 'GET'} ${target || '/'} HTTP/1.1\r\n`;
  if (!method || !path || (scheme === undefined && !isConnect)) lines.malformed();
  if (authority !== undefined) lines.add('Host', authority);
  if (protocol !== undefined) lines.addForeign('Protocol', protocol);
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    lines.malformed();
    lines.addForeign('Scheme', scheme);
  }
  const given = new Set<string>();
  let regular = false;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    if (isPseudo(name)) {
      if (regular) lines.malformed();
      if (given.has(name)) lines.addField(name, value);
      given.add(name);
      continue;
    }
    regular = true;
    if (name === 'cookie') {
      if (cookie !== null) lines.add(name, cookie);
      cookie = null;
    } else if (name !== 'host' || authority === undefined) {
      lines.addField(name, value);
    } else if (value !== authority) {
      // RFC 9113 8.3.1: the two may not differ.
      lines.malformed();
      lines.addForeign('Host', value);
    }
  }
  return lines.translation;
}

/** The head of a response (RFC 9113 8.3.2), with an empty reason. */
export function responseHead(status: number, fields: readonly string[]): Translation {
  const lines = new Lines(`HTTP/1.1 ${status.toString().padStart(3, '0')} `);
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== ':status') lines.addField(fields[i]!, fields[i + 1]!);
  }
  return lines.translation;
}

/** Trailers as the lines that end a chunked body. */
export function trailerLines(fields: readonly string[]): string {
  const lines = new Lines('');
  lines.text = '';
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    if (name === UNKNOWN_NAME) lines.addForeign('Unknown', fields[i + 1]!);
    else if (name.charCodeAt(0) === 0x3a) lines.addForeign(name.slice(1), fields[i + 1]!);
    else lines.add(name, fields[i + 1]!);
  }
  return lines.text;
}
