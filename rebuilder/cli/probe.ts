import http from 'node:http';
import https from 'node:https';
import { isIP, isIPv6 } from 'node:net';

/** Where one request is sent, and what it asks for. */
export interface Probe {
  /** As a client would call it: `https://shop.example`. */
  readonly url: URL;
  /** What is connected to: the URL's own, or a certain mirrored server. */
  readonly host: string;
  readonly port: number;
  /** For people: `shop.example at 10.0.2.9:80`. */
  readonly where: string;
}

/** An address with a mistake in it: what, where, how to fix it. */
export class ProbeUsageError extends Error {
  override readonly name = 'ProbeUsageError';
}

interface ProbeAnswer {
  readonly status: number;
  readonly location: string | undefined;
}

/**
 * @param flag what the URL was given with, for the sentence of a mistake: `--to`
 * @param via `address` or `address:port` of one mirrored server to connect to in place of what the site's name leads to
 * @throws ProbeUsageError where one of them is wrong
 */
export function probeOf(flag: string, text: string, via: string | undefined): Probe {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ProbeUsageError(`${flag} ${text}: not a URL; give the mirrored site as its clients call it, such as http://shop.example`);
  }
  const sitePort = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const { host, port } = via === undefined ? { host: url.hostname.replace(/^\[|\]$/g, ''), port: sitePort } : vantage(via, sitePort, flag);
  const where = via === undefined ? url.host : `${url.host} at ${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { url, host, port, where };
}

function vantage(via: string, defaultPort: number, flag: string): { host: string; port: number } {
  const bare = isIPv6(via) ? `[${via}]` : via;
  const url = URL.canParse(`http://${bare}`) ? new URL(`http://${bare}`) : null;
  if (url === null || url.pathname !== '/' || url.search !== '' || url.username !== '' || url.hash !== '') {
    throw new ProbeUsageError(`--via ${via}: not an address; give an IP address or a name, with a port if it is not that of ${flag}: 10.0.2.9:8080`);
  }
  // The URL class leaves out a port that is http's default: `10.0.2.9:80` behind an https site is still 80.
  const port = /:(\d+)$/.exec(bare)?.[1];
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: port === undefined ? defaultPort : Number(port) };
}

/** Sends one request on a connection of its own and reads the answer's head. `asker` is its User-Agent. */
export function ask(
  { url, host, port }: Probe, target: string, asker: string, timeoutMs: number,
): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      host, port, path: target, agent: false, timeout: timeoutMs,
      headers: { Host: url.host, 'User-Agent': asker, Accept: '*/*', Connection: 'close' },
    };
    // The certificate is the site's business: this is a probe, which sends no secret and believes nothing of the
    // answer.
    const tls = { ...options, servername: isIP(url.hostname.replace(/^\[|\]$/g, '')) > 0 ? '' : url.hostname, rejectUnauthorized: false };
    const request = url.protocol === 'https:' ? https.request(tls) : http.request(options);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      response.on('error', () => undefined);
      resolve({ status: response.statusCode ?? 0, location: response.headers.location });
    });
    request.end();
  });
}

/** Why a probe failed, for people. */
export function whyUnanswered(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError (both address families refused) has its reason in the first of its errors.
  if (error.message === '' && error instanceof AggregateError) return whyUnanswered(error.errors[0]);
  if (/wrong version number|packet length too long/i.test(error.message)) return 'this port does not speak TLS: give the site as http://…';
  return error.message;
}
