import { destination, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { LogSettings } from './config/settings.ts';

export type { Logger };

/** The service's log: lines for people, or JSON. Never a payload, and no query values unless `access_log.verbose` says so. */
export function openLog(settings: LogSettings): Logger {
  return pino({ level: settings.level, base: null }, stream(settings.logFile, settings.pretty));
}

/** A line for each request; null = not wanted. */
export function openAccessLog(settings: LogSettings): Logger | null {
  const { enabled, logFile } = settings.accessLog;
  return enabled ? pino({ level: 'info', base: null }, stream(logFile, settings.pretty)) : null;
}

function stream(file: string, forPeople: boolean): ReturnType<typeof destination> | ReturnType<typeof pretty> {
  const descriptor = file === 'stdout' ? 1 : file === 'stderr' ? 2 : file;
  if (forPeople) {
    return pretty({ destination: descriptor, sync: true, mkdir: true, append: true, colorize: process.stderr.isTTY, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' });
  }
  return destination({ dest: descriptor, sync: true, mkdir: true, append: true });
}
