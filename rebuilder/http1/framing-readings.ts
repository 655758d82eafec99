import type { HeaderLines } from '../http/header-lines.ts';
import { Irregular } from '../http/irregular.ts';
import { type BodyFraming, NO_BODY } from '../http/reader-context.ts';
import type { Ledger } from '../ledger.ts';

/** Ways to frame one message that are looked into. */
const MAX_FRAMINGS = 7;
/** So much of a head is looked at from where a claim begins. */
const MAX_CLAIM_BYTES = 65_536;

/** What makes it worth looking: lines, names or values that servers read differently. */
const ODD = Irregular.bare_cr | Irregular.bare_lf | Irregular.obs_fold | Irregular.space_before_colon
  | Irregular.malformed_header | Irregular.control_in_header | Irregular.leading_whitespace_header
  | Irregular.framing_alias | Irregular.differing_content_length | Irregular.invalid_content_length
  | Irregular.invalid_transfer_encoding | Irregular.multiple_transfer_encoding;

/**
 * Whatever some server may take for the beginning of a line that frames the message: the name, in any of its spellings,
 * where for one of them a line begins (behind LF, CR, or what Python takes for the end of a line).
 */
export const FRAMING_NAME = new RegExp('(?:^|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\0])[\\0-\\x20\\x85\\xa0]{0,8}(content|transfer)[-_ \\x85\\xa0](length|encoding)[^\\n:]{0,16}:', 'gi');
/** … as all servers read it. */
const PLAIN_NAME = /^(?:\r?\n)?(?:content-length|transfer-encoding)[ \t]*:$/i;
/** A value whose last coding is chunked for every server that knows it. */
const PLAIN_CODING = /^(?:[^\r\n]*,)?[ \t]*chunked *\r?$/i;
/** What follows its colon: folds included, and up to the next CRLF. */
const VALUE = /(?=((?:[^\n]|\n(?=[ \t]))*))(?=([^]*?)(?:\r\n|$))/y;
/**
 * A length that every server reads as one: none of the lines before it ends otherwise than with CRLF, or is none of
 * `name: value`, where some stop reading.
 */
const CLEAN_LENGTH = /^(?:[!-9;-~]+:[^\r\n]*\r\n)*?content-length:[ \t]*\d+[ \t]*\r\n(?![ \t])/i;
/** The same of a client that ends all its lines with LF. */
const CLEAN_LENGTH_BY_LF = /^(?:[!-9;-~]+:[^\r\n]*\n)*?content-length:[ \t]*\d+[ \t]*\n(?![ \t])/i;
/** So many of each spelling are looked at, of the plain one also the last; and of the lengths of one. */
const MAX_CLAIMS = 16;
/**
 * So much of a value is looked at, behind the blanks before it: NGINX and Apache take no longer line. Values that end
 * with the head are parts of each other.
 */
const MAX_VALUE_CHARS = 8192;

interface Claims {
  /** A coding is written otherwise than a plain `chunked` at the end. */
  readonly isCodingOdd: boolean;
  /** Lengths that some server may read from the head. */
  readonly lengths: number[];
  /** A coding of this message is chunked for some server. */
  readonly chunked: boolean;
  /**
   * A number below zero: read to the end of the connection, if it is believed (CPython's read(-5)); or no number at all
   * (Go, for HTTP/1.0); or a coding that is not chunked.
   */
  readonly toEnd: boolean;
  /** false: there are more. */
  readonly areAll: boolean;
}

/** One claim: where its value begins. */
interface Claim { readonly first: string; readonly second: string; readonly at: number }

/**
 * The claims of a head that are looked at, those first that most servers see: a client can write others by the hundred.
 */
function namesIn(head: string): { claims: Claim[]; areAll: boolean } {
  const plain: Claim[] = [];
  const odd: Claim[] = [];
  let areAll = true;
  for (const { 0: name, 1: first, 2: second, index } of head.matchAll(FRAMING_NAME)) {
    const claim = { first: first!.toLowerCase(), second: second!.toLowerCase(), at: index + name.length };
    const list = PLAIN_NAME.test(name) ? plain : odd;
    if (list.length < MAX_CLAIMS) list.push(claim);
    else areAll = false;
    // The last one counts for some servers.
    if (list === plain && list.length === MAX_CLAIMS) list[MAX_CLAIMS - 1] = claim;
  }
  return { claims: [...plain, ...odd], areAll };
}

/** Everything in a head that may frame its message. */
function claimsOf(head: string): Claims {
  const lengths: number[] = [];
  let chunked = false;
  let isCodingOdd = false;
  let toEnd = false;
  const { claims, areAll } = namesIn(head);
  for (const { first, second, at } of claims) {
    VALUE.lastIndex = 0;
    const [, value, valueByCrlf] = VALUE.exec(head.slice(at, at + MAX_CLAIM_BYTES))!;
    if (first === 'transfer' && second === 'encoding') {
      // Undertow reads to the end behind this one, and takes all others for chunked; Node's lenient parser reads to the
      // end behind all but a plain `chunked`.
      if (/^\s*identity\s*$/i.test(value!)) toEnd = true;
      else chunked ||= /\S/.test(value!) || /chunked/i.test(valueByCrlf!);
      isCodingOdd ||= !PLAIN_CODING.test(value!);
    } else if (first === 'content' && second === 'length') {
      const isLonger = valueByCrlf!.length > value!.length;
      for (const length of [...lengthsIn(value!), ...isLonger ? lengthsIn(valueByCrlf!) : []]) {
        if (length < 0) toEnd = true;
        else if (!lengths.includes(length) && lengths.length < MAX_CLAIMS) lengths.push(length);
      }
    }
  }
  return { isCodingOdd, lengths, chunked, toEnd: toEnd || isCodingOdd, areAll };
}

/**
 * Numbers that a Content-Length's value is for one server or another: all of it, its first line, its first digits, each
 * of a list; < 0 = to the end.
 */
function* lengthsIn(whole: string): Generator<number> {
  const value = whole.trimStart().slice(0, MAX_VALUE_CHARS);
  const plain = /^[ \t]*(\d{1,15})[ \t]*\r?$/.exec(value);
  if (plain !== null) {
    yield Number(plain[1]);
    return;
  }
  if (value === '') yield -1;
  const readings = [value, value.replace(/\r?\n[ \t]+/g, ''), ...value.split(/[\r\n]/, 1), ...value.split(',', MAX_CLAIMS)];
  for (const reading of readings) {
    // What int() of CPython takes: blanks around, a sign, underscores between digits.
    const number = /^[\s\0\x1c-\x1f\x85\xa0]*([+-]?)(\d+(?:_\d+)*)[\s\0\x1c-\x1f\x85\xa0]*$/.exec(reading);
    if (number === null) continue;
    const length = Number(number[2]!.replaceAll('_', ''));
    if (length <= Number.MAX_SAFE_INTEGER) yield number[1] === '-' ? -length : length;
  }
  // What strtol() takes.
  const digits = /^\s*\+?(\d{1,15})/.exec(value);
  if (digits !== null) yield Number(digits[1]);
}

/**
 * The ways in which servers frame a request (RFC 9112 6.3): the first is what most of them do.
 * @param minor of the version HTTP/1.x; -1 = another, or none
 * @param ledger counts it when there are more than are looked into
 * @returns null: there is only one
 */
export function framingReadings(
  bytes: Uint8Array, headersStart: number, headEnd: number, lines: HeaderLines, minor: number,
  ledger: Pick<Ledger, 'count'>,
): BodyFraming[] | null {
  const { irregular, transferEncoding, contentLength } = lines;
  const isPlain = (irregular & ODD) === 0 && !(transferEncoding && (contentLength !== -1 || minor !== 1))
    && (minor >= 0 || contentLength === -1);
  if (isPlain) return null;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + headersStart, headEnd - headersStart).toString('latin1');
  const { isCodingOdd, lengths, chunked, toEnd, areAll } = claimsOf(head);
  let isLimited = !areAll;
  const first = lengths.find((length) => length > 0);
  const isLengthOdd = contentLength === -2 && !lines.chunked && first !== undefined;
  const framings: BodyFraming[] = [isLengthOdd ? { framing: 'length', contentLength: first } : mostServers(lines)];
  const add = (framing: BodyFraming['framing'], length = 0): void => {
    if (framings.some((one) => one.framing === framing && one.contentLength === length)) return;
    if (framings.length < MAX_FRAMINGS) framings.push({ framing, contentLength: length });
    else isLimited = true;
  };
  // Those that a client cannot write others before.
  const [plainest = -1, ...others] = lengths;
  if (plainest >= 0) add(plainest > 0 ? 'length' : 'none', plainest);
  if (chunked) add('chunked');
  if (toEnd) add('close');
  // Refused or not seen by a server that goes on with the next request; where one length is plain, all read that, or
  // the coding, if they know it (gevent leaves the body where it is else).
  if (contentLength < 0 || minor < 0 || isCodingOdd || lengths.length > 1 || !(CLEAN_LENGTH.test(head) || CLEAN_LENGTH_BY_LF.test(head))) add('none');
  for (const length of others) add(length > 0 ? 'length' : 'none', length);
  if (isLimited) ledger.count('http.readings_limit');
  return framings.length === 1 ? null : framings;
}

/** RFC 9112 6.3; where it says "reject", what most servers would read. */
export function mostServers({ transferEncoding, chunked, contentLength }: HeaderLines): BodyFraming {
  if (transferEncoding && chunked) return { framing: 'chunked', contentLength: 0 };
  return contentLength > 0 ? { framing: 'length', contentLength } : NO_BODY;
}
