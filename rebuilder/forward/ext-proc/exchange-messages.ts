import { randomUUID } from 'node:crypto';
import type { Envelope } from '../../rules/envelope.ts';
import type { Ledger } from '../../ledger.ts';
import { HeaderLines } from '../../http/header-lines.ts';
import type { Endpoints, Message, Request } from '../../http/message.ts';
import { copy } from '../added-lines.ts';
import { decodeChunked } from '../chunked-body.ts';
import { HEADER_BYTES, HeaderMap, MAX_GROWTH } from './header-map.ts';
import { putLines, putRequestHead, putResponseHead } from './message-heads.ts';
import { boolTag, fieldBytes, putLength, putTextField, varintBytes } from './protobuf.ts';

/** Fields of envoy.service.ext_proc.v3.ProcessingRequest (api/envoy/service/ext_proc/v3/external_processor.proto). */
const REQUEST = { headers: 2, body: 4, trailers: 6 } as const;
const RESPONSE = { headers: 3, body: 5, trailers: 7 } as const;
const METADATA_CONTEXT = 8;
const ATTRIBUTES = 9;
const OBSERVABILITY_MODE = 10;
/** Of HttpHeaders and HttpTrailers, where their HeaderMap is, and of HttpBody, where its bytes are. */
const CONTENT = 1;
const HEADERS_END_OF_STREAM = 3;
const BODY_END_OF_STREAM = 2;
/** Of a map's entry, of google.protobuf.Struct and of google.protobuf.Value. */
const MAP_KEY = 1;
const MAP_VALUE = 2;
const STRUCT_FIELDS = 1;
const STRING_VALUE = 3;

/** The name under which Envoy's filter gives the attributes it was asked for. */
const FILTER = 'envoy.filters.http.ext_proc';

/** Body bytes a message; a gRPC server takes 4 MiB a message unless told otherwise. */
const PIECE_BYTES = 64 * 1024;
/** gRPC's flag and length, and tags and lengths of a message around its content, with room to spare. */
const FRAME_BYTES = 64;
/** Attributes, our own headers and the pseudo headers, without the values a client has a say in. */
const FIXED_BYTES = 2048;
const GRPC_PREFIX_BYTES = 5;
const BOOL_BYTES = 2;
/** metadata_context, empty as in Envoy, and observability_mode. */
const TAIL_BYTES = 4;
const MAX_SCRATCH_BYTES = 1 << 20;
/** `x-mirror-original-line`, before a name or in its place. */
const LONGEST_PREFIX = 24;

/** An exchange as the messages of one stream, each with its gRPC prefix. */
interface EncodedExchange {
  readonly bytes: Buffer;
  /** Neither of its two messages lacks bytes. */
  readonly complete: boolean;
}

/** Names and values, ASCII. */
type Attributes = readonly (readonly [name: string, value: string])[];

interface Body {
  readonly size: number;
  readonly complete: boolean;
  readonly trailersStart: number;
}

/**
 * Writes exchanges as the messages that Envoy's filter sends in `observability_mode` with STREAMED bodies: request
 * headers with the attributes, body, trailers, then the same of the response; a body ends with an empty message that
 * says `end_of_stream`.
 */
export class ExchangeMessages {
  readonly #bodyLimit: number;
  readonly #ledger: Ledger;
  readonly #map: HeaderMap;
  readonly #trailers = new HeaderLines();
  #scratch = Buffer.allocUnsafeSlow(64 * 1024);
  /** What is written to now: the scratch, or memory of its own for a large exchange. */
  #to = this.#scratch;
  #at = 0;

  /** @param bodyLimit most bytes of a body */
  constructor(bodyLimit: number, ledger: Ledger) {
    this.#bodyLimit = bodyLimit;
    this.#ledger = ledger;
    this.#map = new HeaderMap(ledger);
  }

  /** null = it would take more than `maxBytes`. Never throws for what is in the messages. */
  encode(request: Request, envelope: Envelope, maxBytes: number): EncodedExchange | null {
    const { response } = request;
    const sent = this.#body(request);
    const received = response === null ? null : this.#body(response);
    let needed = FIXED_BYTES + envelopeBytes(envelope) + messageBytes(request, sent);
    if (response !== null) needed += messageBytes(response, received!);
    if (needed > maxBytes) return null;
    const isLarge = needed > MAX_SCRATCH_BYTES;
    if (!isLarge && needed > this.#scratch.length) {
      this.#scratch = Buffer.allocUnsafeSlow(Math.min(MAX_SCRATCH_BYTES, needed * 2));
    }
    this.#to = isLarge ? Buffer.allocUnsafeSlow(needed) : this.#scratch;
    this.#at = 0;
    this.#request(request, envelope, sent);
    if (response !== null) {
      const endsHere = isBodyless(response, received!);
      const start = this.#openHeaders();
      putResponseHead(this.#map, response, received!.complete, this.#ledger);
      this.#closeHeaders(start, RESPONSE.headers, endsHere, null);
      if (!endsHere) this.#rest(response, received!, RESPONSE);
    }
    const bytes = isLarge ? this.#to.subarray(0, this.#at) : Buffer.from(this.#to.subarray(0, this.#at));
    this.#to = this.#scratch;
    return { bytes, complete: sent.complete && received?.complete !== false };
  }

  #request(request: Request, envelope: Envelope, body: Body): void {
    // Unlike X-Mirror-Id never twice the same, whatever a client repeats: a node may keep by it what is under way.
    const id = randomUUID();
    const endsHere = isBodyless(request, body);
    const start = this.#openHeaders();
    putRequestHead(this.#map, request, envelope, body, id, this.#ledger);
    this.#closeHeaders(start, REQUEST.headers, endsHere, [
      ['request.id', id],
      ['request.time', timeText(request.timeMs)],
      ['source.address', sourceAddress(envelope.clientAddress, request.endpoints)],
    ]);
    if (!endsHere) this.#rest(request, body, REQUEST);
  }

  #body(message: Message): Body {
    const { bytes, headEnd, end } = message;
    const isChunked = message.framing === 'chunked';
    const { size, trailersStart } = isChunked ? decodeChunked(bytes, headEnd, end, Infinity, null, 0)
      : { size: Math.max(0, end - headEnd), trailersStart: end };
    const isCut = size > this.#bodyLimit;
    if (isCut) this.#ledger.count('ext_proc.body_limit');
    const complete = message.complete && !isCut;
    const hasTrailers = isChunked && complete && this.#trailers.scan(bytes, trailersStart, end) >= 0
      && this.#trailers.count > 0;
    return { size: isCut ? this.#bodyLimit : size, complete, trailersStart: hasTrailers ? trailersStart : end };
  }

  /** Body and trailers. */
  #rest(message: Message, { size, trailersStart }: Body, field: typeof REQUEST | typeof RESPONSE): void {
    const { bytes, headEnd, end } = message;
    let [from, at] = [bytes, headEnd];
    if (message.framing === 'chunked' && size > 0) {
      from = Buffer.allocUnsafe(size);
      at = 0;
      decodeChunked(bytes, headEnd, end, size, from, 0);
    }
    for (let left = size; left > 0;) {
      const piece = Math.min(left, PIECE_BYTES);
      this.#bodyMessage(field.body, from, at, piece);
      at += piece;
      left -= piece;
    }
    if (trailersStart >= end) {
      this.#bodyMessage(field.body, from, at, 0);
      return;
    }
    const start = this.#openHeaders();
    const lines = this.#trailers;
    lines.scan(bytes, trailersStart, end);
    putLines(this.#map, { bytes, lines: lines.lines, lineCount: lines.count }, this.#ledger);
    this.#closeHeaders(start, field.trailers, false, null);
  }

  /** `size` 0 = the empty one that ends a body. */
  #bodyMessage(field: number, bytes: Uint8Array, start: number, size: number): void {
    const content = size === 0 ? BOOL_BYTES : fieldBytes(size);
    let at = this.#prefix(fieldBytes(content) + TAIL_BYTES);
    at = putLength(field, content, this.#to, at);
    if (size === 0) at = putTrue(BODY_END_OF_STREAM, this.#to, at);
    else at = copy(bytes, start, start + size, this.#to, putLength(CONTENT, size, this.#to, at));
    this.#at = this.#tail(at);
  }

  /** Headers are written where their length is known to have room before them, and moved to it by `#closeHeaders`. */
  #openHeaders(): number {
    const start = this.#at;
    this.#map.begin(this.#to, start + FRAME_BYTES);
    return start;
  }

  #closeHeaders(start: number, field: number, endOfStream: boolean, attributes: Attributes | null): void {
    const to = this.#to;
    const map = this.#map.end - start - FRAME_BYTES;
    const headers = 1 + varintBytes(map) + map + (endOfStream ? BOOL_BYTES : 0);
    const attributeBytes = attributes === null ? 0 : entryBytes(FILTER.length, structBytes(attributes));
    let at = this.#prefix(fieldBytes(headers) + TAIL_BYTES + attributeBytes);
    at = putLength(field, headers, to, at);
    at = putLength(CONTENT, map, to, at);
    to.copyWithin(at, start + FRAME_BYTES, start + FRAME_BYTES + map);
    at += map;
    if (endOfStream) at = putTrue(HEADERS_END_OF_STREAM, to, at);
    if (attributes === null) {
      this.#at = this.#tail(at);
      return;
    }
    at = putLength(METADATA_CONTEXT, 0, to, at);
    at = putLength(ATTRIBUTES, structEntry(FILTER.length, structBytes(attributes)), to, at);
    at = putTextField(MAP_KEY, FILTER, to, at);
    at = putLength(MAP_VALUE, structBytes(attributes), to, at);
    for (const [name, value] of attributes) {
      at = putLength(STRUCT_FIELDS, structEntry(name.length, fieldBytes(value.length)), to, at);
      at = putTextField(MAP_KEY, name, to, at);
      at = putLength(MAP_VALUE, fieldBytes(value.length), to, at);
      at = putTextField(STRING_VALUE, value, to, at);
    }
    this.#at = putTrue(OBSERVABILITY_MODE, to, at);
  }

  /** gRPC's prefix of a message: not compressed, and its length. @returns where the message begins */
  #prefix(length: number): number {
    this.#to[this.#at] = 0;
    this.#to.writeUInt32BE(length, this.#at + 1);
    return this.#at + GRPC_PREFIX_BYTES;
  }

  #tail(at: number): number {
    return putTrue(OBSERVABILITY_MODE, this.#to, putLength(METADATA_CONTEXT, 0, this.#to, at));
  }
}

/** Is that known from its head? Else Envoy says so in an empty body. */
const isBodyless = ({ framing }: Message, { size }: Body): boolean =>
  size === 0 && (framing === 'none' || framing === 'length');

function putTrue(field: number, to: Uint8Array, at: number): number {
  to[at] = boolTag(field);
  to[at + 1] = 1;
  return at + 2;
}

/** Bytes of a map's entry: its key, and its value, which is a message. */
const structEntry = (key: number, value: number): number => fieldBytes(key) + 1 + varintBytes(value) + value;
const entryBytes = (key: number, value: number): number => fieldBytes(structEntry(key, value));
const structBytes = (fields: Attributes): number =>
  fields.reduce((sum, [name, value]) => sum + entryBytes(name.length, fieldBytes(value.length)), 0);

/** No fewer bytes than the messages of it take. */
function messageBytes(message: Message, body: Body): number {
  const trailers = message.end - body.trailersStart;
  const messages = Math.ceil(body.size / PIECE_BYTES) + 3;
  return (message.headEnd - message.start + trailers) * MAX_GROWTH + (message.lineCount + trailers) * HEADER_BYTES
    + message.lineCount * LONGEST_PREFIX + body.size + messages * FRAME_BYTES;
}

const envelopeBytes = ({ clientAddress, host, extra }: Envelope): number => clientAddress.length + (host?.length ?? 0)
  + extra.reduce((sum, [name, value]) => sum + name.length + value.length + HEADER_BYTES, 0);

/** RFC 3339 with microseconds, as Envoy writes a timestamp. */
function timeText(timeMs: number): string {
  const ms = Math.floor(timeMs);
  const micros = Math.floor((timeMs - ms) * 1000);
  return `${new Date(ms).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}+00:00`;
}

/** Port 0: the address is the word of a proxy, which knows no port; so does Envoy. */
function sourceAddress(address: string, { proxied, clientAddress, clientPort }: Endpoints): string {
  const sender = proxied ?? { clientAddress, clientPort };
  const port = address === sender.clientAddress ? sender.clientPort : 0;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
