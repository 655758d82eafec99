import { SettingError } from '../config/mistakes.ts';
import type { Settings } from '../config/settings.ts';
import { readTrustedCertificates } from '../forward/ext-proc/trusted-certificates.ts';
import { readLoopKey } from '../forward/loop-marker.ts';
import { checkExchangeFile } from '../output/exchange-files.ts';
import { checkLogFile } from '../output/log.ts';

/**
 * Reads the files that a configuration names for reading. Throws a SettingError of one sentence for each that cannot
 * be read.
 */
export function checkKeyFiles(settings: Settings): void {
  tryAll(keyFiles(settings));
}

/**
 * Tries all the files that a configuration names, before threads open them, each for itself. Those for writing are made
 * where they are missing. Throws once, a sentence for each that cannot be used: a SettingError, or an Error where all
 * that is wrong may pass.
 */
export function checkNamedFiles(settings: Settings): void {
  const { log, exchanges } = settings;
  tryAll([
    ...keyFiles(settings),
    () => checkLogFile('log.log_file', log.logFile),
    () => {
      if (log.accessLog.enabled) checkLogFile('log.access_log.log_file', log.accessLog.logFile);
    },
    () => checkExchangeFile(exchanges.file),
  ]);
}

const keyFiles = ({ forward }: Settings): (() => unknown)[] =>
  [() => readLoopKey(forward.loopKeyFile), () => readTrustedCertificates(forward.extProc.caFile)];

function tryAll(checks: readonly (() => unknown)[]): void {
  const failures: Error[] = [];
  for (const check of checks) {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      failures.push(error);
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const sentences = failures.map(({ message }) => message).join('\n');
  throw failures.some((one) => one instanceof SettingError) ? new SettingError(sentences) : new Error(sentences);
}
