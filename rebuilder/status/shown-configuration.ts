import { stringify } from 'yaml';
import type { Settings } from '../config/settings.ts';

const MASK = '***';

/**
 * The settings in force as YAML for people, older forms translated and defaults filled in, with the names of
 * settings.ts. What may be a secret is masked: values of headers, and whatever stands behind a `?`.
 */
export function shownConfiguration(settings: Settings): string {
  const { healthChecks, inputFilters, ...rest } = settings;
  const filter = ({ headers, ...one }: Settings['inputFilters']['inspect'][number]): unknown => ({ ...one, headers: names(headers) });
  return stringify({
    ...rest,
    inputFilters: { inspect: inputFilters.inspect.map(filter), bypass: inputFilters.bypass.map(filter) },
    healthChecks: healthChecks.map(({ headers, target, ...one }) => ({
      ...one, target: target.replace(/\?.*$/s, `?${MASK}`), headers: names(headers),
    })),
  }, { lineWidth: 0 });
}

const names = (headers: readonly (readonly [string, string])[]): string[] => headers.map(([name]) => `${name}: ${MASK}`);
