import type { HeldBytes } from '../http/held-bytes.ts';
import { crlfEnd, emptyLine, lineEnd } from '../http/request-line.ts';
import { knownMethod } from '../http/search.ts';
import { LongHead } from './long-head.ts';
import { type MessageGrammar, headAfter } from './message-grammar.ts';

const LF = 10;

/**
 * What became of a head with what was read of it: more is to come; it is whole, and ends at `end` of what is held; it
 * is none; or why it is given up.
 */
export type HeadOutcome = 'more' | 'whole' | 'none' | 'http.memcap' | 'http.head_limit';

/** The head of a message that lies in several pieces: where it begins and ends in what is held. */
export class HeldHead {
  /** First byte behind the start line; 0 = that is not whole. */
  headersStart = 0;
  /** First byte behind the empty line; 0 = there is none yet. */
  end = 0;
  /** Where its first line ends that is no start line; 0 = there is none. */
  otherLineEnd = 0;
  /** Only CRLF ends its lines. */
  byCrlf = false;
  /** How it is read beyond limits.head_bytes; null = it is not that long. */
  long: LongHead | null = null;
  /** Its start line goes on beyond that. */
  isLineLong = false;
  /** What readHead came to. */
  outcome: HeadOutcome = 'more';
  /** Bytes of earlier pieces behind it, which are not held any more; null = none */
  behind: Uint8Array | null = null;
  /** So many of its bytes are not held. */
  passed = 0;
  /** Where the search goes on. */
  #scanFrom = 0;

  clear(): void {
    this.headersStart = 0;
    this.end = 0;
    this.otherLineEnd = 0;
    this.behind = null;
    this.byCrlf = false;
    this.long = null;
    this.isLineLong = false;
    this.passed = 0;
    this.#scanFrom = 0;
  }

  copyFrom(other: HeldHead): void {
    this.headersStart = other.headersStart;
    this.end = other.end;
    this.byCrlf = other.byCrlf;
    this.long = other.long?.copy() ?? null;
    this.isLineLong = other.isLineLong;
    this.passed = other.passed;
    this.#scanFrom = other.#scanFrom;
  }

  place(headersStart: number, end: number): void {
    this.headersStart = headersStart | 0;
    this.end = end | 0;
  }

  /** Looks on for it in what is held. @returns where it ends; 'more' = not yet; 'none' = this is none */
  find(held: HeldBytes, grammar: MessageGrammar): number | 'more' | 'none' {
    if (this.headersStart === 0) {
      const kind = this.#startLine(held, grammar);
      if (kind !== 'yes') return kind === 'alone' ? this.headersStart : kind;
    }
    const end = this.byCrlf ? crlfEnd(held.bytes, this.#scanFrom, held.length, '\r\n\r\n')
      : emptyLine(held.bytes, this.#scanFrom, held.length);
    if (end >= 0) return end;
    // The last line's end may be the first half of an empty line.
    this.#scanFrom = Math.max(this.headersStart - 2, held.length - 3);
    return 'more';
  }

  #startLine(held: HeldBytes, grammar: MessageGrammar): 'yes' | 'alone' | 'more' | 'none' {
    const end = this.byCrlf ? crlfEnd(held.bytes, this.#scanFrom, held.length, '\r\n')
      : lineEnd(held.bytes, this.#scanFrom, held.length);
    // What ends it may have begun.
    this.#scanFrom = end < 0 ? Math.max(0, held.length - 1) : end - (this.byCrlf ? 2 : 1);
    if (end < 0) return 'more';
    const kind = headAfter(grammar.startLine(held.bytes, 0, end), held.bytes, end, held.length);
    if (kind === 'maybe') return 'more';
    if (kind === 'no') {
      this.otherLineEnd = end;
      return 'none';
    }
    this.headersStart = end;
    return kind;
  }

  /** What is held is as much as may be. @returns false: nothing says that it is a head which goes on */
  goesOn({ bytes }: HeldBytes): boolean {
    this.isLineLong = this.headersStart === 0;
    return !this.isLineLong || (!this.byCrlf && knownMethod(bytes, 0));
  }

  /** It goes on beyond what may be held of it. */
  beginLong({ bytes, length }: HeldBytes): LongHead {
    const end = this.byCrlf ? bytes.lastIndexOf('\r\n', length - 2, 'latin1') + 2 : bytes.lastIndexOf(LF, length - 1) + 1;
    return this.long = new LongHead(Math.max(end, this.headersStart), this.byCrlf);
  }

  /** What was taken for a head is not one yet: it goes on to where two CRLF stand together. */
  lengthen(withStartLine: boolean): void {
    this.byCrlf = true;
    this.long = null;
    this.isLineLong = false;
    if (withStartLine) this.headersStart = 0;
    this.end = 0;
    this.#scanFrom = Math.max(0, this.headersStart - 2);
  }
}
