import { VERSION } from '../service/version.ts';
import { type ExchangeJson, endpointText, exchangeJson, exchangeLine, withoutControls } from '../exchange/exchange-json.ts';
import { isHttp09, type HttpRequest } from '../http/http-request.ts';
import type { Ledger } from '../ledger.ts';

/** How exchanges are written for people and other tools. */
interface ExchangeOutput {
  exchange(request: HttpRequest): void;
  /** Writes what ends the output. */
  end(): void;
}

export type OutputFormat = 'jsonl' | 'http' | 'har';

/** @param write takes text, or bytes as latin1 */
export function exchangeOutput(
  format: OutputFormat, write: (text: string | Buffer) => void, ledger: Ledger,
): ExchangeOutput {
  const output = format === 'jsonl' ? jsonLines(write) : format === 'http' ? httpText(write) : har(write);
  return {
    exchange: (request) => {
      // The formats are those of HTTP/1.x: a request of HTTP/0.9 has neither version nor headers. Nodes get it all the
      // same, marked irregular.
      const old = isHttp09(request);
      ledger.count(old ? 'http.http09_request' : 'http.exchanges');
      if (!old) output.exchange(request);
    },
    end: () => output.end(),
  };
}

/** docs/exchange.md: a line for each request. */
function jsonLines(write: (text: string) => void): ExchangeOutput {
  return { exchange: (request) => write(exchangeLine(request)), end: () => {} };
}

/** The bytes as they were on the wire, each message under a line that says whose it is. */
function httpText(write: (text: string | Buffer) => void): ExchangeOutput {
  return {
    exchange: (request) => {
      const { endpoints, response } = request;
      const [client, server] = [endpointText(endpoints, 'client'), endpointText(endpoints, 'server')];
      const marks = marksOf(request);
      write(`### ${new Date(request.timeMs).toISOString()} ${client} > ${server} ${request.id}${marks === '' ? '' : ` (${marks})`}\n`);
      write(Buffer.from(request.bytes.subarray(request.start, request.end)));
      write('\n');
      if (response === null) return;
      write(`### ${new Date(response.timeMs).toISOString()} ${server} > ${client}\n`);
      write(Buffer.from(response.bytes.subarray(response.start, response.end)));
      write('\n');
    },
    end: () => {},
  };
}

/** What tells a request from one that the client is known to have sent once and whole; empty = nothing does. */
function marksOf({ reading, correction, isFound, complete, lost }: HttpRequest): string {
  return [
    reading === 1 ? '' : `reading ${reading}`, correction ? 'correction' : '', isFound ? 'found' : '',
    complete ? '' : `incomplete: ${lost?.join(', ')}`,
  ].filter((mark) => mark !== '').join('; ');
}

/** HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/), for the tools that read it. */
function har(write: (text: string) => void): ExchangeOutput {
  let count = 0;
  write(`{"log":{"version":"1.2","creator":{"name":"rebuilder","version":"${VERSION}"},"entries":[`);
  return {
    exchange: (request) => {
      write(`${count++ === 0 ? '\n' : ',\n'}${withoutControls(JSON.stringify(harEntry(exchangeJson(request), request)))}`);
    },
    end: () => write('\n]}}\n'),
  };
}

/** What the archive has no name for begins with `_`, as it allows. */
function harEntry({ id, time, src, dst, request, response }: ExchangeJson, told: HttpRequest): unknown {
  const { timeMs, lastByteMs, response: answer } = told;
  const { reading, correction, found, lost } = request;
  const marks = marksOf(told);
  const host = request.headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? dst;
  const waitMs = answer === null ? 0 : Math.max(0, answer.timeMs - lastByteMs);
  const receiveMs = answer === null ? 0 : Math.max(0, answer.lastByteMs - answer.timeMs);
  const url = absoluteUrl(request.target, host, dst);
  return {
    startedDateTime: time,
    time: Math.max(0, lastByteMs - timeMs) + waitMs + receiveMs,
    request: {
      method: request.method, url, httpVersion: request.version, cookies: [], headers: nameValues(request.headers),
      queryString: nameValues([...new URL(url).searchParams]), headersSize: -1, bodySize: request.bodySize,
      ...(request.body === '' ? {} : { postData: { mimeType: typeOf(request.headers), text: postedText(request.body) } }),
    },
    response: {
      status: response?.status ?? 0, statusText: response?.reason ?? '', httpVersion: response?.version ?? '', cookies: [],
      headers: nameValues(response?.headers ?? []), redirectURL: '', headersSize: -1, bodySize: response?.bodySize ?? -1,
      content: { size: response?.bodySize ?? 0, mimeType: typeOf(response?.headers ?? []), ...textOf(response?.body ?? '') },
    },
    cache: {},
    timings: { send: Math.max(0, lastByteMs - timeMs), wait: waitMs, receive: receiveMs },
    serverIPAddress: dst.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'),
    connection: src,
    ...(marks === '' ? {} : { comment: marks }),
    _id: id, _reading: reading, _correction: correction, _found: found, _lost: lost,
  };
}

const typeOf = (headers: [string, string][]): string => headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
const nameValues = (pairs: readonly [string, string][]): unknown => pairs.map(([name, value]) => ({ name, value }));

/** A URL always, which a target (`*`, `host:port` of CONNECT, bytes that no URL has) may not be. */
function absoluteUrl(target: string, host: string, server: string): string {
  const path = target.startsWith('/') ? target : `/${target}`;
  const candidates = [/^[a-z][a-z0-9+.-]*:\/\//i.test(target) ? target : `http://${host}${path}`, `http://${server}${path}`, `http://${server}/`];
  return candidates.map((one) => URL.canParse(one) ? new URL(one).href : '').find((one) => one !== '') ?? '';
}

/** HAR has no base64 here: bytes that are no UTF-8 are Latin-1. */
function postedText(base64: string): string {
  const { text, encoding } = textOf(base64);
  return encoding === undefined ? text : Buffer.from(base64, 'base64').toString('latin1');
}

/** Text as text; bytes that are no UTF-8 as base64. */
function textOf(base64: string): { text: string; encoding?: 'base64' } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64')) };
  } catch {
    return { text: base64, encoding: 'base64' };
  }
}
