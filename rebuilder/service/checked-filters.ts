import { ConfigError } from '../config/mistakes.ts';
import type { Settings } from '../config/settings.ts';
import { filterMistakes } from './filter-mistakes.ts';
import { fragmentWarnings } from './missed-fragments.ts';

/**
 * Throws a ConfigError of filters that cannot be read.
 *
 * @param file how mistakes call the configuration
 * @returns warnings about filters that can be read: whole sentences
 */
export async function checkFilters(file: string, settings: Settings): Promise<string[]> {
  const mistakes = await filterMistakes(settings);
  if (mistakes.length > 0) throw new ConfigError(file, mistakes);
  return fragmentWarnings(settings);
}
