// What clients of HTTP/2 send: connections of frames (RFC 9113) whose every part is now and then one that servers
// differ on.
import { FrameFlag, FrameType } from '../../../rebuilder/http2/frame.ts';
import { PREFACE, SETTINGS, frame } from '../../http2/http2-frames.ts';
import { randomNumbers } from '../../random-numbers.ts';
import { type Field, HpackWriter } from './hpack-writer.ts';
import { METHODS, ODD_FIELDS, ODD_SETTINGS, PREFACES, USUAL_FIELDS, USUAL_SETTINGS, lengths, paths, values } from './oddities.ts';

/** How much of a connection is odd: mostly one thing, so that what comes behind it shows whether a server went on. */
const WILDNESS = [0, 0.1, 0.15, 0.2, 0.3, 0.5, 1];

/** What each connection ends with: a server that answers it has read all before it. */
export const LAST_PING = Buffer.from('the last', 'latin1');

/** What a client sends over one connection. */
export interface Connection {
  /** Written one after another, with a moment between them. */
  readonly writes: readonly Buffer[];
  /** A part of each target in it that no other connection's has. */
  readonly markers: readonly string[];
}

/** A stream that has been opened: what is still to come of it, made when its turn comes. */
interface Stream { readonly id: number; readonly rest: (() => Buffer[])[] }

/** Makes connections from a seed: the same ones each time. */
export class Connections {
  readonly #below: (n: number) => number;
  #marker = 0;
  #markers: string[] = [];
  #wildness = 1;
  #hpack: HpackWriter;
  #nextId = 1;
  /** Streams that are over. */
  #closed: number[] = [];
  #open: Stream[] = [];

  constructor(seed: number) {
    this.#below = randomNumbers(seed);
    this.#hpack = new HpackWriter(this.#below);
  }

  next(): Connection {
    this.#wildness = this.#one(WILDNESS);
    this.#hpack = new HpackWriter(this.#below);
    this.#nextId = 1;
    this.#closed = [];
    this.#open = [];
    this.#markers = [];
    const first = this.#beginning();
    const frames: Buffer[] = [];
    for (let left = 1 + this.#below(4); left > 0 || this.#open.length > 0;) {
      if (this.#chance(0.15 * this.#wildness)) frames.push(...this.#oddFrames());
      if (left > 0 && (this.#open.length === 0 || this.#chance(0.5))) {
        left--;
        frames.push(...this.#request());
      } else {
        frames.push(...this.#more(this.#one(this.#open)));
      }
    }
    if (this.#chance(0.3)) frames.push(...this.#plainRequest());
    const bytes = Buffer.concat([...first.slice(-1), ...frames]);
    if (this.#chance(0.1 * this.#wildness)) this.#mutate(bytes);
    const all = Buffer.concat([bytes, frame(FrameType.ping, 0, 0, LAST_PING)]);
    return { writes: [...first.slice(0, -1), ...this.#cut(all)], markers: this.#markers };
  }

  #chance(share: number): boolean {
    return this.#below(1 << 20) < share * (1 << 20);
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  /** `usual`, or in a share of the wildest connections one of `odd`. */
  #or<T>(usual: T, odd: readonly T[], share: number): T {
    return this.#chance(share * this.#wildness) ? this.#one(odd) : usual;
  }

  #name(): string {
    const marker = `m${(this.#marker++).toString(36)}`;
    this.#markers.push(marker);
    return marker;
  }

  /** The preface and what may come before it, and the first SETTINGS. */
  #beginning(): Buffer[] {
    const preface = this.#or(PREFACE, PREFACES, 1 / 40);
    const begin = Buffer.concat([preface, this.#or(this.#settings(), this.#oddBeginnings(), 1 / 4)]);
    const marker = this.#name();
    const first = (line: string, headers: string, body = ''): Buffer => Buffer.from(`${line} HTTP/1.1\r\nHost: h\r\n${headers}\r\n${body}`);
    const upgrade = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: ${this.#or('AAMAAABkAAQAAP__', ['', 'AAEAAAAA', '!'], 0.2)}\r\n`;
    switch (this.#below(30)) {
      case 0:
        this.#nextId = 3;
        return [first(`GET /${marker}`, upgrade), begin];
      case 1: {
        this.#nextId = 3;
        return [Buffer.concat([first(`POST /${marker}`, `${upgrade}Content-Length: 4\r\n`, 'b=m1'), begin])];
      }
      case 2: return [Buffer.concat([first(`GET /${marker}`, ''), begin])];
      case 3: return [first(`POST /${marker}`, 'Content-Length: 4\r\n', 'b=m1'), begin];
      default: return [begin];
    }
  }

  /** SETTINGS as clients send them. */
  #settings(): Buffer {
    return frame(FrameType.settings, 0, 0, settings(USUAL_SETTINGS.filter(() => this.#chance(0.3))));
  }

  #oddSettings(): Buffer {
    const payload = settings(Array.from({ length: 1 + this.#below(3) }, () => this.#one(ODD_SETTINGS)));
    return frame(FrameType.settings, this.#or(0, [1, 3, 8, 0xfe], 0.1), this.#or(0, [1, 2], 0.1), payload);
  }

  #oddBeginnings(): Buffer[] {
    return [
      Buffer.alloc(0), frame(FrameType.settings, FrameFlag.ack, 0), Buffer.concat([SETTINGS, SETTINGS]),
      this.#oddSettings(), this.#oddSettings(),
      Buffer.concat([frame(FrameType.ping, 0, 0, Buffer.alloc(8)), SETTINGS]),
      Buffer.concat([frame(FrameType.windowUpdate, 0, 0, Buffer.from([0, 0, 1, 0])), SETTINGS]),
      Buffer.concat([frame(0x42, 0xff, 5, Buffer.from('GET /unknown HTTP/1.1\r\nHost: h\r\n\r\n')), SETTINGS]),
      frame(FrameType.settings, 0, 0, Buffer.alloc(6 * 3000)), frame(FrameType.settings, 0, 0, Buffer.alloc(7)),
      Buffer.concat([...this.#oddFrames(), SETTINGS]),
      Buffer.concat([SETTINGS, frame(FrameType.settings, FrameFlag.ack, 0)]),
    ];
  }

  // --- requests

  #streamId(): number {
    const id = this.#or(this.#nextId, [
      this.#nextId + 2, this.#nextId + 100, this.#nextId + 1, this.#closed[0] ?? 1, this.#open[0]?.id ?? 1,
      0, 2, 0x7fff_ffff, 1,
    ], 1 / 12);
    if (id >= this.#nextId) this.#nextId = (id | 1) + 2;
    return id;
  }

  #plainRequest(): Buffer[] {
    const id = this.#nextId;
    this.#nextId += 2;
    const path = `/${this.#name()}`;
    const fields: Field[] = [[':method', 'GET'], [':scheme', 'http'], [':path', path], [':authority', 'h'], ['x-m', `v${path.slice(1)}`]];
    return this.#headers(id, this.#hpack.block(fields, 0), true, 0);
  }

  /** Opens a stream. */
  #request(): Buffer[] {
    const id = this.#streamId();
    const marker = this.#name();
    const method = this.#or(this.#one(['GET', 'POST', 'POST', 'PUT']), METHODS, 1 / 12);
    const pieces = method === 'GET' && this.#chance(0.8) ? [] : this.#pieces(this.#body(marker));
    const hasTrailers = pieces.length > 0 && this.#chance(0.1);
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const fields = this.#fields(method, marker, size);
    const endsHere = pieces.length === 0 && !hasTrailers;
    const last = hasTrailers ? pieces.length : pieces.length - 1;
    const rest = pieces.map((piece, i) => (): Buffer[] => this.#data(id, piece, i === last));
    if (hasTrailers) rest.push(() => this.#trailers(id, marker));
    if (rest.length > 0) this.#open.push({ id, rest });
    else this.#closed.push(id);
    return this.#headers(id, this.#hpack.block(fields, this.#wildness), endsHere, this.#wildness);
  }

  #more(stream: Stream): Buffer[] {
    const frames = stream.rest.shift()!();
    if (stream.rest.length === 0) {
      this.#open.splice(this.#open.indexOf(stream), 1);
      this.#closed.push(stream.id);
    } else if (this.#chance(0.03 * this.#wildness)) {
      frames.push(frame(FrameType.rstStream, 0, stream.id, Buffer.from([0, 0, 0, this.#below(14)])));
    }
    return frames;
  }

  #fields(method: string, marker: string, size: number): Field[] {
    const fields: Field[] = [
      [':method', method], [':scheme', this.#or('http', ['https', 'HTTP', 'ftp', '', 'http://h/?'], 1 / 25)],
      [':path', this.#or(`/${marker}?q=1`, paths(marker), 1 / 10)], [':authority', this.#or('h', ['', 'other', 'h:80', 'h\r\nx: y', 'u@h', '[::1]'], 1 / 25)],
    ];
    if (this.#chance(0.08 * this.#wildness)) fields.splice(this.#below(4), 1);
    if (this.#chance(0.2)) fields.push(fields.shift()!);
    fields.push(['x-m', this.#or(`v${marker}`, values(marker), 1 / 8)]);
    if (size > 0 && this.#chance(0.4)) {
      fields.push(['content-length', this.#or(size.toString(), lengths(size), 1 / 4)]);
    } else if (size === 0 && this.#chance(0.1 * this.#wildness)) {
      fields.push(['content-length', this.#one(['0', '1', '5', ''])]);
    }
    if (this.#chance(0.3)) fields.push(this.#one(USUAL_FIELDS));
    if (this.#chance(0.35 * this.#wildness)) fields.splice(this.#below(fields.length + 1), 0, ...this.#one(ODD_FIELDS));
    if (this.#chance(0.2)) fields.push(['x-m', `w${marker}`]);
    return fields;
  }

  #body(marker: string): Buffer {
    const inside = this.#or(`b=${marker}`, [
      `GET /in-${marker} HTTP/1.1\r\nHost: h\r\n\r\n`, '', 'x'.repeat(3000), `${'y'.repeat(20_000)}${marker}`, 'z'.repeat(40_000), 'w'.repeat(70_000), '0\r\n\r\n',
    ], 1 / 8);
    if (!this.#chance(0.08 * this.#wildness)) return Buffer.from(inside);
    // A request within a body, as frames.
    const fields: Field[] = [[':method', 'GET'], [':scheme', 'http'], [':path', `/in-${marker}`], [':authority', 'h']];
    const block = new HpackWriter(this.#below).block(fields, 0);
    const begin = this.#chance(0.3) ? PREFACE : Buffer.alloc(0);
    return Buffer.concat([begin, SETTINGS, frame(FrameType.headers, 5, this.#nextId, block)]);
  }

  #pieces(body: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let at = 0;
    for (let n = 1 + this.#below(3); n > 0 && at < body.length; n--) {
      const end = n === 1 ? body.length : at + this.#below(body.length - at + 1);
      for (; end - at > 16_384; at += 16_384) pieces.push(body.subarray(at, at + 16_384));
      pieces.push(body.subarray(at, end));
      at = end;
    }
    if (pieces.length === 0 || this.#chance(0.15)) pieces.push(Buffer.alloc(0));
    return pieces;
  }

  // --- frames of a stream

  /** A block in as many frames as come. */
  #headers(id: number, block: Buffer, endsStream: boolean, wildness: number): Buffer[] {
    const odd = (share: number): boolean => this.#chance(share * wildness);
    const parts = [block];
    while (this.#chance(0.12) || odd(0.1)) {
      const last = parts.pop()!;
      const at = this.#below(last.length + 1);
      parts.push(last.subarray(0, at), last.subarray(at));
    }
    const unknown = odd(0.03) ? this.#one([0x02, 0x10, 0x40, 0x80, 0xd2]) : 0;
    const flags = (endsStream ? FrameFlag.endStream : 0) | unknown;
    const first = this.#payload(parts[0]!, flags, id, this.#chance(0.15));
    const ends = parts.length === 1 ? FrameFlag.endHeaders : 0;
    const frames = [frame(FrameType.headers, first.flags | ends, this.#reserved(id), first.payload)];
    for (const [i, part] of parts.slice(1).entries()) {
      const isLast = i === parts.length - 2;
      if (odd(0.02)) frames.push(...this.#oddFrames());
      const moreFlags = odd(0.05) ? this.#one([1, 8, 0x20, 0xfb]) : 0;
      const endsHere = isLast && !odd(0.01) ? FrameFlag.endHeaders : 0;
      frames.push(frame(FrameType.continuation, endsHere | moreFlags, odd(0.01) ? id + 2 : id, part));
    }
    return frames;
  }

  /** With padding, and a priority, if `mayHavePriority`. */
  #payload(bytes: Buffer, flags: number, id: number, mayHavePriority: boolean): { flags: number; payload: Buffer } {
    let all = flags;
    const parts: Buffer[] = [];
    const odd = [0, 255, bytes.length, bytes.length + 1, 200];
    const padding = this.#chance(0.15) ? this.#or(this.#below(20), odd, 0.2) & 0xff : -1;
    if (padding >= 0) {
      all |= FrameFlag.padded;
      parts.push(Buffer.from([padding]));
    }
    if (mayHavePriority) {
      all |= FrameFlag.priority;
      const on = this.#or(0, [id, id + 2, 0x7fff_ffff], 0.2);
      const dependency = Buffer.alloc(5);
      dependency.writeUInt32BE(((this.#chance(0.3) ? 0x8000_0000 : 0) | on) >>> 0);
      dependency[4] = this.#below(256);
      parts.push(dependency);
    }
    parts.push(bytes);
    if (padding > 0 && !this.#chance(0.02 * this.#wildness)) {
      parts.push(Buffer.alloc(padding, this.#or(0, [0x82, 0x47], 0.3)));
    }
    return { flags: all, payload: Buffer.concat(parts) };
  }

  #reserved(id: number): number {
    return this.#or(id, [id | 0x8000_0000], 1 / 40);
  }

  #data(id: number, bytes: Buffer, endsStream: boolean): Buffer[] {
    const unknown = this.#or(0, [0x02, 0x04, 0x20, 0xf6], 1 / 30);
    const isForgotten = this.#chance(0.02 * this.#wildness);
    const ends = endsStream && !isForgotten ? FrameFlag.endStream : 0;
    const { flags, payload } = this.#payload(bytes, ends | unknown, id, false);
    const frames = [frame(FrameType.data, flags, this.#reserved(id), payload)];
    if (this.#chance(0.03 * this.#wildness)) frames.push(frame(FrameType.data, this.#below(2), id, Buffer.from(this.#one(['', 'more']))));
    return frames;
  }

  #trailers(id: number, marker: string): Buffer[] {
    const fields: Field[] = [this.#or(['x-t', marker], [[':path', `/t-${marker}`], ['content-length', '9'], ['X-T', 'y'], ['x-m', 'late'], [':method', 'GET']], 0.2)];
    const endsStream = !this.#chance(0.05 * this.#wildness);
    return this.#headers(id, this.#hpack.block(fields, this.#wildness), endsStream, this.#wildness);
  }

  // --- frames of no request

  #oddFrames(): Buffer[] {
    const id = this.#one([
      0, 1, 2, this.#nextId, this.#nextId + 10, this.#closed[0] ?? 1, this.#open[0]?.id ?? 3, 0x7fff_ffff,
    ]);
    const flags = this.#one([0, 0, 0, 1, 4, 5, 8, 0x20, 0xff]);
    const inside = Buffer.from(this.#one(['', 'a', 'GET /frame HTTP/1.1\r\nHost: h\r\n\r\n', '\0'.repeat(8), '\0\0\0\0', '\0\0\x01\0', '\0\0\0\x03\x10', '\x7f\xff\xff\xff', '\xff'.repeat(8), '\0'.repeat(5)]), 'latin1');
    const number = Buffer.alloc(4);
    number.writeUInt32BE(this.#one([0, 1, 1000, 0x7fff_ffff, 0x8000_0001]));
    switch (this.#below(16)) {
      case 0: return [frame(FrameType.ping, this.#one([0, 1, 0xfe]), 0, Buffer.alloc(8))];
      case 1: return [frame(FrameType.windowUpdate, 0, id, number)];
      case 2: return [frame(FrameType.priority, flags, id, Buffer.from([0, 0, 0, this.#one([0, 0, id & 0xff]), 16]))];
      case 3: return [frame(FrameType.rstStream, flags & 0xfe, id, Buffer.from([0, 0, 0, 8]))];
      case 4: {
        const payload = Buffer.concat([number, Buffer.alloc(4), inside]);
        return [frame(FrameType.goaway, flags, this.#or(0, [1], 0.2), payload)];
      }
      case 5: return [frame(FrameType.data, flags, id, inside)];
      case 6: return [frame(FrameType.continuation, flags, id, inside)];
      case 7: return [frame(FrameType.pushPromise, flags, id, inside)];
      case 8: return [this.#oddSettings()];
      case 9: {
        const payload = Buffer.alloc(this.#one([0, 1, 100, 16_384, 16_385, 20_000, 70_000]), 0x41);
        return [frame(this.#one([10, 11, 12, 16, 0x20, 0x47, 0xfa, 0xff]), flags, id, payload)];
      }
      case 10: return [frame(this.#one([10, 12, 16, 0x47, 0xff]), flags, id, inside)];
      case 11: return [frame(this.#below(10), flags, id, inside)];
      case 12: return [frame(FrameType.data, 0, id, Buffer.alloc(this.#one([16_385, 17_000, 66_000]), 0x42))];
      case 13: return [frame(FrameType.windowUpdate, flags, this.#one([0, id]), number)];
      case 14: return [frame(FrameType.headers, flags | FrameFlag.endHeaders, id, this.#hpack.block([[':method', 'GET'], [':scheme', 'http'], [':path', `/${this.#name()}`], [':authority', 'h']], 0))];
      default: return [this.#settings()];
    }
  }

  #mutate(bytes: Buffer): void {
    for (let n = 1 + this.#below(2); n > 0; n--) {
      bytes[this.#below(bytes.length)] = this.#one([0, 1, 4, 5, 9, 0x20, 0x80, 0xff, this.#below(256)]);
    }
  }

  #cut(bytes: Buffer): Buffer[] {
    if (!this.#chance(0.3)) return [bytes];
    const at = this.#below(bytes.length + 1);
    return [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0);
  }
}

function settings(list: readonly (readonly [number, number])[]): Buffer {
  const bytes = Buffer.alloc(6 * list.length);
  for (const [i, [name, value]] of list.entries()) {
    bytes.writeUInt16BE(name, 6 * i);
    bytes.writeUInt32BE(value, 6 * i + 2);
  }
  return bytes;
}
