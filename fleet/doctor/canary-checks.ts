import type { Evidence, Witness } from './canary.ts';
import { failed, ok, skipped, some, type Check, type Verdict } from './check.ts';
import type { Listed, Reading } from './rebuilder.ts';

const PORTS_SHUT =
  'run the checks of vpc-mirror doctor without --canary: session, filter, target, listener and security groups; were all rebuilders named?';

/** The hops of one marked request, in the order of its way. The first that failed is where it was lost. */
export const CANARY_CHECKS: readonly Check<Evidence>[] = [
  {
    name: 'canary.application',
    judge: ({ sent: { answer, probe, mark } }) =>
      typeof answer === 'number'
        ? ok(`${probe.where} answered with ${answer}; its mark is ${mark}`)
        : failed(
            `${probe.where}: ${answer}`,
            'any answer: it is to be seen, not to succeed',
            'is the address right, and may this machine reach it? Nothing was sent that could be seen',
          ),
  },
  {
    name: 'canary.rebuilders',
    needs: ['canary.application'],
    judge: byWitnesses(
      (witnesses) => {
        const mute = witnesses.flatMap(({ before, after }) => [before, after].find((one) => typeof one === 'string') ?? []);
        if (mute.length > 0)
          return failed(
            some(mute),
            'each rebuilder that was named answers',
            'is the port forwarded (docs/fleet.md), and does the service run? systemctl status vpc-mirror-rebuilder',
          );
        const closed = checks(witnesses, 'sockets bound').filter(({ ok: isOk }) => !isOk);
        return closed.length === 0
          ? ok(`${witnesses.length} answer${witnesses.length === 1 ? 's' : ''}`)
          : failed(some(closed.map(({ reason }) => reason)), 'an open packet source', 'look at the log of the rebuilder');
      },
      () => skipped('not asked themselves: name them with --rebuilder'),
    ),
  },
  {
    name: 'canary.mirror',
    needs: ['canary.application', 'canary.rebuilders'],
    judge: byWitnesses(
      (witnesses) => {
        const packets = witnesses.reduce((sum, one) => sum + (grown(one).get('capture.frames') ?? 0), 0);
        return packets > 0 || listed(witnesses) !== undefined
          ? ok(`${packets} packets arrived meanwhile`)
          : failed('no packet arrived at any of them', 'the packets of the request', PORTS_SHUT);
      },
      ({ packets }) =>
        packets > 0
          ? ok(`${packets} packets arrived in the minutes since`)
          : failed('no packet arrived in the minutes since', 'the packets of the request', PORTS_SHUT),
    ),
  },
  {
    name: 'canary.request',
    needs: ['canary.mirror'],
    judge: byWitnesses(
      (witnesses) => {
        if (listed(witnesses) !== undefined) return ok('rebuilt from its packets');
        if (witnesses.every(({ listed: one }) => one === 'not kept'))
          return skipped('the rebuilders keep no requests (metrics.recent_requests: 0)');
        const unread = witnesses.flatMap(({ unread: why }) => why ?? []);
        if (unread.length > 0)
          return failed(
            `the last requests could not be read: ${some(unread)}`,
            'each rebuilder lists its last requests',
            'try again; is it of the version of this command?',
          );
        const losses = new Map<string, number>();
        for (const one of witnesses)
          for (const [name, by] of grown(one, ['lost', 'events'])) losses.set(name, (losses.get(name) ?? 0) + by);
        const grew = [...losses].sort(([, a], [, b]) => b - a).map(([name, by]) => `${name} +${by}`);
        return failed(
          `packets arrive, and this request is not among what was rebuilt of them${grew.length === 0 ? '' : `; meanwhile ${some(grew)}`}`,
          'the request',
          'docs/ledger.md says what each counter means; without one: do the packets come from another source, or from one direction only?',
        );
      },
      ({ requests }) =>
        requests > 0
          ? ok(`${requests} requests were rebuilt in the minutes since`)
          : failed(
              'packets arrive, and no request was rebuilt of them in the minutes since',
              'one at least',
              'docs/operations.md, "Nothing arrives": TLS, HTTP/2 or another port in the packets?',
            ),
    ),
  },
  {
    name: 'canary.delivery',
    needs: ['canary.request'],
    judge: byWitnesses(
      (witnesses) => {
        const found = listed(witnesses);
        if (found === undefined) return skipped('it was not looked for');
        const { end, fate } = found;
        const role = roleOf(end, witnesses);
        if (role === 'out') return ok(fate.at(-1) ?? `${end}`);
        const endpoints = checks(witnesses, 'endpoint answering').filter(({ ok: isOk }) => !isOk);
        const ways = endpoints.length === 0 ? '' : `; ${some(endpoints.map(({ reason }) => reason))}`;
        return failed(
          `${end === null ? `still under way: ${fate.at(-1) ?? ''}` : `${fate.at(-1) ?? end}`}${ways}`,
          'delivered to a node',
          end?.startsWith('rules.') === true
            ? 'a rule of the configuration leaves it out (docs/configuration.md)'
            : 'docs/operations.md, "Delivery", by the counter',
        );
      },
      ({ delivered, lost }) =>
        delivered > 0
          ? ok(`${delivered} requests were delivered in the minutes since`)
          : failed(
              lost > 0 ? `${lost} requests were lost in the minutes since` : 'none was delivered in the minutes since',
              'one at least',
              'docs/operations.md, "Delivery": the log group of the metrics names the reasons',
            ),
    ),
  },
  {
    name: 'canary.node',
    needs: ['canary.delivery'],
    judge: byWitnesses(
      (witnesses) => {
        const answers = listed(witnesses)?.fate.filter((text) => /^answered with \d+$/.test(text)) ?? [];
        const last = answers.at(-1);
        if (last === undefined) return skipped('its answer was not seen');
        return /with 5\d\d$/.test(last)
          ? failed(`the node ${last}`, 'an answer that is no error of its own', 'look at a node: its log, its token')
          : ok(`the node ${last}; then Wallarm Console, Attacks, shows what it detects`);
      },
      () => skipped('CloudWatch knows no single request\'s answer: name the rebuilders with --rebuilder'),
    ),
  },
];

type FromRebuilders = Extract<Evidence, { from: 'rebuilders' }>;
type FromCloudWatch = Extract<Evidence, { from: 'CloudWatch' }>;

function byWitnesses(
  judge: (witnesses: readonly Witness[]) => Verdict,
  otherwise: (evidence: FromCloudWatch) => Verdict,
): (evidence: Evidence) => Verdict {
  return (evidence: FromRebuilders | FromCloudWatch) =>
    evidence.from === 'rebuilders' ? judge(evidence.witnesses) : otherwise(evidence);
}

/** The one that went furthest: a request seen at two interfaces is delivered once, and a second view elsewhere. */
function listed(witnesses: readonly Witness[]): Listed | undefined {
  const all = witnesses.flatMap(({ listed: one }) => (one === null || one === 'not kept' ? [] : [one]));
  return all.find(({ end }) => roleOf(end, witnesses) === 'out') ?? all.find(({ end }) => end !== null) ?? all[0];
}

const readings = (witnesses: readonly Witness[]): Reading[] =>
  witnesses.flatMap(({ after }) => (typeof after === 'string' ? [] : [after]));

const roleOf = (end: string | null, witnesses: readonly Witness[]): string | undefined =>
  end === null ? undefined : readings(witnesses).find(({ ledger }) => ledger.has(end))?.ledger.get(end)?.role;

const checks = (witnesses: readonly Witness[], name: string): Reading['ready'] =>
  readings(witnesses).flatMap(({ ready }) => ready.filter(({ check }) => check === name));

/** Counters that went up between the two readings, of some roles or of all. */
function grown({ before, after }: Witness, roles?: readonly string[]): Map<string, number> {
  if (typeof before === 'string' || typeof after === 'string') return new Map();
  return new Map(
    [...after.ledger]
      .filter(([, { role }]) => roles?.includes(role) ?? true)
      .map(([name, { value }]) => [name, value - (before.ledger.get(name)?.value ?? 0)] as const)
      .filter(([, by]) => by > 0),
  );
}
