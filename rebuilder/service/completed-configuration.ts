import { setTimeout } from 'node:timers/promises';
import type { LoadedConfig } from '../config/load.ts';
import { ConfigError, SettingError } from '../config/mistakes.ts';

const LOOK_MS = 2000;

/**
 * Resolves to a configuration that can run. As long as the file is none, what it lacks is said, again whenever that is
 * something else, and the file is looked at again: a service manager that starts a new process every second would fill
 * the log instead.
 *
 * A file that was changed meanwhile counts when two looks find the same: one that is being written is not run by half.
 *
 * @param load reads the file, and rejects with a ConfigError or SettingError
 */
export async function completedConfiguration(
  load: () => Promise<LoadedConfig>, say: (sentence: string) => void, lookMs = LOOK_MS,
): Promise<LoadedConfig> {
  let said: string | null = null;
  let before: string | null = null;
  for (;;) {
    try {
      const loaded = await load();
      const now = JSON.stringify(loaded);
      if (said === null || now === before) return loaded;
      before = now;
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof SettingError)) throw error;
      before = null;
      if (error.message !== said) say(`${error.message}\nwaiting for the file to be completed; nothing is captured until then`);
      said = error.message;
    }
    await setTimeout(lookMs);
  }
}
