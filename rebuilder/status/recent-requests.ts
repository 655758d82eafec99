import { endpointText } from '../exchange/exchange-json.ts';
import { Trace, type TracedStep } from '../forward/trace.ts';
import { Field, LINE_STRIDE, type Request, valueEndOf, valueStartOf } from '../http/message.ts';
import type { CounterName } from '../ledger.ts';
import { maskHost, printable, shownLine } from '../rules/shown-request.ts';
import { Allowance } from './allowance.ts';

type Badge = 'cut' | 'incomplete' | 're-framed' | 'apart' | 'correction' | 'second reading' | 'found' | 'redacted' | 'irregular';

/** One of the last requests, as a person looks at it. All texts but `head` are safe to show. */
export interface RecentRequest {
  /** Names it among those of all threads. */
  readonly key: string;
  readonly id: string;
  /** ms since the epoch, of its first packet */
  readonly timeMs: number;
  readonly method: string;
  readonly host: string;
  /** Values masked. */
  readonly target: string;
  readonly bodySize: number;
  /** The address that the rules derived; the packet's when a rule left the request out. */
  readonly client: string;
  readonly source: string;
  readonly server: string;
  readonly vni: number | null;
  /** Of the application's response, where it was paired. */
  readonly status: number | null;
  readonly tookMs: number | null;
  readonly badges: readonly Badge[];
  /** Why bytes are missing; tolerances it needed. */
  readonly lost: readonly string[];
  readonly irregular: readonly string[];
  /** Its head as it was sent, after redaction: Latin-1, not masked. At most MAX_HEAD bytes of it. */
  readonly head: string;
  readonly steps: readonly TracedStep[];
  /** The counter it ended in; null = on its way. */
  readonly end: CounterName | null;
}

const MAX_HEAD = 4096;
const MAX_TARGET = 512;
const MAX_SHORT = 64;
/**
 * Requests a second that are kept, of the usual and of the remarkable ones: more nobody can read, and each costs some
 * microseconds.
 */
const KEPT_A_SECOND = 50;
const CUT: readonly string[] = ['http.body_limit', 'http.head_limit', 'http.memcap', 'forward.body_limit', 'tcp.cut_segments'];

interface Kept { request: Omit<RecentRequest, 'steps' | 'end' | 'badges'>; badges: readonly Badge[]; trace: Trace; revision: number }

/**
 * The last requests of one thread, oldest first: few a second, of which the remarkable ones are not pushed out by the
 * others.
 */
export class RecentRequests {
  readonly #limit: number;
  readonly #thread: string;
  readonly #kept: Kept[] = [];
  readonly #usual: Allowance;
  readonly #remarkable: Allowance;
  #number = 0;
  #revision = 0;

  /** @param clock ms, steady */
  constructor(limit: number, thread = '0', clock = (): number => performance.now()) {
    this.#limit = limit;
    this.#thread = thread;
    this.#usual = new Allowance(KEPT_A_SECOND, clock);
    this.#remarkable = new Allowance(KEPT_A_SECOND, clock);
  }

  /**
   * Keeps what is to be seen of a request, if there is room for it in this second.
   * @param client the derived address; null = none was derived, since a rule ended it
   * @param end the counter under which a rule has ended it; null = it goes on
   * @returns what its delivery is to tell its steps to; null = it is not kept
   */
  add(request: Request, client: string | null, end: CounterName | null, redacted: boolean): Trace | null {
    const isUsual = request.complete && request.irregular === null && !request.correction && request.reading === 1
      && end === null;
    const isTaken = (isUsual ? this.#usual : this.#remarkable).take();
    if (!isTaken && !(isUsual && isCanary(request) && this.#remarkable.take())) return null;
    const kept: Kept = {
      request: shown(request, client, `${this.#thread}-${++this.#number}`),
      badges: badgesOf(request, redacted),
      trace: new Trace(() => { kept.revision = ++this.#revision; }),
      revision: ++this.#revision,
    };
    if (end !== null) kept.trace.ended(end);
    this.#kept.push(kept);
    if (this.#kept.length > this.#limit) this.#kept.shift();
    return kept.trace;
  }

  /** Those that are new or have changed since `revision`, oldest first, and the revision that they are of. */
  since(revision: number): { readonly requests: RecentRequest[]; readonly revision: number } {
    return { requests: this.#kept.filter((one) => one.revision > revision).map(recent), revision: this.#revision };
  }
}

function recent({ request, badges, trace }: Kept): RecentRequest {
  const has = (step: string): boolean => trace.steps.some((one) => one.step === step);
  return {
    ...request,
    badges: [...badges, ...(has('reframed') ? ['re-framed' as const] : []), ...(has('apart') ? ['apart' as const] : [])],
    steps: [...trace.steps],
    end: trace.end,
  };
}

function badgesOf(request: Request, redacted: boolean): Badge[] {
  const isCut = request.lost?.some((reason) => CUT.includes(reason)) ?? false;
  return [
    ...(isCut ? ['cut' as const] : request.complete ? [] : ['incomplete' as const]),
    ...(request.correction ? ['correction' as const] : []),
    ...(request.reading > 1 ? ['second reading' as const] : []),
    ...(request.isFound ? ['found' as const] : []),
    ...(request.irregular === null ? [] : ['irregular' as const]),
    ...(redacted ? ['redacted' as const] : []),
  ];
}

function shown(request: Request, client: string | null, key: string): Kept['request'] {
  const { endpoints, response } = request;
  const text = (start: number, end: number, most: number): string =>
    latin1(request.bytes, start, Math.min(end, start + most));
  const { method, target } = shownLine(
    text(request.start, request.methodEnd, MAX_SHORT), text(request.targetStart, request.targetEnd, MAX_TARGET),
  );
  return {
    key,
    id: request.id,
    timeMs: request.timeMs,
    method,
    host: maskHost(hostOf(request)),
    target: printable(target),
    bodySize: request.bodySize,
    client: client ?? endpoints.clientAddress,
    source: endpointText(endpoints, 'client'),
    server: endpointText(endpoints, 'server'),
    vni: endpoints.vni,
    status: response?.status ?? null,
    tookMs: response === null ? null : Math.max(0, Math.round(response.timeMs - request.lastByteMs)),
    lost: request.lost ?? [],
    irregular: request.irregular ?? [],
    head: text(request.start, request.headEnd, MAX_HEAD),
  };
}

/** Whoever writes it gets a place among the remarkable ones, no more. */
const CANARY = Buffer.from('=vpc-mirror-canary');

/** The one request that `vpc-mirror doctor --canary` has sent, and looks for however busy this instance is. */
function isCanary({ bytes, targetStart, targetEnd }: Request): boolean {
  const start = targetEnd - CANARY.length;
  return start > targetStart && CANARY.every((byte, i) => bytes[start + i] === byte);
}

function hostOf({ bytes, lines, lineCount }: Request): string {
  for (let i = 0; i < lineCount * LINE_STRIDE; i += LINE_STRIDE) {
    if (lines[i] !== Field.host) continue;
    const start = valueStartOf(lines, i);
    return latin1(bytes, start, Math.min(valueEndOf(lines, i), start + MAX_TARGET));
  }
  return '';
}

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, end - start)).toString('latin1');
