// What a connection or a datagram may leave in memory, one kind each: what is charged for it is compared with what it
// takes (charges.test.ts).
import type { PipelineOptions } from '../../rebuilder/pipeline.ts';
import { TcpFlag } from '../../rebuilder/wire/packet.ts';
import { BEGIN, block, data as dataFrame, frame, GET as GET_FIELDS, headers, POST, SETTINGS } from '../http2/http2-frames.ts';
import { FrameType } from '../../rebuilder/http2/frame.ts';
import type { Flood } from './floods.ts';

const { ack: ACK, fin: FIN, syn: SYN } = TcpFlag;

interface How {
  /** Offset in the stream; default: behind what was sent before. */
  readonly at?: number;
  readonly hasWrongSum?: boolean;
  readonly flags?: number;
}

/** One connection, packet by packet. */
class Talk {
  readonly #flood: Flood;
  readonly client: number;
  #sent = 0;
  #answered = 0;

  constructor(flood: Flood, client: number) {
    this.#flood = flood;
    this.client = client;
  }

  syn(data = ''): this {
    this.#flood.segment({ client: this.client, seq: 0, flags: SYN, data: Buffer.from(data, 'latin1') });
    return this;
  }

  synAck(): this {
    this.#flood.segment({ client: this.client, seq: 0, ack: 1, flags: SYN | ACK, fromServer: true });
    return this;
  }

  send(data: string | Uint8Array, { at = this.#sent, hasWrongSum = false, flags = ACK }: How = {}): this {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    this.#flood.segment({
      client: this.client, seq: 1 + at, ack: 1 + this.#answered, data: bytes, hasWrongSum, flags,
    });
    this.#sent = Math.max(this.#sent, at + bytes.length);
    return this;
  }

  answer(data: string | Uint8Array = '', at = this.#answered): this {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    this.#flood.segment({ client: this.client, seq: 1 + at, ack: 1 + this.#sent, data: bytes, fromServer: true });
    this.#answered = Math.max(this.#answered, at + bytes.length);
    return this;
  }

  wait(ms: number): this {
    this.#flood.nowMs += ms;
    return this;
  }
}

export interface KeptState {
  readonly kind: string;
  /** More than the two options of a service that reads responses. */
  readonly options?: Partial<PipelineOptions>;
  /** Few where each takes much. */
  readonly amount?: number;
  /** Time that passes behind all of them, ms. */
  readonly waitMs?: number;
  play(talk: Talk, flood: Flood): void;
}

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const post = (length: number | string): string => `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
const CHUNKED = 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const twoWays = (talk: Talk): Talk => talk.syn().synAck();
const repeat = (times: number, work: (i: number) => void): void => {
  for (let i = 0; i < times; i++) work(i);
};
/** Fields that enter an HPACK table. */
const indexed = (client: number, fields: number): Buffer => frame(FrameType.headers, 5, 1, block([
  ...GET_FIELDS, ...Array.from({ length: fields }, (_, i): [string, string] => [`n${i}`, `v${client}`]),
], true));

/** A whole request of 6 KB. */
export const UPLOAD: KeptState = { kind: 'an upload', play: (talk) => talk.syn().send(post(6000) + 'x'.repeat(6000)) };

/** Its head is whole: what was found in it is kept. */
export const HALF_UPLOAD: KeptState = { kind: 'half a body', play: (talk) => talk.syn().send(`${post(4000)}x`) };

export const KEPT_STATES: readonly KeptState[] = [
  // They are small, and the code that they are the first to run is not.
  { kind: 'a SYN', amount: 20_000, play: (talk) => talk.syn() },
  { kind: 'a SYN with data', play: (talk) => talk.syn('GET /') },
  { kind: 'a handshake', play: (talk) => twoWays(talk).send('') },
  { kind: 'a handshake of which the server is not seen', play: (talk) => talk.syn().send('') },
  { kind: 'a byte of a connection joined midway', play: (talk) => talk.send('G') },
  { kind: 'a byte of a server, joined midway', play: (talk) => talk.answer('H') },
  { kind: 'what is no request, joined midway', play: (talk) => talk.send('x'.repeat(100)).wait(1) },
  { kind: 'a request, the server not seen', play: (talk) => talk.syn().send(GET) },
  { kind: 'ten requests, the server not seen', play: (talk) => talk.syn().send(GET.repeat(10)) },
  { kind: 'a request and its response', play: (talk) => twoWays(talk).send(GET).answer(OK) },
  { kind: 'ten requests and their responses', play: (talk) => {
    twoWays(talk);
    repeat(10, () => talk.send(GET).answer(OK));
  } },
  { kind: 'a request that waits for its response', play: (talk) => twoWays(talk).send(GET).answer() },
  { kind: 'twenty requests that wait', amount: 300, play: (talk) => twoWays(talk).send(GET.repeat(20)).answer() },
  { kind: 'requests whose responses are not read', options: { parseResponses: false }, play: (talk) =>
    twoWays(talk).send(GET.repeat(20)).answer() },
  { kind: 'half a response', play: (talk) => twoWays(talk).send(GET).answer(OK.slice(0, 30)) },
  { kind: 'a response before its request', play: (talk) => twoWays(talk).answer(OK) },
  { kind: 'half a request line', play: (talk) => talk.syn().send('GET /a') },
  { kind: 'half a request line, joined midway', play: (talk) => talk.send('GET /a').wait(1).send('b') },
  { kind: 'half a head', play: (talk) => talk.syn().send(GET.slice(0, -2)) },
  { kind: 'half a head in five pieces', play: (talk) => {
    talk.syn().send(GET.slice(0, -2));
    repeat(4, (i) => talk.send(`N${i}: ${'v'.repeat(900)}\r\n`));
  } },
  HALF_UPLOAD,
  { kind: 'half a body, two ways', play: (talk) => twoWays(talk).send(`${post(4000)}x`).answer() },
  { kind: 'half a body of 20 KB', amount: 300, play: (talk) => {
    talk.syn().send(post(40_000));
    repeat(20, () => talk.send('x'.repeat(1000)));
  } },
  { kind: 'half a chunked body', play: (talk) => {
    talk.syn().send(CHUNKED);
    repeat(10, () => talk.send('1\r\nx\r\n'));
  } },
  { kind: 'half a body that stalled', options: { isLive: true }, waitMs: 12_000, play: (talk) => talk.syn().send(`${post(4000)}x`) },
  { kind: 'a length that servers read differently', play: (talk) => talk.syn().send(`${post('+27')}x`) },
  { kind: 'two lengths, in two pieces', play: (talk) => talk.syn().send('POST /a HTTP/1.1\r\nContent-Length: 9\r\n')
    .send('Content-Length: 27\r\n\r\nx') },
  { kind: 'a tunnel', play: (talk) => twoWays(talk).send('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n')
    .answer('HTTP/1.1 200 OK\r\n\r\n').send('\x16\x03\x01\x00\xaa\x01') },
  { kind: 'an upgrade', play: (talk) => twoWays(talk)
    .send('GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    .answer('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n').send('\x81\x01x') },
  { kind: 'an upgrade, the server not seen', play: (talk) => talk.syn()
    .send('GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n')
    .send(BEGIN) },
  { kind: 'TLS', play: (talk) => twoWays(talk).send(`\x16\x03\x01\x00\xaa\x01\x00\x00\xa6\x03\x03${'r'.repeat(64)}`) },
  { kind: 'what cannot be read behind a request', play: (talk) => talk.syn().send(`${GET}\x01\x02 what is this\r\n`) },
  { kind: 'half a PROXY header', options: { expectsProxyHeader: () => true }, play: (talk) =>
    talk.syn().send('PROXY TCP4 10.0.0.1 ') },
  { kind: 'a FIN', play: (talk) => twoWays(talk).send(GET).answer(OK).send('', { flags: FIN | ACK }) },
  { kind: 'FINs behind a hole', play: (talk) => {
    talk.syn().send(GET);
    repeat(5, (i) => talk.send('', { at: 100 + i, flags: FIN | ACK }));
  } },
  { kind: 'a segment behind a hole', play: (talk) => talk.syn().send(GET).send('x', { at: 100 }) },
  { kind: 'twenty segments of a byte behind holes', amount: 300, play: (talk) => {
    talk.syn().send(GET);
    repeat(20, (i) => talk.send('x', { at: 100 + 2 * i }));
  } },
  { kind: 'twenty segments of a byte behind one hole', amount: 300, play: (talk) => {
    talk.syn().send(GET);
    repeat(20, (i) => talk.send('x', { at: 100 + i }));
  } },
  { kind: 'five segments of 1,000 bytes behind a hole', amount: 300, play: (talk) => {
    talk.syn().send(GET);
    repeat(5, (i) => talk.send('x'.repeat(1000), { at: 100 + 1000 * i }));
  } },
  { kind: 'twenty segments behind holes, two ways', amount: 300, play: (talk) => {
    twoWays(talk).send(GET).answer(OK);
    repeat(20, (i) => talk.send('x', { at: 100 + 2 * i }));
  } },
  { kind: 'a hole in a body that was given up', waitMs: 3000, play: (talk) => talk.syn().send(post(4000))
    .send('x'.repeat(500), { at: 200 }) },
  { kind: 'a hole in a body that was given up, two ways', waitMs: 3000, play: (talk) => twoWays(talk).send(post(4000))
    .answer().send('x'.repeat(500), { at: 200 }).answer() },
  { kind: 'a segment with a wrong checksum', play: (talk) => talk.syn().send(GET).send('x', { hasWrongSum: true }) },
  { kind: 'twenty segments with wrong checksums', amount: 300, play: (talk) => {
    talk.syn().send(GET);
    repeat(20, (i) => talk.send('x', { at: 50 + i, hasWrongSum: true }));
  } },
  { kind: 'other bytes for the same place, the server not seen', play: (talk) => talk.syn().send(post(50))
    .send('x'.repeat(10)).send('y'.repeat(10), { at: post(50).length }) },
  { kind: 'other bytes for ten places, the server not seen', amount: 300, play: (talk) => {
    talk.syn().send(post(50));
    repeat(10, (i) => talk.send('x', { at: post(50).length + i }).send('y', { at: post(50).length + i }));
  } },
  { kind: 'other bytes behind a hole', play: (talk) => twoWays(talk).send(GET)
    .send('x'.repeat(10), { at: 100 }).send('y'.repeat(10), { at: 100 }) },
  { kind: 'a request that is told in two readings', play: (talk) => talk.syn().send(GET.slice(0, 5))
    .send('b', { at: 5 }).send('c', { at: 5 }).send(GET.slice(6)) },
  { kind: 'the preface of HTTP/2', play: (talk) => twoWays(talk).send(BEGIN).answer(SETTINGS) },
  { kind: 'the preface of HTTP/2, the server not seen', play: (talk) => talk.syn().send(BEGIN) },
  { kind: 'a request of HTTP/2', play: (talk) => twoWays(talk).send(Buffer.concat([BEGIN, headers(1, GET_FIELDS)])) },
  { kind: 'fifty fields of an HPACK table', amount: 300, play: (talk) =>
    talk.syn().send(Buffer.concat([BEGIN, indexed(talk.client, 50)])) },
  { kind: 'twenty half bodies of HTTP/2', amount: 300, play: (talk) => {
    talk.syn().send(BEGIN);
    repeat(20, (i) => talk.send(Buffer.concat([headers(2 * i + 1, POST, 0), dataFrame(2 * i + 1, 'x', 0)])));
  } },
  { kind: 'half a header block', play: (talk) =>
    talk.syn().send(Buffer.concat([BEGIN, frame(FrameType.headers, 0, 1, block(GET_FIELDS))])) },
  { kind: 'half a frame', play: (talk) => talk.syn().send(Buffer.concat([BEGIN, headers(1, GET_FIELDS).subarray(0, 20)])) },
  { kind: 'a fragment', play: ({ client }, flood) => flood.fragment(client, client & 0xffff, 8, Buffer.alloc(8)) },
  { kind: 'twenty fragments of a datagram', amount: 300, play: ({ client }, flood) => repeat(20, (i) =>
    flood.fragment(client, client & 0xffff, 16 * i + 8, Buffer.alloc(8))) },
  { kind: 'a fragment of 1,000 bytes', play: ({ client }, flood) => flood.fragment(client, 1, 8, Buffer.alloc(1000)) },
];

/** Plays `amount` of them, of clients from `first` on. */
export function keep({ play, waitMs = 0 }: KeptState, flood: Flood, first: number, amount: number): void {
  for (let i = 0; i < amount; i++) play(new Talk(flood, first + i), flood);
  flood.wait(waitMs);
}
