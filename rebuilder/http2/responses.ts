import type { FrameBytes, FrameGrammar } from './frame-grammar.ts';
import { FrameReader } from './frame-reader.ts';
import type { Http2Message } from './message.ts';
import { type MessageTeller, OpenMessages, type Telling } from './open-messages.ts';
import { type Translation, responseHead } from './translation.ts';
import type { ReaderContext } from '../http/reader-context.ts';
import { HttpResponse, statusIn } from '../http/http-response.ts';

/** The responses of one connection that speaks HTTP/2, each told with the number of its stream. */
export class Http2Responses implements FrameGrammar, MessageTeller {
  /** Reads what the server sends. */
  readonly frames: FrameReader;
  readonly #context: ReaderContext;
  readonly #open: OpenMessages;
  readonly #response: (streamId: number, response: HttpResponse) => void;
  /** The server takes a stream back, or its response cannot be read. */
  readonly #noResponse: (streamId: number) => void;
  readonly #isRead: boolean;

  /** @param isRead false: nobody wants responses; frames are walked over, header blocks not decoded */
  constructor(
    context: ReaderContext, isRead: boolean,
    response: (streamId: number, response: HttpResponse) => void, noResponse: (streamId: number) => void,
  ) {
    this.#context = context;
    this.#isRead = isRead;
    this.#response = response;
    this.#noResponse = noResponse;
    this.#open = new OpenMessages(context, this);
    this.frames = new FrameReader(context, this, this.#open, isRead);
  }

  /** Frees what is held without a word. */
  discard(): void {
    this.frames.discard();
    this.#open.discard();
  }

  // --- what FrameReader asks

  readonly beginsWithSettings = true;

  admits(): boolean {
    return true;
  }

  hasStream(): boolean {
    return true;
  }

  /** Interim responses (RFC 9113 8.1) are not told, as in HTTP/1. */
  head(fields: readonly string[], endsStream: boolean): Translation | 'passed' | null {
    const status = statusOf(fields);
    if (status === 0 && this.frames.knowledge < 2) return null;
    return status < 200 && !endsStream ? 'passed' : responseHead(status, fields);
  }

  isAnother(): boolean {
    return false;
  }

  unreadable(streamId: number): void {
    if (this.#isRead) this.#noResponse(streamId);
  }

  reset(streamId: number): void {
    this.#noResponse(streamId);
  }

  count(bytes: number, are: FrameBytes): void {
    const { ledger } = this.#context;
    if (are === 'other') ledger.count('http.http2_frame_bytes', bytes);
    else if (are === 'message' || !this.#isRead) ledger.count('http.response_bytes', bytes);
    else ledger.count('http.response_skipped_bytes', bytes);
  }

  tell(streamId: number, message: Http2Message, { trailers, isWhole, lost, isHeadOnly }: Telling): void {
    const { bytes, start, headersStart, headEnd, end, body } = message.place(trailers, isWhole, lost, isHeadOnly);
    const { lines, ledger } = this.#context;
    lines.scan(bytes, headersStart, headEnd);
    ledger.count('http.responses');
    const response = new HttpResponse(bytes, start, headersStart, headEnd, end, body, statusIn(bytes, start));
    message.mark(response, lines);
    this.#response(streamId, response);
  }
}

/** RFC 9113 8.3.2; 0 = none, or not three digits. */
function statusOf(fields: readonly string[]): number {
  const at = fields.indexOf(':status');
  const value = at % 2 === 0 ? fields[at + 1]! : '';
  return /^[1-9]\d\d$/.test(value) ? Number(value) : 0;
}
