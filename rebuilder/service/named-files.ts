import type { Settings } from '../config/settings.ts';
import { readTrustedCertificates } from '../forward/ext-proc/trusted-certificates.ts';
import { readLoopKey } from '../forward/loop-marker.ts';
import { checkExchangeFile } from '../output/exchange-files.ts';
import { checkLogFile } from '../output/log.ts';

/** Reads the files that a configuration names for reading. Throws a SettingError of one sentence. */
export function checkKeyFiles({ forward }: Settings): void {
  readLoopKey(forward.loopKeyFile);
  readTrustedCertificates(forward.extProc.caFile);
}

/**
 * Tries all the files that a configuration names, before threads open them, each for itself. Those for writing are made
 * where they are missing. Throws a SettingError of one sentence, or an Error of what may pass.
 */
export function checkNamedFiles(settings: Settings): void {
  const { log, exchanges } = settings;
  checkKeyFiles(settings);
  checkLogFile('log.log_file', log.logFile);
  if (log.accessLog.enabled) checkLogFile('log.access_log.log_file', log.accessLog.logFile);
  checkExchangeFile(exchanges.file);
}
