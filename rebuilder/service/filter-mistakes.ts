import { compileFilter } from '../capture/filter-compiler.ts';
import { loadLibpcap } from '../capture/libpcap.ts';
import type { Mistake } from '../config/mistakes.ts';
import type { Settings } from '../config/settings.ts';
import { sourceFilters } from './source-filters.ts';

/** What libpcap says of a name that cannot be resolved, which may pass. */
const UNRESOLVED = /\bunknown (ether )?(host|network)\b/;

/**
 * Filter expressions (pcap-filter(7)) of enabled sources that libpcap cannot read. Empty where libpcap is not on this
 * machine, which whoever captures is told.
 */
export async function filterMistakes(settings: Settings): Promise<Mistake[]> {
  const filters = sourceFilters(settings);
  if (filters.length === 0 || await loadLibpcap() === null) return [];
  const found = await Promise.all(filters.map(async ({ path, filter, links }): Promise<Mistake[]> => {
    const why = await whyNot(filter, links);
    return why === null ? [] : [{ path, sentence: `'${filter}' is not an expression of pcap-filter(7): ${why}` }];
  }));
  return found.flat();
}

/** Why none of the link types takes it; null = one does, or it may yet. */
async function whyNot(filter: string, links: readonly number[]): Promise<string | null> {
  const tries = await Promise.allSettled(links.map((link) => compileFilter(filter, link)));
  const reasons = tries.flatMap((one) => one.status === 'rejected' ? [one.reason instanceof Error ? one.reason.message : String(one.reason)] : []);
  const [first] = reasons;
  if (first === undefined || reasons.length < links.length) return null;
  if (reasons.some((reason) => UNRESOLVED.test(reason))) return null;
  return first.replace(`filter "${filter}": `, '');
}
