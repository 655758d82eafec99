import { openSync } from 'node:fs';
import { dirname } from 'node:path';
import { isatty } from 'node:tty';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogSettings } from '../config/settings.ts';
import type { HeldLines } from './held-lines.ts';
import { wrapIndented } from '../config/wrapped-text.ts';
import { LineQueue } from './line-queue.ts';
import { checkWritable, makeFolder, pathError } from './named-path.ts';

export type { Logger };

/** Lines waiting for a file or a pipe. */
const QUEUE_BYTES = 8 << 20;
/** A log that nobody reads does not keep the service from ending. */
const LONGEST_CLOSE_MS = 1000;
/** Behind the time, where a line for people goes on in the next one. */
const INDENT = 11;
/** A log names addresses and targets: not for everyone on the machine. */
const OWNER_AND_GROUP = 0o640;

interface OpenLog {
  readonly logger: Logger;
  /** Waits until what was logged is written, but not for long. */
  close(): Promise<void>;
}

/**
 * The service's log: lines for people, or JSON. Never a payload, and no query values unless `access_log.verbose` says
 * so.
 * @param held takes the lines that would go to a terminal
 */
export function openServiceLog(
  settings: LogSettings, onDrop: (lines: number) => void = () => {}, held: HeldLines | null = null,
): OpenLog {
  return openLog('log.log_file', settings.logFile, settings.level, logForm(settings), onDrop, held);
}

/** Whether what is logged there is seen on a terminal. */
export const isOnTerminal = (file: string): boolean => (file === 'stdout' && isatty(1)) || (file === 'stderr' && isatty(2));

/**
 * `people`: lines to read. `json`: pino's own, with numbers for level and time. `iso`: JSON with a word for the level
 * and the time as ISO 8601.
 */
type LogForm = 'people' | 'json' | 'iso';

export const logForm = ({ pretty, iso }: LogSettings): LogForm => (pretty ? 'people' : iso ? 'iso' : 'json');

/**
 * Whoever logs never waits: lines wait for the file, and when there are too many, new ones are left out. Throws an
 * Error of one sentence when the file cannot be opened.
 * @param key of the configuration, for that sentence
 */
export function openLog(
  key: string, file: string, level: string, form: LogForm, onDrop: (lines: number) => void,
  held: HeldLines | null = null,
): OpenLog {
  const descriptor = descriptorOf(file, key);
  const direct = new LineQueue(descriptor, QUEUE_BYTES, onDrop);
  const queue = held !== null && isOnTerminal(file) ? held.before(direct) : direct;
  // https://no-color.org
  const colorize = isatty(descriptor) && (process.env['NO_COLOR'] ?? '') === '';
  const options = { colorize, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', singleLine: true };
  const pretty = prettyFactory(options);
  const columns = columnsOf(descriptor);
  const line = form !== 'people' ? (json: string) => json
    : columns === undefined ? pretty : (json: string) => `${wrapIndented(pretty(json).trimEnd(), columns, INDENT)}\n`;
  const words = form === 'iso' ? { timestamp: stdTimeFunctions.isoTime, formatters: { level: (label: string) => ({ level: label }) } } : {};
  return {
    logger: pino({ level, base: null, ...words }, { write: (json: string) => queue.write(line(json)) }),
    close: () => queue.drain(LONGEST_CLOSE_MS),
  };
}

/** Throws an Error of one sentence when a log file cannot be written: before threads open it, each for itself. */
export function checkLogFile(key: string, file: string): void {
  if (file !== 'stdout' && file !== 'stderr') checkWritable(key, file, OWNER_AND_GROUP);
}

/** Of a terminal that the log is written to. */
const columnsOf = (descriptor: number): number | undefined =>
  (descriptor === 1 ? process.stdout : descriptor === 2 ? process.stderr : null)?.columns;

function descriptorOf(file: string, key: string): number {
  if (file === 'stdout') return 1;
  if (file === 'stderr') return 2;
  try {
    makeFolder(dirname(file));
    return openSync(file, 'a', OWNER_AND_GROUP);
  } catch (error) {
    throw pathError(key, file, error);
  }
}
