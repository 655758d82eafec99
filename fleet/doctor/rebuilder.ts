import { z } from 'zod';

/** What one rebuilder says of itself, over its metrics address. */
export interface Reading {
  /** `/ready`: packets in and requests out, the whole way. */
  readonly ready: readonly ReadyCheck[];
  /** The ledger: its own words, such as `forward.delivered`. */
  readonly ledger: ReadonlyMap<string, Count>;
}

interface Count {
  readonly value: number;
  /** Whether it counts what came, what left, what was lost, or what ends nothing. */
  readonly role: 'in' | 'out' | 'lost' | 'events';
}

/** The marked request, as one rebuilder lists it. */
export interface Listed {
  /** The counter that it ended in; null = on its way. */
  readonly end: string | null;
  /** Step by step, for people. */
  readonly fate: readonly string[];
}

const TIMEOUT_MS = 5000;

const readyCheck = z.object({ check: z.string(), ok: z.boolean(), reason: z.string() });
type ReadyCheck = z.output<typeof readyCheck>;
const statusPage = z.object({
  keepsRequests: z.boolean(),
  requests: z.array(z.object({ key: z.string(), target: z.string(), end: z.string().nullable() })),
});
const oneRequest = z.object({ fate: z.array(z.object({ text: z.string() })) });

/** Rejects with a sentence for people where it does not answer. */
export async function read(address: string): Promise<Reading> {
  const [ready, metrics] = await Promise.all([get(address, '/ready'), get(address, '/metrics')]);
  const checks = ready.split('\n').filter(Boolean).map(checkOf);
  const known = checks.filter((one) => one !== null);
  if (known.length < checks.length)
    throw new Error(`${address}/ready is not a rebuilder's: is it the metrics address of one?`);
  return { ready: known, ledger: ledgerOf(metrics) };
}

/**
 * null = it is not among the last requests; 'not kept' = this rebuilder keeps none (metrics.recent_requests). Rejects
 * as `read` does.
 */
export async function find(address: string, mark: string): Promise<Listed | 'not kept' | null> {
  const { keepsRequests, requests } = await json(address, '/status.json', statusPage);
  if (!keepsRequests) return 'not kept';
  const found = requests.find(({ target }) => target.includes(`${mark}=`));
  if (found === undefined) return null;
  const { fate } = await json(address, `/request?key=${encodeURIComponent(found.key)}`, oneRequest);
  return { end: found.end, fate: fate.map(({ text }) => text) };
}

async function json<T>(address: string, path: string, shape: z.ZodType<T>): Promise<T> {
  const text = await get(address, path);
  try {
    return shape.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${address}${path} is not what a rebuilder of this version answers`, { cause: error });
  }
}

async function get(address: string, path: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(new URL(path, address), { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new Error(`${address} does not answer: ${reasonOf(error)}`, { cause: error });
  }
  // 503 of /ready is an answer.
  if (response.ok || (path === '/ready' && response.status === 503)) return response.text();
  throw new Error(`${address}${path} answers ${response.status}: is it the metrics address of a rebuilder?`);
}

function checkOf(line: string): ReadyCheck | null {
  try {
    return readyCheck.parse(JSON.parse(line));
  } catch {
    return null; // somebody else's page
  }
}

/** Prometheus text: `rebuilder_requests_lost_total{name="forward.deadline"} 3`. */
function ledgerOf(text: string): Map<string, Count> {
  const counts = new Map<string, Count>();
  for (const [, family = '', name = '', value] of text.matchAll(/^rebuilder_(\w+)_total\{name="([^"]+)"\} (\S+)$/gm)) {
    const role = /(?:^|_)(in|out|lost|events)$/.exec(family)?.[1];
    if (role === 'in' || role === 'out' || role === 'lost' || role === 'events')
      counts.set(name, { value: Number(value), role });
  }
  return counts;
}

/** `fetch failed` says nothing: its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
