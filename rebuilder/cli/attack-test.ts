import { randomBytes } from 'node:crypto';
import { ask, probeOf, whyUnanswered } from './probe.ts';

interface AttackTestOptions {
  /** The site whose traffic is mirrored, as a client would call it: `https://shop.example`. */
  to: string;
  /**
   * `address` or `address:port` of one mirrored server to connect to in place of what the site's name leads to: a
   * certain ENI.
   */
  via?: string;
  timeoutMs?: number;
}

interface AttackTestResult {
  /** False when no answer came. Any answer is good: the attack is to be seen, not to succeed. */
  sent: boolean;
  /** In the request's target, so that it can be found again in every log on the way. */
  mark: string;
  /** Status of the answer; null = none came. */
  status: number | null;
  /** What happened and where to look next, for people. */
  lines: string[];
}

const TIMEOUT_MS = 10_000;

/** The vendor's test attack: a path traversal that every node reports, and that harms nothing. */
const ATTACK_PATH = '/etc/passwd';

/** Where what is to be seen begins, behind the place's name in a line of `advice`. */
export const ATTACK_PLACE_COLUMNS = 16;

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
 * @throws ProbeUsageError where a flag is wrong; a site that does not answer is a result, not an error
 */
export async function attackTest({ to, via, timeoutMs = TIMEOUT_MS }: AttackTestOptions): Promise<AttackTestResult> {
  const probe = probeOf('--to', to, via);
  const { url, where } = probe;
  const mark = `vpc-mirror-test-${randomBytes(4).toString('hex')}`;
  const target = `${ATTACK_PATH}?${mark}`;
  const asked = `GET ${target} to ${where}`;
  try {
    const { status, location } = await ask(probe, target, 'vpc-mirror attack-test', timeoutMs);
    const lines = [`${asked}: answered with ${status}. Any answer is good: the attack is to be seen, not to succeed.`];
    if (location?.startsWith('https:') && URL.canParse(location) && url.protocol === 'http:') {
      lines.push(`The answer sends clients on to ${new URL(location).origin}: your real traffic is TLS there, try --to ${new URL(location).origin} as well.`);
    }
    return { sent: true, mark, status, lines: [...lines, ...advice(url, mark)] };
  } catch (error) {
    const lines = [
      `${asked}: ${whyUnanswered(error)}. Nothing was sent that could be seen.`,
      'Is the address right, and may this machine reach it (security groups, routes)? Run it from inside the VPC to use --via with a private address.',
    ];
    return { sent: false, mark, status: null, lines };
  }
}
