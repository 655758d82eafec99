/**
 * The detection node's place in a measurement: `node sink.ts COUNT [--verify | --discard]`, started with an IPC channel. An HTTP/1.1
 * server on 127.0.0.1 that notes which request ids arrived when, and answers each with an empty 200. Its first message is its port; it
 * answers any message with its totals, and on SIGTERM writes the arrivals to the file that RESULT names.
 *
 * --verify   checks the digests each request carries (slow; for tests of identity, not of speed)
 * --discard  only counts bytes: for the floor, whose bytes are no stream
 */
import { createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { monotonicMs } from './monotonic.ts';
import { idAt } from './requests.ts';

const count = Number(process.argv[2]);
const verify = process.argv.includes('--verify');
const discard = process.argv.includes('--discard');
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const HEAD_END = Buffer.from('\r\n\r\n');
const TARGET_AT_GET = 4;
const TARGET_AT_POST = 5;

/** When each id arrived first, 0 = never; and how often. */
const arrivedAt = new Float64Array(count);
const times = new Uint8Array(count);
const totals = { requests: 0, duplicates: 0, foreign: 0, altered: 0, unreadable: 0, bytes: 0 };

const server = createServer({ noDelay: true }, (socket) => {
  const stream = new RequestStream();
  socket.on('data', (bytes: Buffer) => {
    totals.bytes += bytes.length;
    if (discard) return;
    const complete = stream.push(bytes);
    if (complete > 0) socket.write(ANSWER.repeat(complete), 'latin1');
  });
  socket.on('error', () => {});
});

/** Counts the requests of one connection. Bodies are passed over, not kept. */
class RequestStream {
  /** The beginning of a head that is not complete yet. */
  private held: Buffer | undefined;
  /** Bytes of the current body still to come; chunked bodies keep their own state. */
  private bodyLeft = 0;
  private chunked: ChunkedBody | undefined;
  private id = -1;
  private headCrc = '';
  private bodyCrc = 0;

  /** How many requests became complete with these bytes. */
  push(input: Buffer): number {
    let bytes = input;
    let at = 0;
    let complete = 0;
    const now = monotonicMs();
    if (this.held) {
      bytes = Buffer.concat([this.held, input]);
      this.held = undefined;
    }
    for (;;) {
      if (this.chunked) {
        const end = this.chunked.push(bytes, at);
        if (!this.chunked.complete) return complete;
        at = end;
        this.bodyCrc = this.chunked.crc;
        this.chunked = undefined;
        this.arrived(now);
        complete++;
      } else if (this.bodyLeft > 0) {
        const take = Math.min(this.bodyLeft, bytes.length - at);
        if (verify) this.bodyCrc = crc32(bytes.subarray(at, at + take), this.bodyCrc);
        this.bodyLeft -= take;
        at += take;
        if (this.bodyLeft > 0) return complete;
        this.arrived(now);
        complete++;
      }
      if (at >= bytes.length) return complete;
      const headEnd = bytes.indexOf(HEAD_END, at);
      if (headEnd < 0) {
        this.held = Buffer.from(bytes.subarray(at));
        return complete;
      }
      this.readHead(bytes, at, headEnd + 2);
      at = headEnd + 4;
      if (this.bodyLeft === 0 && !this.chunked) {
        this.arrived(now);
        complete++;
      }
    }
  }

  private readHead(bytes: Buffer, start: number, end: number): void {
    const isGet = bytes[start] === 0x47;
    this.id = idAt(bytes, start + (isGet ? TARGET_AT_GET : TARGET_AT_POST));
    this.bodyCrc = 0;
    this.bodyLeft = 0;
    if (isGet && !verify) return;
    const head = bytes.toString('latin1', start, end);
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head);
    if (length) this.bodyLeft = Number(length[1]);
    else if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) this.chunked = new ChunkedBody();
    if (!verify) return;
    const own = /\r\nX-Digest: ([0-9a-f]{8}-[0-9a-f]{8})\r\n/.exec(head);
    // Lines that the forwarder adds come after the client's own.
    this.headCrc = own === null ? '' : `${crc32(head.slice(0, own.index + 2)).toString(16).padStart(8, '0')}=${own[1]}`;
  }

  private arrived(now: number): void {
    totals.requests++;
    if (this.id < 0 || this.id >= count) {
      totals.foreign++;
      return;
    }
    if (verify) {
      const [head, digest] = this.headCrc.split('=');
      if (digest !== `${head}-${this.bodyCrc.toString(16).padStart(8, '0')}`) totals.altered++;
    }
    if (times[this.id]! > 0) totals.duplicates++;
    else arrivedAt[this.id] = now;
    if (times[this.id]! < 255) times[this.id]!++;
  }
}

/** Finds the end of a chunked body, byte by byte through its framing and in one step through its data. */
class ChunkedBody {
  complete = false;
  crc = 0;
  private line = '';
  private dataLeft = 0;
  private last = false;

  /** Returns the position behind what belongs to the body. */
  push(bytes: Buffer, start: number): number {
    let at = start;
    while (at < bytes.length && !this.complete) {
      if (this.dataLeft > 2) {
        const take = Math.min(this.dataLeft - 2, bytes.length - at);
        if (verify) this.crc = crc32(bytes.subarray(at, at + take), this.crc);
        this.dataLeft -= take;
        at += take;
        continue;
      }
      const byte = bytes[at++]!;
      if (this.dataLeft > 0) {
        this.dataLeft--; // CRLF behind the data
      } else if (byte !== 0x0a) {
        this.line += String.fromCharCode(byte);
      } else {
        this.endLine(this.line.trimEnd());
        this.line = '';
      }
    }
    return at;
  }

  private endLine(line: string): void {
    if (this.last) {
      this.complete = line === '';
      return;
    }
    const size = parseInt(line, 16);
    if (Number.isNaN(size)) {
      totals.unreadable++;
      this.complete = true;
    } else if (size === 0) {
      this.last = true;
    } else {
      this.dataLeft = size + 2;
    }
  }
}

process.on('SIGTERM', () => {
  const result = process.env['RESULT'];
  if (result) writeFileSync(result, new Uint8Array(arrivedAt.buffer));
  process.exit(0);
});
process.on('message', () => process.send?.(totals));

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 });
});
