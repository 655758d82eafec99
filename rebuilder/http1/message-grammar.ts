import type { BodyDifference } from './body-difference.ts';
import type { Body, BodyFraming } from '../http/reader-context.ts';
import { headerStart, looseHeaderStart } from '../http/request-line.ts';

const LF = 10;
const CR = 13;

/**
 * What a line is: no start line; one; or one without a version: header lines must follow it, or it may be a whole
 * message (HTTP/0.9).
 */
export type StartLine = 'no' | 'yes' | 'versionless' | 'alone';

/**
 * Another way to read on: a body's framing, a request line or a head that a bare LF does not end, a head whose lines a
 * bare CR ends, too, a body of which what comes with the head is dropped and the rest is read as requests, or one of a
 * BodyDifference.
 */
export type Reading = BodyFraming | 'longer_line' | 'longer_head' | 'shorter_lines' | 'dropped_body' | BodyDifference;

/** So many bytes are between where a message is read so and the next one; Infinity = nobody knows. */
export function lengthOf(how: Reading): number {
  if (how === 'request_line' || how === 'trailer_line') return 0;
  if (typeof how === 'string') return Infinity;
  return how.framing === 'none' || how.framing === 'length' ? how.contentLength : Infinity;
}

/** In what the messages of the two directions differ (RFC 9112): asked by MessageFramer. */
export interface MessageGrammar {
  /** Are there receivers that leave bodies where they are, and read them as the next messages? */
  readonly mayLeaveBodies: boolean;
  /** Is there a message in bytes[start, end), a body, for who reads no bodies? `cut_line`: it may begin there */
  messageIn(bytes: Uint8Array, start: number, end: number): 'request_line' | 'cut_line' | '';
  /** What is the whole line bytes[start, end)? */
  startLine(bytes: Uint8Array, start: number, end: number): StartLine;
  /**
   * The line bytes[start, end) is no start line.
   * @param behindAt where in the piece being read that goes on behind it
   */
  notStartLine(bytes: Uint8Array, start: number, end: number, behindAt: number): void;
  /**
   * How the message goes on behind a complete head, whose header lines are in context.lines.
   * @param bodyAt where that is in the piece being read
   */
  frame(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, bodyAt: number): BodyFraming;
  /** bytes[start, end) is a message; context.lines hold its header lines. */
  message(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number, body: Body): void;
  /** A body goes on in a way that some servers read otherwise. @param at where, in the piece being read */
  bodyDiffers(at: number, how: BodyDifference): void;
  /** Counts captured bytes that became part of a message. */
  count(bytes: number): void;
  /** Counts `bytes` captured bytes that became none. @param held those of them that are there */
  lose(held: Uint8Array, bytes: number): void;
}

/**
 * What comes behind a start line, of which bytes[at, end) are here? 'alone' = nothing that belongs to it; 'maybe' = it
 * cannot be told yet
 */
export function headAfter(line: StartLine, bytes: Uint8Array, at: number, end: number): 'no' | 'yes' | 'alone' | 'maybe' {
  if (line === 'no' || line === 'yes') return line;
  if (at < end && (bytes[at] === LF || bytes[at] === CR)) return line === 'alone' ? 'yes' : 'no';
  const header = headerStart(bytes, at, end);
  if (header !== 'no' || line !== 'alone') return header;
  const loose = looseHeaderStart(bytes, at, end);
  return loose === 'no' ? 'alone' : loose;
}
