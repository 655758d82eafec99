import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExchangeJson } from '../rebuilder/exchange/exchange-json.ts';

/** The captures with known requests lie beside the checkout; see their README for what is compared. */
const CAPTURES = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../shared/captures');
export const MESSAGES = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../shared/messages/http1.json');

interface ExpectedRequest {
  src: string;
  dst: string;
  method: string;
  target: string;
  version: string;
  host?: string | null;
  headerLines?: number;
  bodySize?: number;
  sha256?: string;
  complete?: boolean;
  status?: number | null;
}

export interface ExpectedCapture {
  name: string;
  file: string;
  tags: string[];
  requests: ExpectedRequest[];
  optional: { src: string; dst: string; method?: string; target?: string }[];
  lenient: unknown[];
}

export function expectedCaptures(): ExpectedCapture[] {
  if (!existsSync(CAPTURES)) return [];
  const files = readdirSync(CAPTURES);
  return files.filter((file) => file.endsWith('.json')).map((file) => {
    const expected = JSON.parse(readFileSync(path.join(CAPTURES, file), 'utf8')) as Omit<ExpectedCapture, 'file'>;
    const capture = files.find((name) => name === `${expected.name}.pcap` || name === `${expected.name}.pcapng`);
    return { ...expected, file: path.join(CAPTURES, capture ?? `${expected.name}.pcap`) };
  });
}

/** What is not as expected, one sentence each; `status` only where both directions were replayed. */
export function differences(
  expected: ExpectedCapture, exchanges: readonly ExchangeJson[], withStatus = true,
): string[] {
  const wrong: string[] = [];
  const flows = new Map<string, ExchangeJson[]>();
  for (const exchange of exchanges) {
    // The lists are of HTTP/1.x requests alone (README of the captures); what came as HTTP/2 has tests of its own.
    if (exchange.request.version === 'HTTP/2') continue;
    const flow = `${exchange.src} > ${exchange.dst}`;
    flows.set(flow, [...flows.get(flow) ?? [], exchange]);
  }
  for (const want of expected.requests) {
    const flow = flows.get(`${want.src} > ${want.dst}`) ?? [];
    while (flow.length > 0 && isOptional(expected, flow[0]!) && flow[0]!.request.target !== want.target) flow.shift();
    const got = flow.shift();
    const at = `${want.src} > ${want.dst} ${want.method} ${want.target}`;
    if (got === undefined) {
      wrong.push(`${at}: missing`);
      continue;
    }
    const { request } = got;
    const body = Buffer.from(request.body, 'base64');
    const hosts = request.headers.filter(([name]) => name.toLowerCase() === 'host');
    const seen: Record<string, unknown> = {
      method: request.method,
      target: request.target,
      version: request.version,
      host: hosts[0]?.[1] ?? null,
      headerLines: request.headers.length,
      bodySize: request.bodySize,
      sha256: createHash('sha256').update(body).digest('hex'),
      complete: request.complete,
      status: got.response?.status ?? null,
    };
    for (const key of ['method', 'target', 'version', 'host', 'headerLines', 'bodySize', 'sha256', 'complete', 'status'] as const) {
      if (want[key] === undefined || (key === 'status' && !withStatus)) continue;
      if (want[key] !== seen[key]) wrong.push(`${at}: ${key} is ${JSON.stringify(seen[key])}, not ${JSON.stringify(want[key])}`);
    }
  }
  for (const left of flows.values()) {
    for (const extra of left) {
      if (!isOptional(expected, extra)) wrong.push(`${extra.src} > ${extra.dst} ${extra.request.method} ${extra.request.target}: one too many`);
    }
  }
  return wrong;
}

function isOptional(expected: ExpectedCapture, { src, dst, request }: ExchangeJson): boolean {
  return expected.optional.some(
    (one) =>
      one.src === src
      && one.dst === dst
      && (one.method ?? request.method) === request.method
      && (one.target ?? request.target) === request.target,
  );
}
