import { stringify } from 'yaml';
import type { HealthCheckEntry } from '../config/settings.ts';
import { LINE_STRIDE, nameEndOf, nameStartOf, type Request } from '../http/message.ts';
import { latin1, valueText } from './header-name.ts';
import { looksLikeHealthCheck, urlHost } from './health-checks.ts';

/** What the collector remembers of one form of request. */
interface Candidate {
  readonly entry: HealthCheckEntry;
  count: number;
  readonly clients: Set<string>;
  readonly firstMs: number;
  lastMs: number;
}

interface Proposal {
  readonly entry: HealthCheckEntry;
  /** Requests equal to it. */
  readonly count: number;
  /** Addresses that sent it, at most MAX_CLIENTS. */
  readonly clients: readonly string[];
  /** Mean time between two of them, seconds; null = seen once. */
  readonly everySeconds: number | null;
}

/** Forms remembered at a time: what balancers send is a handful; what clients imitate has no end. */
const MAX_CANDIDATES = 1000;
const MAX_CLIENTS = 16;
const MAX_HEAD_BYTES = 2048;

/**
 * Collects requests that call themselves health checks, whole, and proposes them as entries of `health_checks`. The
 * server's own address in a header becomes `{server}`, so that one entry serves every target of a group. A person has
 * to read them: a client can send the same.
 */
export class HealthCheckProposals {
  readonly #candidates = new Map<string, Candidate>();
  /** Forms that found no room. */
  overflow = 0;

  /** Looks at one request; anything with a body, irregular, incomplete or long is no health check. */
  add(request: Request): void {
    if (
      !looksLikeHealthCheck(request)
      || request.end !== request.headEnd
      || !request.complete
      || request.irregular !== null
    ) {
      return;
    }
    if (request.headEnd - request.start > MAX_HEAD_BYTES) return;
    const entry = entryOf(request);
    if (entry === null) return;
    const key = JSON.stringify(entry);
    let candidate = this.#candidates.get(key);
    if (candidate === undefined) {
      if (this.#candidates.size >= MAX_CANDIDATES) {
        this.overflow++;
        return;
      }
      candidate = { entry, count: 0, clients: new Set(), firstMs: request.timeMs, lastMs: request.timeMs };
      this.#candidates.set(key, candidate);
    }
    candidate.count++;
    candidate.lastMs = request.timeMs;
    if (candidate.clients.size < MAX_CLIENTS) candidate.clients.add(request.endpoints.clientAddress);
  }

  /** Most frequent first. @param minCount requests that were seen less often are no regular check */
  proposals(minCount = 2): Proposal[] {
    return [...this.#candidates.values()].filter(({ count }) => count >= minCount).sort((a, b) => b.count - a.count)
      .map(({ entry, count, clients, firstMs, lastMs }) => ({
        entry, count, clients: [...clients], everySeconds: count < 2 ? null : (lastMs - firstMs) / 1000 / (count - 1),
      }));
  }
}

/** The proposals as YAML to paste into the file, each with who sent it and how often. */
export function proposalsYaml(proposals: readonly Proposal[]): string {
  if (proposals.length === 0) return '# No request called itself a health check.\nhealth_checks: []\n';
  const entries = proposals.map(({ entry, count, clients, everySeconds }) => {
    const rate = everySeconds === null ? '' : `, one every ${everySeconds.toFixed(1)} s`;
    const comment = `  # seen ${count} times${rate}, from ${clients.join(', ')}\n`;
    const { method, target, version, headers } = entry;
    const yaml = stringify([{ method, target, version, headers: headers.map(([name, value]) => `${name}: ${value}`) }], { lineWidth: 0 });
    return comment + yaml.replace(/^(?=.)/gm, '  ');
  });
  return `# Read these before you keep them: a client can send the same request, and it would not be inspected.\nhealth_checks:\n${entries.join('')}`;
}

/**
 * null = a value that the file could not say back: it holds the marks `{server}` or `{port}` itself, or bytes that are
 * no text.
 */
function entryOf(request: Request): HealthCheckEntry | null {
  const { bytes, start, methodEnd, targetStart, targetEnd, versionStart, versionEnd, lines, lineCount, endpoints } =
    request;
  const version = latin1(bytes, versionStart, versionEnd);
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') return null;
  const target = latin1(bytes, targetStart, targetEnd);
  const headers: [string, string][] = [];
  for (let i = 0; i < lineCount; i++) {
    const name = latin1(bytes, nameStartOf(lines, i * LINE_STRIDE), nameEndOf(lines, i * LINE_STRIDE));
    const value = valueText(request, i);
    if (/\{(server|port)\}|[^\x20-\x7e]/.test(value)) return null;
    headers.push([name, name.toLowerCase() === 'host' ? withMarks(value, urlHost(endpoints.serverAddress), String(endpoints.serverPort)) : value]);
  }
  return { method: latin1(bytes, start, methodEnd), target, version, headers };
}

function withMarks(host: string, server: string, port: string): string {
  if (host === server) return '{server}';
  return host === `${server}:${port}` ? '{server}:{port}' : host;
}
