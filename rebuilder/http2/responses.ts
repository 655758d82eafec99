import type { CounterName } from '../ledger.ts';
import { type FrameBytes, Http2Half } from './half.ts';
import { Http2Message } from './message.ts';
import { MAX_OPEN_STREAMS } from './requests.ts';
import { responseHead, trailerLines } from './translation.ts';
import type { ReaderContext } from '../http/reader-context.ts';
import { HttpResponse } from '../http/http-response.ts';

interface OpenResponse {
  readonly message: Http2Message;
  readonly status: number;
}

/** The responses of one connection that speaks HTTP/2, each told with the number of its stream. */
export class Http2Responses extends Http2Half {
  readonly #response: (streamId: number, response: HttpResponse) => void;
  /** The server takes a stream back, or its response cannot be read. */
  readonly #noResponse: (streamId: number) => void;
  readonly #open = new Map<number, OpenResponse>();
  readonly #isRead: boolean;

  /** @param isRead false: nobody wants responses; frames are walked over, header blocks not decoded */
  constructor(
    context: ReaderContext, isRead: boolean,
    response: (streamId: number, response: HttpResponse) => void, noResponse: (streamId: number) => void,
  ) {
    super(context);
    this.#isRead = isRead;
    this.#response = response;
    this.#noResponse = noResponse;
    if (!isRead) this.block.lose();
  }

  get unfinished(): boolean {
    return this.#open.size > 0;
  }

  override discard(): void {
    super.discard();
    for (const { message } of this.#open.values()) message.drop();
    this.#open.clear();
  }

  protected override readonly beginsWithSettings = true;

  protected override admits(): boolean {
    return true;
  }

  protected override hasStream(): boolean {
    return true;
  }

  protected override headers(streamId: number, endsStream: boolean): FrameBytes {
    const { fields, isCut, hasUnknown } = this.block;
    const open = this.#open.get(streamId);
    if (open !== undefined) {
      if (isCut) open.message.addLost('http.head_limit');
      if (hasUnknown) open.message.addLost('tcp.reassembly_gap');
      open.message.lastByteMs = this.timeMs;
      if (endsStream) this.#finish(streamId, open, trailerLines(fields));
      return 'message';
    }
    this.lastStreamId = Math.max(this.lastStreamId, streamId);
    const status = statusOf(fields);
    if (status === 0 && this.knowledge < 2) {
      this.#noResponse(streamId);
      return 'unreadable';
    }
    // Interim responses (RFC 9113 8.1) are not told, as in HTTP/1.
    if (status < 200 && !endsStream) return 'message';
    const message = new Http2Message(
      this.context, responseHead(status, fields), this.frameBegan, this.timeMs);
    if (isCut) message.addLost('http.head_limit');
    if (hasUnknown) message.addLost('tcp.reassembly_gap');
    const response = { message, status };
    if (endsStream) {
      this.#finish(streamId, response, '', null, true);
      return 'message';
    }
    if (this.#open.size >= MAX_OPEN_STREAMS) {
      const [oldest] = this.#open;
      this.#finish(oldest![0], oldest![1], '', 'http.http2_stream_limit');
    }
    this.#open.set(streamId, response);
    if (!message.hold()) this.#finish(streamId, response, '', 'http.memcap');
    return 'message';
  }

  protected override unreadableHeaders(streamId: number, endsStream: boolean): void {
    const open = this.#open.get(streamId);
    if (open !== undefined && endsStream) this.#finish(streamId, open, '', 'tcp.reassembly_gap');
    else if (this.#isRead) this.#noResponse(streamId);
  }

  protected override data(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    this.#open.get(streamId)?.message.data(bytes, start, end, this.timeMs);
  }

  protected override dataGap(streamId: number, bytes: number): void {
    this.#open.get(streamId)?.message.gap(bytes);
  }

  protected override endStream(streamId: number): void {
    const open = this.#open.get(streamId);
    if (open !== undefined) this.#finish(streamId, open, '');
  }

  protected override reset(streamId: number): void {
    const open = this.#open.get(streamId);
    if (open !== undefined) this.#finish(streamId, open, '', 'http.message_cut');
    else this.#noResponse(streamId);
  }

  protected override abandon(reason: CounterName): void {
    for (const [streamId, open] of this.#open) this.#finish(streamId, open, '', reason);
  }

  protected override count(bytes: number, are: FrameBytes): void {
    const { ledger } = this.context;
    if (are === 'other') ledger.count('http.http2_frame_bytes', bytes);
    else ledger.count(are === 'message' || !this.#isRead ? 'http.response_bytes' : 'http.response_skipped_bytes', bytes);
  }

  #finish(
    streamId: number, { message, status }: OpenResponse, trailers: string, cut: CounterName | null = null,
    isHeadOnly = false,
  ): void {
    this.#open.delete(streamId);
    if (cut !== null) message.addLost(cut);
    const placed = message.place(trailers, cut === null, message.lost, isHeadOnly);
    const { bytes, start, headersStart, headEnd, end, body } = placed;
    const { lines, ledger } = this.context;
    lines.scan(bytes, headersStart, headEnd);
    ledger.count('http.responses');
    const response = new HttpResponse(bytes, start, headersStart, headEnd, end, body, status);
    response.timeMs = message.began.timeMs;
    response.lastByteMs = message.lastByteMs;
    response.seq = message.began.seq;
    response.ack = message.began.ack;
    response.lines = lines.lines;
    response.lineCount = lines.count;
    this.#response(streamId, response);
    message.drop();
  }
}

/** RFC 9113 8.3.2; 0 = none, or not three digits. */
function statusOf(fields: readonly string[]): number {
  const at = fields.indexOf(':status');
  const value = at % 2 === 0 ? fields[at + 1]! : '';
  return /^[1-9]\d\d$/.test(value) ? Number(value) : 0;
}
