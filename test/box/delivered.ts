// What reached the detection node, taken apart without any code of the rebuilder, and judged against what the client
// sent.
import { idOf, requestBytes, type Kind } from './requests.ts';

export interface Delivered {
  readonly head: string;
  readonly target: string;
  /** With its chunk framing. */
  readonly body: Buffer;
  /** When its last byte reached the node, ms since the epoch. */
  readonly atMs: number;
}

/**
 * The requests of one recorded connection, in order. The last one may have been cut by the end of the connection: it is
 * not listed.
 */
export function* requestsOf(raw: Buffer, times: string): Generator<Delivered> {
  const clock = times.split('\n').filter(Boolean).map((line) => line.split(' ').map(Number) as [end: number, ms: number]);
  let tick = 0;
  let at = 0;
  while (at < raw.length) {
    const headEnd = raw.indexOf('\r\n\r\n', at);
    if (headEnd < 0) return;
    const head = raw.toString('latin1', at, headEnd);
    const bodyStart = headEnd + 4;
    const end = /^transfer-encoding: *chunked$/im.test(head)
      ? endOfChunks(raw, bodyStart)
      : bodyStart + Number(/^content-length: *(\d+)$/im.exec(head)?.[1] ?? 0);
    if (end === null || end > raw.length) return;
    while (tick < clock.length - 1 && clock[tick]![0] < end) tick++;
    yield { head, target: head.split(' ', 2)[1] ?? '', body: raw.subarray(bodyStart, end), atMs: clock[tick]?.[1] ?? 0 };
    at = end;
  }
}

function endOfChunks(raw: Buffer, start: number): number | null {
  for (let at = start; ;) {
    const lineEnd = raw.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = parseInt(raw.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error(`no chunk size at ${at}: ${raw.toString('latin1', at, at + 40)}`);
    if (size === 0) {
      const end = raw.indexOf('\r\n\r\n', lineEnd);
      return end < 0 ? null : end + 4;
    }
    at = lineEnd + 2 + size + 2;
    if (at > raw.length) return null;
  }
}

/** What design and docs say is added, in lower case. */
const ADDED = new Set(['x-forwarded-for', 'x-real-ip', 'x-scheme', 'x-forwarded-proto', 'x-forwarded-port', 'x-server-addr', 'x-server-port',
  'x-request-id', 'x-mirror-forwarded-proto', 'x-mirror-forwarded-port', 'x-mirror-id', 'x-mirror-vni', 'x-mirror-complete', 'x-mirror-loop', 'x-mirror-correction', 'x-mirror-found',
  'x-response-status', 'x-response-time', 'x-response-size']);

/** Lines that are renamed in place: what we set ourselves, and what is hop-by-hop. */
const RENAMED = new Set([...ADDED, 'connection', 'expect', 'upgrade', 'keep-alive', 'proxy-connection', 'te', 'trailer']);

const nameOf = (line: string): string => line.slice(0, line.indexOf(':')).toLowerCase();

/**
 * Why a delivered request is not what was sent; null = it is, but for the documented changes. `values`: lines that must
 * be added.
 */
export function difference(
  delivered: Delivered, sent: Buffer, values: Readonly<Record<string, string>> = {},
): string | null {
  const headEnd = sent.indexOf('\r\n\r\n');
  const [sentStart, ...sentLines] = sent.toString('latin1', 0, headEnd).split('\r\n');
  const [start, ...lines] = delivered.head.split('\r\n');
  if (start !== sentStart) return `start line ${start}, sent ${sentStart}`;
  for (const [i, line] of sentLines.entries()) {
    const renamed = RENAMED.has(nameOf(line).replaceAll('_', '-')) && lines[i] === `X-Mirror-Original-${line}`;
    const ours = ADDED.has(nameOf(line).replaceAll('_', '-')) && nameOf(line) !== 'x-request-id';
    if (renamed || (lines[i] === line && !ours)) continue;
    return `line ${i} ${lines[i]}, sent ${line}`;
  }
  const added = lines.slice(sentLines.length);
  // A request that goes alone says so for its own connection, whose other end is the node.
  for (const line of added) if (!ADDED.has(nameOf(line)) && line !== 'Connection: close') return `added ${line}`;
  for (const [name, value] of Object.entries(values)) {
    const got = added.filter((line) => nameOf(line) === name.toLowerCase());
    if (got.length !== 1 || got[0] !== `${name}: ${value}`) return `${name}: ${value} expected, got ${got.join(', ') || 'none'}`;
  }
  const body = sent.subarray(headEnd + 4);
  if (!delivered.body.equals(body)) return `body of ${delivered.body.length} bytes differs from the ${body.length} sent`;
  return null;
}

export interface Judgement {
  /** Numbers that arrived as they were sent, and when first. */
  readonly whole: Map<number, number>;
  /** Numbers that arrived only in part, and said so themselves. */
  readonly marked: Set<number>;
  /** What must not be: changed without a word. */
  readonly wrong: string[];
  /** Requests at the node that are none of ours. */
  readonly others: Delivered[];
}

/** Compares all that reached the node with what the client's generator says. */
export function judge(recorded: readonly { raw: Buffer; times: string }[], kind: Kind,
  values: Readonly<Record<string, string>> = {}): Judgement {
  const judgement: Judgement = { whole: new Map(), marked: new Set(), wrong: [], others: [] };
  for (const { raw, times } of recorded) {
    for (const one of requestsOf(raw, times)) {
      const known = idOf(one.target);
      if (known?.kind !== kind) {
        judgement.others.push(one);
        continue;
      }
      if (/^x-mirror-complete: false$/im.test(one.head)) {
        judgement.marked.add(known.id);
        continue;
      }
      const why = difference(one, requestBytes(kind, known.id), values);
      if (why !== null) judgement.wrong.push(`${kind} ${known.id}: ${why}`);
      else if (!judgement.whole.has(known.id)) judgement.whole.set(known.id, one.atMs);
    }
  }
  return judgement;
}
