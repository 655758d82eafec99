import { INDEX } from '../ledger.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';
import { HttpResponse, statusIn } from '../http/http-response.ts';
import { type Body, type BodyFraming, NO_BODY } from '../http/reader-context.ts';
import { isStatusLine } from '../http/search.ts';
import type { Http1Context } from './http1-context.ts';
import type { MessageGrammar, StartLine } from './message-grammar.ts';
import { MessageFramer } from './message-framer.ts';

const RESPONSE_BYTES = INDEX['http.response_bytes'];

/** Who knows which request a response answers, and takes it. */
interface ResponseSink {
  responseTo(seq: number, ack: number, afterHole: boolean): 'HEAD' | 'CONNECT' | 'other' | null;
  response(response: HttpResponse, isFound: boolean): void;
}

/** The responses of one direction of a connection (RFC 9112 4 and 6): what MessageFramer asks about them. */
export class Responses implements MessageGrammar {
  readonly framer: MessageFramer;
  readonly #context: Http1Context;
  readonly #sink: ResponseSink;
  readonly #keepBodies: boolean;
  /** Since the last response there were bytes in which another may have been. */
  isAfterHole = false;
  /**
   * A search found the response in progress: nothing proves that it is one, and not what a server sends back from a
   * client.
   */
  isFound = false;
  #status = 0;

  constructor(context: Http1Context, sink: ResponseSink, stream: StreamSink, keepBodies: boolean) {
    this.#context = context;
    this.#sink = sink;
    this.#keepBodies = keepBodies;
    this.framer = new MessageFramer(context, this, stream, keepBodies);
  }

  get mayLeaveBodies(): false { return false; }

  messageIn(): '' {
    return '';
  }

  startLine(bytes: Uint8Array, start: number, end: number): StartLine {
    return isStatusLine(bytes, start, end) ? 'yes' : 'no';
  }

  /** Servers write no such lines. */
  notStartLine(): void {}

  /** RFC 9112 6.3 for responses. */
  frame(bytes: Uint8Array, start: number): BodyFraming {
    this.#status = statusIn(bytes, start);
    const status = this.#status;
    const { lines } = this.#context;
    const { seq, ack } = this.framer.began;
    const isInterim = status >= 100 && status < 200 && status !== 101;
    const method = isInterim ? 'other' : this.#sink.responseTo(seq, ack, this.isAfterHole);
    // As long as the answers are nobody's, those that were lost may be anybody's.
    if (!isInterim && method !== null) this.isAfterHole = false;
    if ((status >= 100 && status < 200) || status === 204 || status === 304 || method === 'HEAD') return NO_BODY;
    // An application that knows no CONNECT frames its answer; a proxy that opens a tunnel does not (RFC 9110 9.3.6).
    const accepts = method === 'CONNECT' && status >= 200 && status < 300;
    if (accepts && !lines.transferEncoding && lines.contentLength <= 0) return NO_BODY;
    if (lines.transferEncoding) return { framing: lines.chunked ? 'chunked' : 'close', contentLength: 0 };
    if (lines.contentLength >= 0) return { framing: 'length', contentLength: lines.contentLength };
    return { framing: 'close', contentLength: 0 };
  }

  message(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number, body: Body): void {
    const status = this.#status;
    if (status >= 100 && status < 200 && status !== 101) return;
    this.#context.ledger.count('http.responses');
    const keptEnd = this.#keepBodies ? end : headEnd;
    const response = new HttpResponse(bytes, start, headersStart, headEnd, keptEnd, body, status);
    const { began, lastByteMs } = this.framer;
    response.timeMs = began.timeMs;
    response.lastByteMs = lastByteMs;
    response.seq = began.seq;
    response.ack = began.ack;
    response.lines = this.#context.lines.lines;
    response.lineCount = this.#context.lines.count;
    const { isFound } = this;
    this.isFound = false;
    this.#sink.response(response, isFound);
  }

  /** Servers write no such chunks. */
  bodyDiffers(): void {}

  count(bytes: number): void {
    this.#context.ledger.values[RESPONSE_BYTES]! += bytes;
  }

  lose(_held: Uint8Array, bytes: number): void {
    this.#context.ledger.count('http.response_skipped_bytes', bytes);
  }
}
