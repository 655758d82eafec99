import { readFileSync } from 'node:fs';

/** The ledger that a service told in its log when it ended, as JSON; '' = it told none. */
export function toldLedger(logFile: string): string {
  return /ledger (\{[^}]*\})/.exec(readFileSync(logFile, 'utf8').replaceAll('\\"', '"'))?.[1] ?? '';
}
