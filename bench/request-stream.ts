import { crc32 } from 'node:zlib';
import { monotonicMs } from './monotonic.ts';
import { idAt } from './requests.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const TARGET_AT_GET = 4;
const TARGET_AT_POST = 5;

/** What a stand-in for the node does with a request whose last byte came. */
export interface RequestObserver {
  /** @param id -1 = not one of ours @param altered its digests do not fit (only looked at with `verify`) */
  request(id: number, altered: boolean, nowMs: number): void;
  /** A chunked body that is none. */
  unreadable(): void;
  /** The head bytes[start, end) of the request that comes next to its end. */
  head?(bytes: Buffer, start: number, end: number): void;
}

/** Reads the requests of one connection. Bodies are passed over, not kept. */
export class RequestStream {
  readonly #observer: RequestObserver;
  readonly #verify: boolean;
  /** The beginning of a head that is not complete yet. */
  #held: Buffer | undefined;
  /** Bytes of the current body still to come; chunked bodies keep their own state. */
  #bodyLeft = 0;
  #chunked: ChunkedBody | undefined;
  #id = -1;
  #headCrc = '';
  #bodyCrc = 0;

  /** @param verify check the digests that each request carries: slow */
  constructor(observer: RequestObserver, verify: boolean) {
    this.#observer = observer;
    this.#verify = verify;
  }

  /** How many requests became complete with these bytes. */
  push(input: Buffer): number {
    let bytes = input;
    let at = 0;
    let complete = 0;
    const now = monotonicMs();
    if (this.#held) {
      bytes = Buffer.concat([this.#held, input]);
      this.#held = undefined;
    }
    for (;;) {
      if (this.#chunked) {
        const end = this.#chunked.push(bytes, at);
        if (!this.#chunked.complete) return complete;
        at = end;
        this.#bodyCrc = this.#chunked.crc;
        this.#chunked = undefined;
        this.#arrived(now);
        complete++;
      } else if (this.#bodyLeft > 0) {
        const take = Math.min(this.#bodyLeft, bytes.length - at);
        if (this.#verify) this.#bodyCrc = crc32(bytes.subarray(at, at + take), this.#bodyCrc);
        this.#bodyLeft -= take;
        at += take;
        if (this.#bodyLeft > 0) return complete;
        this.#arrived(now);
        complete++;
      }
      if (at >= bytes.length) return complete;
      const headEnd = bytes.indexOf(HEAD_END, at);
      if (headEnd < 0) {
        this.#held = Buffer.from(bytes.subarray(at));
        return complete;
      }
      this.#readHead(bytes, at, headEnd + 2);
      at = headEnd + 4;
      if (this.#bodyLeft === 0 && !this.#chunked) {
        this.#arrived(now);
        complete++;
      }
    }
  }

  #readHead(bytes: Buffer, start: number, end: number): void {
    const isGet = bytes[start] === 0x47;
    this.#id = idAt(bytes, start + (isGet ? TARGET_AT_GET : TARGET_AT_POST));
    this.#bodyCrc = 0;
    this.#bodyLeft = 0;
    this.#observer.head?.(bytes, start, end);
    if (isGet && !this.#verify) return;
    const head = bytes.toString('latin1', start, end);
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head);
    if (length) this.#bodyLeft = Number(length[1]);
    else if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) this.#chunked = new ChunkedBody(this.#observer, this.#verify);
    if (!this.#verify) return;
    const own = /\r\nX-Digest: ([0-9a-f]{8}-[0-9a-f]{8})\r\n/.exec(head);
    // Lines that the forwarder adds come after the client's own.
    this.#headCrc = own === null ? '' : `${crc32(head.slice(0, own.index + 2)).toString(16).padStart(8, '0')}=${own[1]}`;
  }

  #arrived(now: number): void {
    const [head, digest] = this.#headCrc.split('=');
    this.#observer.request(this.#id, this.#verify && digest !== `${head}-${this.#bodyCrc.toString(16).padStart(8, '0')}`, now);
  }
}

/** Finds the end of a chunked body, byte by byte through its framing and in one step through its data. */
class ChunkedBody {
  complete = false;
  crc = 0;
  #line = '';
  #dataLeft = 0;
  #last = false;
  readonly #observer: RequestObserver;
  readonly #verify: boolean;

  constructor(observer: RequestObserver, verify: boolean) {
    this.#observer = observer;
    this.#verify = verify;
  }

  /** Returns the position behind what belongs to the body. */
  push(bytes: Buffer, start: number): number {
    let at = start;
    while (at < bytes.length && !this.complete) {
      if (this.#dataLeft > 2) {
        const take = Math.min(this.#dataLeft - 2, bytes.length - at);
        if (this.#verify) this.crc = crc32(bytes.subarray(at, at + take), this.crc);
        this.#dataLeft -= take;
        at += take;
        continue;
      }
      const byte = bytes[at++]!;
      if (this.#dataLeft > 0) {
        this.#dataLeft--; // CRLF behind the data
      } else if (byte !== 0x0a) {
        this.#line += String.fromCharCode(byte);
      } else {
        this.#endLine(this.#line.trimEnd());
        this.#line = '';
      }
    }
    return at;
  }

  #endLine(line: string): void {
    if (this.#last) {
      this.complete = line === '';
      return;
    }
    const size = parseInt(line, 16);
    if (Number.isNaN(size)) {
      this.#observer.unreadable();
      this.complete = true;
    } else if (size === 0) {
      this.#last = true;
    } else {
      this.#dataLeft = size + 2;
    }
  }
}
