import { entityOf, trailersStart } from '../http1/chunk-runs.ts';
import { HeaderLines } from '../http/header-lines.ts';
import { type Endpoints, LINE_STRIDE, type Message, nameEndOf, nameStartOf, valueEndOf, valueStartOf } from '../http/message.ts';
import type { HttpRequest } from '../http/http-request.ts';
import { printableEnd } from '../http/printable.ts';

type Headers = [string, string][];

/** The client's own version, of a message whose bytes are a translation to HTTP/1.1. */
const HTTP2 = 'HTTP/2';

interface MessageJson {
  version: string;
  headers: Headers;
  trailers?: Headers;
  /** base64 */
  body: string;
  bodySize: number;
  complete: boolean;
  lost?: string[];
}

/**
 * One line of the JSON Lines output (docs/exchange.md, a stable contract). Strings are latin1: one code point is one
 * byte.
 */
export interface ExchangeJson {
  time: string;
  src: string;
  dst: string;
  vni: number | null;
  id: string;
  request: MessageJson & {
    method: string; target: string; irregular?: string[]; correction?: true; reading?: number; found?: true;
  };
  response: (MessageJson & { status: number; reason: string }) | null;
}

/** The bytes of one exchange as text. */
class Latin1 {
  /** Some of it was not all printable ASCII. */
  isOdd = false;

  of(bytes: Uint8Array, start: number, end: number): string {
    this.isOdd ||= printableEnd(bytes, start, end) < end;
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  }
}

export function exchangeJson(request: HttpRequest, text = new Latin1()): ExchangeJson {
  const { endpoints, response } = request;
  return {
    time: new Date(request.timeMs).toISOString(),
    src: endpointText(endpoints, 'client'),
    dst: endpointText(endpoints, 'server'),
    vni: endpoints.vni,
    id: request.id,
    request: {
      method: text.of(request.bytes, request.start, request.methodEnd),
      target: text.of(request.bytes, request.targetStart, request.targetEnd),
      version: request.streamId === 0 ? text.of(request.bytes, request.versionStart, request.versionEnd) : HTTP2,
      ...messageJson(request, text),
      ...(request.irregular === null ? {} : { irregular: request.irregular }),
      ...(request.correction ? { correction: true as const } : {}),
      ...(request.reading === 1 ? {} : { reading: request.reading }),
      ...(request.isFound ? { found: true as const } : {}),
    },
    response: response === null ? null : {
      status: response.status,
      reason: text.of(response.bytes, response.reasonStart, response.reasonEnd),
      version: request.streamId === 0 ? text.of(response.bytes, response.versionStart, response.versionEnd) : HTTP2,
      ...messageJson(response, text),
    },
  };
}

/** DEL and the controls above 0x7F, which JSON leaves as they are: CSI among them, which steers a terminal. */
const CONTROLS = /[\x7f-\x9f]/g;

/** JSON text that means the same, and is nothing to a terminal: files are looked at there, and what is piped. */
export function withoutControls(json: string): string {
  return json.replace(CONTROLS, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

/** The line of the format, with its end. */
export function exchangeLine(request: HttpRequest): string {
  const text = new Latin1();
  const json = JSON.stringify(exchangeJson(request, text));
  return `${text.isOdd ? withoutControls(json) : json}\n`;
}

function messageJson(message: Message, text: Latin1): Omit<MessageJson, 'version'> {
  const { bytes, headEnd, end } = message;
  const chunked = message.framing === 'chunked';
  const body = chunked ? entityOf(bytes, headEnd, end) : bytes.subarray(headEnd, end);
  const trailers = chunked && message.complete ? trailersOf(bytes, headEnd, end, text) : [];
  return {
    headers: headersOf(bytes, message.lines, message.lineCount, text),
    ...(trailers.length === 0 ? {} : { trailers }),
    body: Buffer.from(body.buffer, body.byteOffset, body.length).toString('base64'),
    bodySize: message.bodySize,
    complete: message.complete,
    ...(message.lost === null ? {} : { lost: message.lost }),
  };
}

/** Header lines as name and value; a line without a colon has its bytes as the name and an empty value. */
function headersOf(bytes: Uint8Array, lines: Int32Array, count: number, text: Latin1): Headers {
  const headers: Headers = [];
  for (let i = 0; i < count * LINE_STRIDE; i += LINE_STRIDE) {
    const name = text.of(bytes, nameStartOf(lines, i), nameEndOf(lines, i));
    headers.push([name, text.of(bytes, valueStartOf(lines, i), valueEndOf(lines, i))]);
  }
  return headers;
}

function trailersOf(bytes: Uint8Array, headEnd: number, end: number, text: Latin1): Headers {
  const lines = new HeaderLines();
  const at = lines.scan(bytes, trailersStart(bytes, headEnd, end), end);
  return at < 0 ? [] : headersOf(bytes, lines.lines, lines.count, text);
}

/** `10.0.1.7:41000`, `[2001:db8::1]:80` */
export function endpointText(endpoints: Endpoints, side: 'client' | 'server'): string {
  const address = side === 'client' ? endpoints.clientAddress : endpoints.serverAddress;
  const port = side === 'client' ? endpoints.clientPort : endpoints.serverPort;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
