import type { SessionSettings } from '../description/description.ts';
import type { Session } from './session.ts';

/**
 * Whether we may change and remove a session. Its tag says whose it is; but two deployments that were given one owner
 * have one tag, and then only the filter, of which each has its own, tells their sessions apart. `former`: filters that
 * this mirror had before.
 */
export const isOurs = (session: Session, settings: SessionSettings, former: ReadonlySet<string> = new Set()): boolean =>
  session.owner === settings.owner &&
  (session.filterId === settings.traffic_mirror_filter_id || former.has(session.filterId));

/**
 * One sentence for people: whose the sessions seem to be that have our tag and another filter, and what to do in either
 * case.
 */
export function rivalsSentence(rivals: readonly Session[], { owner }: SessionSettings): string {
  const filters = [...new Set(rivals.map(({ filterId }) => filterId))].sort();
  const [count, go] = rivals.length === 1 ? ['1 session', 'goes'] : [`${rivals.length} sessions`, 'go'];
  return (
    `${count} with our tag (vpc-mirror:owner = ${owner}) ${go} through another filter (${filters.join(', ')}): ` +
    'if another deployment made them, give one of the two another owner (sessions.owner; name_prefix in Terraform); ' +
    `if that filter was this mirror's own before, run apply --former-filter ${filters.join(' ')}.`
  );
}
