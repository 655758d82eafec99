import { Budget } from './budget.ts';
import type { Heard } from './history.ts';
import { MAX_WINDOW_BYTES } from './missing-bytes.ts';
import { ALL_DOUBTS, Doubt, isOlder } from './receiver.ts';
import { type Joins, SegmentQueue } from './segments.ts';
import { advance, distance, isAfter } from './sequence.ts';
import { NOT_URGENT, UrgentByte } from './urgent-byte.ts';

/** What a receiver that is not seen may have done with a stream's segments. */
interface Refusal {
  /**
   * Acknowledgment numbers of which it took no segment, and takes none: it had not sent so much, or long ago. null = it
   * refused some for another reason.
   */
  acks: ReadonlySet<number> | null;
  /** Of Doubt: the reasons for which it drops no segment. */
  readonly takes: number;
  readonly joins: Joins;
  /** Those of the segments that it took, in the order in which they came. */
  readonly taken: readonly Heard[];
}

/** What was read: bytes in order, and what waits. */
export interface Outcome {
  readonly refusal: Refusal;
  /** The same text = the same bytes. */
  readonly read: string;
  /** Where that ends, and what waits. */
  readonly rest: string;
  /** The bytes read in order. */
  readonly text: string;
  /** Bytes read in order. */
  readonly length: number;
  /** Segments waited behind a hole: how they are joined matters. */
  readonly hasWaited: boolean;
  /** Lower = likelier. */
  readonly order: number;
}

/** Of more acknowledgment numbers, or runs of one number, than this, only the latest bound what is taken. */
const MOST_ACKS = 12;
/** Times that a sender went back: the latest count. */
const MOST_RETURNS = 6;
/** So far behind all others a segment may lie beyond the window: servers announce 64 KiB at first, and seldom less. */
export const FAR_BYTES = 1 << 14;
const MOST_EDGES = 2;
/** Ways that are compared. */
const MOST_COMPARED = 160;
/** Work of looking at a segment once, in bytes, besides its own length. */
export const SEGMENT_WORK = 64;
/** Choosing segments costs this many times less than reading them. */
const CHOOSING_SHARE = 8;
const NO_LIMIT = new Budget(Infinity);
const NO_ACKS: ReadonlySet<number> = new Set();
const replaced = { bytes: 0 };

/**
 * The ways in which the segments may have been read, each once, those that get farthest first. A receiver drops
 * segments for what they acknowledge (RFC 9293 3.10.7.4: what it has not sent; RFC 5961 5.2: what is older than its
 * largest window), which only it knows; for the reasons that Doubt names, or not; and for timestamps older than the
 * last one it accepted.
 * @param from where the stream stood before them
 * @param recent the last timestamp that was taken before them; 0 = none
 * @param work bytes that may be looked at; receives what is left as work.bytes, and as work.wasCut whether there are
 *   ways that were not looked at
 */
export function waysToRead(
  all: readonly Heard[], from: number, recent: number, work: { bytes: number; wasCut: boolean },
): Outcome[] {
  work.wasCut = false;
  const heard = all.filter(({ seq }) => Math.abs(distance(seq, from)) <= MAX_WINDOW_BYTES);
  const found = new Map<string, Outcome>();
  const tried = new Map<string, Outcome[]>();
  let cost = 0;
  for (const { bytes } of heard) cost += bytes.length + SEGMENT_WORK;
  const places = new Map(heard.map((one, i) => [one, i]));
  const hasUrgent = heard.some(({ urgent }) => urgent !== NOT_URGENT);
  for (const { takes, acks, taken } of waysToTake(heard, from, recent)) {
    const key = taken.map((one) => places.get(one)).join();
    work.bytes -= cost / CHOOSING_SHARE;
    const before = tried.get(key);
    before?.forEach((outcome) => alsoBy(outcome, acks));
    if (before !== undefined) continue;
    const outcomes: Outcome[] = [];
    tried.set(key, outcomes);
    const withPointers = hasUrgent ? [taken, withoutOldPointers(taken, from)] : [taken];
    for (const [joins, one] of JOINS.flatMap((how) => withPointers.map((which) => [how, which] as const))) {
      if (joins !== 'room' && !outcomes[0]!.hasWaited) break;
      work.wasCut = found.size >= MOST_COMPARED || work.bytes < cost;
      if (work.wasCut) return farthest(found);
      work.bytes -= cost;
      const outcome = outcomeOf({ acks, takes: takes | LATER_TAKEN, joins, taken: one }, from, found.size);
      const same = found.get(outcome.read) ?? outcome;
      found.set(outcome.read, same);
      outcomes.push(same);
      alsoBy(same, acks);
    }
  }
  return farthest(found);
}

/** Which of the segments were taken: each of the reasons to refuse some, with each of the others. */
function* waysToTake(
  heard: readonly Heard[], from: number, recent: number,
): Generator<Pick<Refusal, 'takes' | 'acks' | 'taken'>> {
  const edges = windowEdges(heard, from);
  const isStamped = heard.some(({ timestamp }) => timestamp !== 0);
  for (const takes of takenDoubts(heard)) {
    const clocks = takes === ALL_DOUBTS || !isStamped ? ['none'] as const : CLOCKS;
    for (const { acks, isRefused } of refusedAcks(heard)) {
      const chosen = heard.filter((one, i) => !isRefused(one, i) && (one.doubts & ~takes & ~LATER_TAKEN) === 0);
      for (const clock of clocks) {
        const isTaken = clock === 'all' ? notOldWhenItCame : notOld(from, recent, clock === 'again');
        const inTime = clock === 'none' ? chosen : chosen.filter(isTaken);
        for (const edge of edges) {
          const taken = edge === Infinity ? inTime : inTime.filter(({ seq }) => distance(seq, from) < edge);
          yield { takes, acks, taken };
        }
      }
    }
  }
}

/** Refusing those numbers comes to the same: of what follows only those are refused that each reason refuses. */
function alsoBy({ refusal }: Outcome, acks: ReadonlySet<number> | null): void {
  if (acks !== null) refusal.acks = new Set([...refusal.acks ?? acks].filter((ack) => acks.has(ack)));
}

/** The sort keeps the order of those that come as far. */
function farthest(found: ReadonlyMap<string, Outcome>): Outcome[] {
  return [...found.values()].sort((a, b) => b.length - a.length);
}

const JOINS = ['room', 'all', 'none'] as const;
/**
 * Doubts that depend on which segments were taken before: considered here for those that have come, not for later ones.
 */
const LATER_TAKEN = Doubt.acknowledgment | Doubt.timestamp;

/**
 * Whose timestamps make others old: those of the segments taken that bring something; also those of retransmissions,
 * which count until the receiver has acknowledged their end; those of all that had arrived, including empty ones (which
 * are not remembered); or none.
 */
const CLOCKS = ['taken', 'again', 'all', 'none'] as const;

/** Which doubts may have been unfounded: none of them, all, or each by itself. */
function takenDoubts(heard: readonly Heard[]): number[] {
  const present = heard.reduce((all, { doubts }) => all | doubts, 0) & ~LATER_TAKEN;
  if (present === 0) return [0];
  const single = Object.values(Doubt).filter((bit) => bit !== 0 && (present & bit) !== 0 && present !== bit);
  return [0, ALL_DOUBTS, ...single];
}

/**
 * Where its window may have ended, counted from `from`: nowhere, or before what comes far behind all that is nearer.
 * (What is refused so alone shows itself in how what is near is joined.)
 */
function windowEdges(heard: readonly Heard[], from: number): number[] {
  const edges: number[] = [];
  let end = 0;
  const inOrder = heard.map(({ seq, bytes }) => ({ at: distance(seq, from), length: bytes.length }));
  for (const { at, length } of inOrder.sort((a, b) => a.at - b.at)) {
    if (at - end > FAR_BYTES) edges.push(at);
    end = Math.max(end, at + length);
  }
  return [Infinity, ...edges.slice(0, MOST_EDGES)];
}

interface RefusedAcks {
  /** Of Refusal. */
  readonly acks: ReadonlySet<number> | null;
  isRefused(one: Heard, index: number): boolean;
}

/**
 * What a receiver may refuse: nothing; what it had no room for; all outside a range of numbers, ranges of one number
 * first; each number; two of them; a run of segments with one number (later the receiver may have sent that much). A
 * receiver accepts what lies between the number that ended its handshake and what it has sent; before the end of the
 * handshake it accepts nothing.
 */
function* refusedAcks(heard: readonly Heard[]): Generator<RefusedAcks> {
  // What came with a SYN acknowledges nothing.
  const withAck = heard.filter(({ doubts, headerBytes }) => (doubts & Doubt.syn) === 0 && headerBytes > 0);
  const every = [...new Set(withAck.map(({ ack }) => ack))];
  const values = every.slice(-MOST_ACKS).sort((a, b) => distance(a, b));
  every.sort((a, b) => distance(a, b));
  yield { acks: NO_ACKS, isRefused: () => false };
  yield* noRoom(heard);
  if (values.length <= 1) return;
  for (let width = 1; width < values.length; width++) {
    for (let low = 0; low + width <= values.length; low++) yield* outside(heard, every, values.slice(low, low + width));
  }
  for (const one of values) yield ofNumbers([one]);
  for (let i = 0; i < values.length; i++) for (let j = 0; j < i; j++) yield ofNumbers([values[i]!, values[j]!]);
  for (const run of runs(heard).slice(-MOST_ACKS)) {
    yield { acks: null, isRefused: (_, index) => index >= run.start && index < run.end };
  }
}

/**
 * A receiver whose buffer is full drops what it cannot hold, and shows it in its window alone, which is not seen. Then
 * its sender goes back to where that began: what came before for that place and beyond was refused.
 */
function* noRoom(heard: readonly Heard[]): Generator<RefusedAcks> {
  const back: number[] = [];
  /** What was sent since it last went back. */
  let sent: { begin: number; end: number } | null = null;
  heard.forEach(({ seq, bytes }, i) => {
    if (bytes.length === 0) return;
    const end = advance(seq, bytes.length);
    if (sent !== null && distance(seq, sent.end) < 0 && distance(end, sent.begin) > 0) {
      back.push(i);
      sent = null;
    }
    if (sent === null || distance(seq, sent.begin) < 0) sent = { begin: seq, end: sent?.end ?? end };
    if (distance(end, sent.end) > 0) sent.end = end;
  });
  for (const since of back.slice(-MOST_RETURNS).reverse()) {
    const from = heard[since]!.seq;
    const isRefused = (one: Heard, index: number): boolean => (
      index < since && distance(advance(one.seq, one.bytes.length), from) > 0);
    yield { acks: null, isRefused };
  }
}

function ofNumbers(numbers: readonly number[]): RefusedAcks & { readonly acks: ReadonlySet<number> } {
  const acks = new Set(numbers);
  return { acks, isRefused: ({ ack, doubts }) => (doubts & Doubt.syn) === 0 && acks.has(ack) };
}

/**
 * Those of a range of `values` are taken: from the first one with its lowest number on, which ends the handshake; or
 * all; or those that acknowledge no more than any later one does, because whatever acknowledged more was ahead of what
 * the receiver had sent.
 */
function* outside(
  heard: readonly Heard[], values: readonly number[], range: readonly number[],
): Generator<RefusedAcks> {
  const [lowest, highest] = [range[0]!, range.at(-1)!];
  const all = ofNumbers(values.filter((one) => distance(one, lowest) < 0 || distance(one, highest) > 0));
  const first = heard.findIndex(({ ack, doubts }) => ack === lowest && (doubts & Doubt.syn) === 0);
  const isBefore = ({ doubts }: Heard, index: number): boolean => index < first && (doubts & Doubt.syn) === 0;
  yield { acks: all.acks, isRefused: (one, index) => all.isRefused(one, index) || isBefore(one, index) };
  yield all;
  if (lowest === highest) return;
  const ahead = new Set<number>();
  let least = highest;
  for (let i = heard.length - 1; i >= 0; i--) {
    const { ack, doubts } = heard[i]!;
    if ((doubts & Doubt.syn) !== 0 || all.acks.has(ack)) continue;
    if (distance(ack, least) > 0) ahead.add(i);
    else least = ack;
  }
  if (ahead.size === 0) return;
  yield { acks: null, isRefused: (one, index) => ahead.has(index) || all.isRefused(one, index) };
}

/** Segments in a row with one acknowledgment number. */
function runs(heard: readonly Heard[]): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  heard.forEach(({ ack }, i) => {
    const last = found.at(-1);
    if (last !== undefined && heard[last.start]!.ack === ack) last.end = i + 1;
    else found.push({ start: i, end: i + 1 });
  });
  return found;
}

/**
 * PAWS (RFC 7323 5.3): a timestamp older than the last one taken in order is dropped.
 * @param countsAgain whether what brings nothing new counts: not where that was acknowledged (tcp_sequence)
 */
function notOld(from: number, before: number, countsAgain: boolean): (one: Heard) => boolean {
  let recent = before;
  let next = from;
  return ({ seq, bytes, timestamp }) => {
    if (timestamp === 0) return true;
    if (recent !== 0 && isOlder(timestamp, recent)) return false;
    if (distance(seq, next) <= 0 && (countsAgain || distance(advance(seq, bytes.length), next) >= 0)) {
      if (recent === 0 || isAfter(timestamp, recent)) recent = timestamp;
      if (distance(advance(seq, bytes.length), next) > 0) next = advance(seq, bytes.length);
    }
    return true;
  };
}

/** What was acknowledged before it came is dropped, urgent pointer and all (tcp_sequence). */
function withoutOldPointers(taken: readonly Heard[], from: number): Heard[] {
  let next = from;
  return taken.map((one) => {
    const end = advance(one.seq, one.bytes.length);
    if (distance(end, next) < 0) return { ...one, urgent: NOT_URGENT };
    if (distance(one.seq, next) <= 0) next = end;
    return one;
  });
}

function notOldWhenItCame({ doubts }: Heard): boolean {
  return (doubts & Doubt.timestamp) === 0;
}

/** The bytes that a receiver has read, and those that wait, as text to compare. */
function outcomeOf(refusal: Refusal, from: number, order: number): Outcome {
  const { taken, joins } = refusal;
  const queue = new SegmentQueue(NO_LIMIT, joins);
  const read: string[] = [];
  let next = from;
  const urgent = new UrgentByte();
  let marks = '';
  let hasWaited = false;
  const take = (seq: number, bytes: Uint8Array): void => {
    const known = -distance(seq, next);
    if (known >= bytes.length) return;
    read.push(Buffer.from(bytes.buffer, bytes.byteOffset + known, bytes.length - known).toString('latin1'));
    next = advance(seq, bytes.length);
  };
  for (const one of taken) {
    // The same bytes with a mark are another reading.
    if (one.urgent !== NOT_URGENT && urgent.mark(advance(one.seq, one.urgent), next)) {
      marks += ` ${one.seq + one.urgent}`;
    }
    if (one.bytes.length === 0 && (one.urgent !== NOT_URGENT || one.headerBytes === 0)) continue;
    if (distance(one.seq, next) > 0) {
      hasWaited = true;
      queue.insert(one.seq, one.bytes, 0, one.bytes.length, one, replaced);
      continue;
    }
    take(one.seq, one.bytes);
    for (let first = queue.first; first !== undefined && distance(first.seq, next) <= 0; first = queue.first) {
      queue.shift();
      take(first.seq, first.bytes);
    }
  }
  const text = read.join('');
  const parts = [`${next}${marks}`];
  for (const { seq, bytes } of queue.segments()) parts.push(`${seq}`, Buffer.from(bytes).toString('latin1'));
  const rest = parts.join('|');
  return { refusal, read: `${text}|${rest}`, rest, text, length: distance(next, from), hasWaited, order };
}
