import type { HeldBytes } from '../http/held-bytes.ts';
import { FRAMING_NAME } from './framing-readings.ts';

const LF = 10;
const CR = 13;
const SP = 32;
const TAB = 9;
/** So much is held of a line. */
const LINE_BYTES = 2048;
/** Of a longer one the end goes on being held: a framing name and what is before it fit in. */
const TAIL_BYTES = 128;
/** So many lines of each kind are held, the last one always among them. */
const MAX_OF_EACH = 4;
/** Longest run of blanks behind a colon that is held. */
const MAX_BLANKS = 64;

/** Names that frame a message, or that tell what its body is and for whom. */
const NAMES: ReadonlySet<string> = new Set([
  'content-length', 'transfer-encoding', 'content-type', 'content-encoding', 'host', 'upgrade', 'connection',
]);
const NAME = /^([!-9;-~]+)[ \t]*:/;
/** A line that all servers read alike. */
const PLAIN_LINE = /^[!-9;-~]+:[\t -~\x80-\xff]*\r\n$/;
const ODD = /[^\t -~\x80-\xff]/;
const BLANKS_BEHIND_COLON = /:[\s\0]*$/;

/** Of which kind a line is, and where in it that begins. */
interface Kind { readonly name: string; readonly from: number }

/** The lines of one kind that are held: how many, and where the last one is. */
interface Kept { count: number; start: number; end: number }

/**
 * A head beyond limits.head_bytes, read line by line up to its end: of the lines beyond, those are held behind the
 * others that frame the message (RFC 9112 6) or tell what its body is, and of those that servers read differently the
 * first few and the last. What is held so is a head itself, with the end of the true one. It takes at most 40 lines of
 * 2 KiB, however long the head is.
 */
export class LongHead {
  /** The head's last byte was read. */
  isOver = false;
  /** false: there was none for what should be held. */
  hasMemory = true;
  /** Where the present line begins in what is held: before it are those that stay. */
  lineStart: number;
  /** Only CRLF ends its lines. */
  readonly #byCrlf: boolean;
  readonly #kept = new Map<string, Kept>();
  /** The present line has ended, if the next byte is no blank (obs-fold). */
  #isEnded = false;
  /** The beginning of the present line is not held. */
  #isTail = false;
  /** Nothing more of the present line is held, but its end. */
  #isFull = false;
  #lastByte = 0;

  /** @param lineStart where the first line that is not whole begins in what is held */
  constructor(lineStart: number, byCrlf: boolean) {
    this.lineStart = lineStart;
    this.#byCrlf = byCrlf;
  }

  copy(): LongHead {
    const copy = new LongHead(this.lineStart, this.#byCrlf);
    for (const [name, kept] of this.#kept) copy.#kept.set(name, { ...kept });
    copy.isOver = this.isOver;
    copy.#isEnded = this.#isEnded;
    copy.#isTail = this.#isTail;
    copy.#isFull = this.#isFull;
    copy.#lastByte = this.#lastByte;
    return copy;
  }

  /**
   * Reads on to the end of a line, or as far as there is room for it.
   * @param hold appends bytes[start, end); false = no memory
   * @param pass counts bytes that are not held
   * @returns how far
   */
  read(
    held: HeldBytes, bytes: Uint8Array, at: number, end: number,
    hold: (start: number, end: number) => boolean, pass: (bytes: number) => void,
  ): number {
    if (this.#isEnded) {
      if (bytes[at] !== SP && bytes[at] !== TAB) this.#settle(held);
      this.#isEnded = false;
    }
    if (!this.#isFull && held.length - this.lineStart >= LINE_BYTES) this.#makeRoom(held);
    const lf = bytes.subarray(at, end).indexOf(LF);
    let stop = lf < 0 ? end : at + lf + 1;
    const before = stop - 2 >= at ? bytes[stop - 2]! : this.#lastByte;
    if (this.#isFull) {
      pass(stop - at);
    } else {
      stop = Math.min(stop, at + LINE_BYTES - (held.length - this.lineStart));
      this.hasMemory = hold(at, stop);
    }
    this.#lastByte = bytes[stop - 1]!;
    if (this.#lastByte !== LF || (this.#byCrlf && before !== CR)) return stop;
    this.#isEnded = true;
    this.isOver = !this.#isTail && !this.#isFull && isEmpty(held, this.lineStart, this.#byCrlf);
    return stop;
  }

  /** The present line is longer than what is held of one. */
  #makeRoom(held: HeldBytes): void {
    const kind = this.#kind(textOf(held, this.lineStart).replace(/\r$/, ''));
    this.#isTail ||= kind === null;
    // What is odd in it is held from there on.
    cutOut(held, this.lineStart, kind === null ? held.length - TAIL_BYTES : this.lineStart + kind.from);
    if (held.length - this.lineStart < LINE_BYTES) return;
    const blanks = BLANKS_BEHIND_COLON.exec(textOf(held, this.lineStart));
    this.#isFull = blanks === null;
    if (blanks !== null) {
      held.truncate(this.lineStart + blanks.index + 1 + MAX_BLANKS);
      return;
    }
    held.truncate(this.lineStart + LINE_BYTES);
    held.bytes[held.length - 2] = CR;
    held.bytes[held.length - 1] = LF;
  }

  /** The present line is whole: it stays, or makes room for the next. */
  #settle(held: HeldBytes): void {
    const kind = this.#kind(textOf(held, this.lineStart));
    if (kind === null) held.truncate(this.lineStart);
    else this.#keep(held, kind);
    this.lineStart = held.length;
    this.#isTail = false;
    this.#isFull = false;
  }

  #keep(held: HeldBytes, { name, from }: Kind): void {
    if (this.#isTail) cutOut(held, this.lineStart, this.lineStart + from);
    let kept = this.#kept.get(name);
    if (kept === undefined) this.#kept.set(name, kept = { count: 0, start: 0, end: 0 });
    if (kept.count === MAX_OF_EACH) this.#takeOut(held, kept);
    else kept.count++;
    kept.start = this.lineStart;
    kept.end = held.length;
  }

  /** Takes a line out again that is not the last one of its kind any more. */
  #takeOut(held: HeldBytes, { start, end }: Kept): void {
    const length = end - start;
    cutOut(held, start, end);
    this.lineStart -= length;
    for (const other of this.#kept.values()) {
      if (other.start < end) continue;
      other.start -= length;
      other.end -= length;
    }
  }

  /** @returns null: a line that changes nothing for any server */
  #kind(text: string): Kind | null {
    const name = this.#isTail ? undefined : NAME.exec(text)?.[1]?.toLowerCase();
    if (name !== undefined && NAMES.has(name)) return { name, from: 0 };
    for (const { 0: odd, 1: first, 2: second, index } of text.matchAll(FRAMING_NAME)) {
      const isFraming = (first! + second!).toLowerCase();
      if (isFraming !== 'contentlength' && isFraming !== 'transferencoding') continue;
      // What a tail begins with stands at no line's beginning.
      if (!this.#isTail || index > 0 || ODD.test(odd[0]!)) return { name: `odd ${first!.toLowerCase()}`, from: index };
    }
    if (!this.#isTail) return PLAIN_LINE.test(text) || isBegunPlain(text) ? null : { name: 'odd', from: 0 };
    const from = text.replace(/\r\n$/, '').search(ODD);
    return from < 0 ? null : { name: 'odd', from };
  }
}

/** Is this how a plain line goes on? */
function isBegunPlain(text: string): boolean {
  return text.length >= LINE_BYTES - 1 && !text.endsWith('\n') && !ODD.test(text) && NAME.test(text);
}

function textOf({ bytes, length }: HeldBytes, start: number): string {
  return bytes.toString('latin1', start, length);
}

/** Takes bytes[start, end) out of what is held. */
function cutOut(held: HeldBytes, start: number, end: number): void {
  if (end <= start) return;
  held.bytes.copyWithin(start, end, held.length);
  held.truncate(held.length - (end - start));
}

function isEmpty({ bytes, length }: HeldBytes, from: number, byCrlf: boolean): boolean {
  return length - from === 2 ? bytes[from] === CR : length - from === 1 && !byCrlf;
}
