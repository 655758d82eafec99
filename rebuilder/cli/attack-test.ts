import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { isIPv6 } from 'node:net';

export interface AttackTestOptions {
  /** The site whose traffic is mirrored, as a client would call it: `https://shop.example`. */
  to: string;
  /** `address` or `address:port` of one mirrored server to connect to in place of what the site's name leads to: a certain ENI. */
  via?: string;
  timeoutMs?: number;
}

export interface AttackTestResult {
  /** False when no answer came. Any answer is good: the attack is to be seen, not to succeed. */
  sent: boolean;
  /** In the request's target, so that it can be found again in every log on the way. */
  mark: string;
  /** Status of the answer; null = none came. */
  status: number | null;
  /** What happened and where to look next, for people. */
  lines: string[];
}

/** A flag with a mistake in it: what, where, how to mend. */
export class AttackTestUsageError extends Error {
  override readonly name = 'AttackTestUsageError';
}

const TIMEOUT_MS = 10_000;

/** The vendor's test attack: a path traversal that every node reports, and that harms nothing. */
const ATTACK_PATH = '/etc/passwd';

function site(to: string): URL {
  const url = URL.canParse(to) ? new URL(to) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new AttackTestUsageError(`--to ${to}: not a URL; give the mirrored site as its clients call it, such as http://shop.example`);
  }
  return url;
}

function vantage(via: string, defaultPort: number): { host: string; port: number } {
  const bare = isIPv6(via) ? `[${via}]` : via;
  const url = URL.canParse(`http://${bare}`) ? new URL(`http://${bare}`) : null;
  if (url === null || url.pathname !== '/' || url.search !== '' || url.username !== '' || url.hash !== '') {
    throw new AttackTestUsageError(`--via ${via}: not an address; give an IP address or a name, with a port if it is not that of --to: 10.0.2.9:8080`);
  }
  // The URL class leaves out a port that is http's default: `10.0.2.9:80` behind an https site is still 80.
  const port = /:(\d+)$/.exec(bare)?.[1];
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: port === undefined ? defaultPort : Number(port) };
}

interface Answer {
  status: number;
  location: string | undefined;
}

/** Sends one request on a connection of its own and reads the answer's head. */
function ask(url: URL, host: string, port: number, target: string, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      host, port, path: target, agent: false, timeout: timeoutMs,
      headers: { Host: url.host, 'User-Agent': 'vpc-mirror attack-test', Accept: '*/*', Connection: 'close' },
    };
    // The certificate is the site's business: this is a probe, which sends no secret and believes nothing of the answer.
    const tls = { ...options, servername: isIPv6(url.hostname.replace(/^\[|\]$/g, '')) ? '' : url.hostname, rejectUnauthorized: false };
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

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError (both address families refused) has its reason in the first of its errors.
  if (error.message === '' && error instanceof AggregateError) return reason(error.errors[0]);
  if (/wrong version number|packet length too long/i.test(error.message)) return 'this port does not speak TLS: give the site as http://…';
  return error.message;
}

function advice(url: URL, mark: string): string[] {
  const tls = url.protocol === 'https:'
    ? ['This site speaks TLS: packets show the attack only where they are plain, behind the load balancer or proxy that ends TLS (docs/choosing.md).']
    : [];
  return [
    ...tls,
    'Within seconds, look in this order; the first place that does not show it is where it was lost:',
    `  application   its own access log has ${mark}`,
    '  mirror        the rebuilder counts packets: capture.frames on its metrics or status page grows',
    `  rebuilder     log.access_log.enabled: its line has ${ATTACK_PATH}; forward.delivered grows by one`,
    `  node          NGINX's access log on a node has ${mark}, and $remote_addr is the address you sent it from`,
    '  console       Wallarm Console, Events (or Attacks): Path Traversal on this host, usually within a minute or two',
    'Not at the rebuilder? `vpc-mirror doctor` tests each hop. At the node, not in the console? Its log and its token (docs/operations.md).',
  ];
}

/**
 * Sends the vendor's test attack, a path traversal, to a mirrored site, and says where it must show up.
 * @throws AttackTestUsageError where a flag is wrong; a site that does not answer is a result, not an error
 */
export async function attackTest({ to, via, timeoutMs = TIMEOUT_MS }: AttackTestOptions): Promise<AttackTestResult> {
  const url = site(to);
  const sitePort = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const { host, port } = via === undefined ? { host: url.hostname.replace(/^\[|\]$/g, ''), port: sitePort } : vantage(via, sitePort);
  const mark = `vpc-mirror-test-${randomBytes(4).toString('hex')}`;
  const target = `${ATTACK_PATH}?${mark}`;
  const where = via === undefined ? url.host : `${url.host} at ${host.includes(':') ? `[${host}]` : host}:${port}`;
  const asked = `GET ${target} to ${where}`;
  try {
    const { status, location } = await ask(url, host, port, target, timeoutMs);
    const lines = [`${asked}: answered with ${status}. Any answer is good: the attack is to be seen, not to succeed.`];
    if (location?.startsWith('https:') && URL.canParse(location) && url.protocol === 'http:') {
      lines.push(`The answer sends clients on to ${new URL(location).origin}: your real traffic is TLS there, try --to ${new URL(location).origin} as well.`);
    }
    return { sent: true, mark, status, lines: [...lines, ...advice(url, mark)] };
  } catch (error) {
    const lines = [
      `${asked}: ${reason(error)}. Nothing was sent that could be seen.`,
      'Is the address right, and may this machine reach it (security groups, routes)? Run it from inside the VPC to use --via with a private address.',
    ];
    return { sent: false, mark, status: null, lines };
  }
}
