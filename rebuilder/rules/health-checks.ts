import type { HealthCheckEntry } from '../config/settings.ts';
import { LINE_STRIDE, nameEndOf, nameStartOf, type Request, valueEndOf, valueStartOf } from '../http/message.ts';
import { HeaderName, latin1, valueText } from './header-name.ts';

/**
 * `health_checks`: a request is a balancer's own, and left out, only if all of it equals an entry: method, target,
 * version, every header in its order, no body, nothing irregular. Then nothing is left to carry an attack, while any
 * one sign (a User-Agent, a path) can be copied.
 */
export class HealthChecks {
  readonly #entries: readonly {
    readonly entry: HealthCheckEntry;
    readonly startLine: Uint8Array;
    readonly names: readonly HeaderName[];
  }[];

  constructor(entries: readonly HealthCheckEntry[]) {
    this.#entries = entries.map((entry) => ({
      entry,
      startLine: Buffer.from(`${entry.method} ${entry.target} ${entry.version}\r\n`, 'latin1'),
      names: entry.headers.map(([name]) => new HeaderName(name)),
    }));
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  has(request: Request): boolean {
    if (request.end !== request.headEnd || request.bodySize !== 0) return false;
    if (!request.complete || request.irregular !== null || request.correction) return false;
    return this.#entries.some(({ entry, startLine, names }) => {
      if (request.headersStart - request.start !== startLine.length || names.length !== request.lineCount) return false;
      for (let i = 0; i < startLine.length; i++) if (request.bytes[request.start + i] !== startLine[i]) return false;
      return names.every((name, i) => isLine(request, i, name, entry.headers[i]![1]));
    });
  }
}

function isLine(request: Request, index: number, name: HeaderName, value: string): boolean {
  const { bytes, lines, endpoints } = request;
  const at = index * LINE_STRIDE;
  if (!name.is(bytes, nameStartOf(lines, at), nameEndOf(lines, at))) return false;
  const expected = value.includes('{')
    ? value.replaceAll('{server}', urlHost(endpoints.serverAddress)).replaceAll('{port}', String(endpoints.serverPort))
    : value;
  return expected.length === valueEndOf(lines, at) - valueStartOf(lines, at) && valueText(request, index) === expected;
}

/** An IPv6 address stands in brackets in a Host line (RFC 3986, 3.2.2). */
export const urlHost = (address: string): string => address.includes(':') ? `[${address}]` : address;

/** The names under which balancers and probes show themselves. Only counted: a client can write them too. */
const SIGNS = ['elb-healthchecker/', 'kube-probe/', 'amazon-route53-health-check-service', 'googlehc/', 'consul health check', 'haproxy health'];
const USER_AGENT = new HeaderName('User-Agent');

/** Does the User-Agent call itself a health check? */
export function looksLikeHealthCheck(request: Request): boolean {
  const line = USER_AGENT.lastLine(request, request.lineCount);
  if (line < 0) return false;
  const start = valueStartOf(request.lines, line * LINE_STRIDE);
  const first = request.bytes[start]! | 0x20;
  // e, k, a, g, c, h: most agents (Mozilla, okhttp, …) are told apart by their first letter.
  if (first !== 0x65 && first !== 0x6b && first !== 0x61 && first !== 0x67 && first !== 0x63 && first !== 0x68) {
    return false;
  }
  const agent = latin1(
    request.bytes,
    start,
    Math.min(start + 40, valueEndOf(request.lines, line * LINE_STRIDE)),
  ).toLowerCase();
  return SIGNS.some((sign) => agent.startsWith(sign));
}
