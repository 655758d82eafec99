import { type ExchangeJson, endpointText, exchangeJson } from '../exchange/exchange-json.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { Ledger } from '../ledger.ts';

/** How exchanges are written for people and other tools. */
export interface ExchangeOutput {
  exchange(request: HttpRequest): void;
  /** Writes what ends the output. */
  end(): void;
}

export type OutputFormat = 'jsonl' | 'http' | 'har';

/** @param write takes text, or bytes as latin1 */
export function exchangeOutput(format: OutputFormat, write: (text: string | Buffer) => void, ledger: Ledger): ExchangeOutput {
  const output = format === 'jsonl' ? jsonLines(write) : format === 'http' ? httpText(write) : har(write);
  return {
    exchange: (request) => {
      // The formats are those of HTTP/1.x: a request of HTTP/0.9 has neither version nor headers. Nodes get it all the same, marked irregular.
      const old = request.versionStart === request.versionEnd;
      ledger.count(old ? 'http.http09_request' : 'http.exchanges');
      if (!old) output.exchange(request);
    },
    end: () => output.end(),
  };
}

/** docs/exchange.md: a line for each request. */
function jsonLines(write: (text: string) => void): ExchangeOutput {
  return { exchange: (request) => write(`${JSON.stringify(exchangeJson(request))}\n`), end: () => {} };
}

/** The bytes as they were on the wire, each message under a line that says whose it is. */
function httpText(write: (text: string | Buffer) => void): ExchangeOutput {
  return {
    exchange: (request) => {
      const { endpoints, response } = request;
      const [client, server] = [endpointText(endpoints, 'client'), endpointText(endpoints, 'server')];
      const mark = request.complete ? '' : ` (incomplete: ${request.lost?.join(', ')})`;
      write(`### ${new Date(request.timeMs).toISOString()} ${client} > ${server} ${request.id}${mark}\n`);
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

/** HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/), for the tools that read it. */
function har(write: (text: string) => void): ExchangeOutput {
  let count = 0;
  write('{"log":{"version":"1.2","creator":{"name":"rebuilder","version":"0.1.0"},"entries":[');
  return {
    exchange: (request) => {
      write(`${count++ === 0 ? '\n' : ',\n'}${JSON.stringify(harEntry(exchangeJson(request), request))}`);
    },
    end: () => write('\n]}}\n'),
  };
}

function harEntry({ time, src, dst, request, response }: ExchangeJson, { timeMs, lastByteMs, response: answer }: HttpRequest): unknown {
  const host = request.headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? dst;
  const url = /^[a-z]+:\/\//i.test(request.target) ? request.target : `http://${host}${request.target}`;
  const type = (headers: [string, string][]): string => headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  const list = (headers: [string, string][]): unknown => headers.map(([name, value]) => ({ name, value }));
  const waitMs = answer === null ? 0 : Math.max(0, answer.timeMs - lastByteMs);
  const receiveMs = answer === null ? 0 : Math.max(0, answer.lastByteMs - answer.timeMs);
  return {
    startedDateTime: time,
    time: Math.max(0, lastByteMs - timeMs) + waitMs + receiveMs,
    request: {
      method: request.method, url, httpVersion: request.version, cookies: [], headers: list(request.headers),
      queryString: [...new URLSearchParams(request.target.split('?')[1] ?? '')].map(([name, value]) => ({ name, value })),
      headersSize: -1, bodySize: request.bodySize,
      ...(request.body === '' ? {} : { postData: { mimeType: type(request.headers), text: Buffer.from(request.body, 'base64').toString('latin1') } }),
    },
    response: {
      status: response?.status ?? 0, statusText: response?.reason ?? '', httpVersion: response?.version ?? '', cookies: [],
      headers: list(response?.headers ?? []), redirectURL: '', headersSize: -1, bodySize: response?.bodySize ?? -1,
      content: { size: response?.bodySize ?? 0, mimeType: type(response?.headers ?? []), text: response?.body ?? '', encoding: 'base64' },
    },
    cache: {},
    timings: { send: Math.max(0, lastByteMs - timeMs), wait: waitMs, receive: receiveMs },
    serverIPAddress: dst.replace(/:\d+$/, ''),
    connection: src,
  };
}
