import type { CounterName } from '../ledger.ts';
import type { Framing, Response } from './message.ts';
import { ownBytes } from './owned-message.ts';
import type { Body } from './reader-context.ts';

/** The status in the status line at `start` (RFC 9112 4). */
export function statusIn(bytes: Uint8Array, start: number): number {
  return (bytes[start + 9]! - 48) * 100 + (bytes[start + 10]! - 48) * 10 + bytes[start + 11]! - 48;
}

/** A final response as the parser found it. */
export class HttpResponse implements Response {
  bytes: Uint8Array;
  start: number;
  headersStart: number;
  headEnd: number;
  end: number;
  lines: Int32Array = new Int32Array(0);
  lineCount = 0;
  framing: Framing;
  bodySize: number;
  complete: boolean;
  lost: CounterName[] | null;
  timeMs = 0;
  lastByteMs = 0;
  status: number;
  reasonStart: number;
  reasonEnd: number;
  versionStart: number;
  versionEnd: number;
  seq = 0;
  ack = 0;

  constructor(
    bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number, body: Body, status: number,
  ) {
    this.bytes = bytes;
    this.start = start;
    this.headersStart = headersStart;
    this.headEnd = headEnd;
    this.end = end;
    this.framing = body.framing;
    this.bodySize = body.size;
    this.complete = body.complete;
    this.lost = body.lost;
    this.status = status;
    this.versionStart = start;
    this.versionEnd = start + 8;
    let lineEnd = headersStart - 1;
    if (lineEnd > start && bytes[lineEnd - 1] === 13) lineEnd--;
    this.reasonEnd = Math.max(lineEnd, start + 12);
    this.reasonStart = Math.min(start + 13, this.reasonEnd);
  }

  /** Makes the response own its bytes and lines. */
  retain(): void {
    const start = ownBytes(this);
    this.reasonStart -= start;
    this.reasonEnd -= start;
    this.versionStart -= start;
    this.versionEnd -= start;
  }
}
