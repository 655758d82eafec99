import type { Settings } from '../config/settings.ts';
import { endpointText } from '../exchange/exchange-json.ts';
import type { HttpRequest } from '../http/http-request.ts';
import { COUNTERS, type CounterName, type Ledger } from '../ledger.ts';
import { logForm, openLog, openServiceLog } from './log.ts';
import type { Envelope } from '../rules/envelope.ts';
import { printable, shownLine } from '../rules/shown-request.ts';
import type { RequestObserver } from './request-observer.ts';

/** What of a target may be long. */
const MAX_TARGET = 1024;

/**
 * Writes a line for each request to the access log when it is on; and at level debug to the service's log what was
 * decided about it, and how its delivery ended. null = neither is wanted. Headers and bodies are never written; values
 * of the query only when `log.access_log.verbose` says so.
 */
export function requestObserver({ log }: Settings, ledger: Ledger): RequestObserver | null {
  const dropped = (lines: number): void => ledger.count('log.dropped_line', lines);
  const { enabled, verbose, logFile } = log.accessLog;
  const access = enabled ? openLog('log.access_log.log_file', logFile, 'info', logForm(log), dropped) : null;
  const debug = log.level === 'debug' ? openServiceLog(log, dropped) : null;
  if (access === null && debug === null) return null;
  return {
    request: (request, envelope, end) => {
      const fields = requestFields(request, envelope, verbose);
      access?.logger.info({ ...fields, ...(end === null ? {} : { end }) }, 'request');
      if (end === null) debug?.logger.debug(fields, 'goes on');
      else debug?.logger.debug({ ...fields, end, why: whyOf(end) }, 'ends here');
    },
    ended: debug === null ? null : (id, end) => {
      const delivered = COUNTERS[end].role === 'out';
      debug.logger.debug({ id, end, why: whyOf(end) }, delivered ? 'delivered' : 'lost');
    },
    close: async () => {
      await Promise.all([access?.close(), debug?.close()]);
    },
  };
}

const whyOf = (end: CounterName): string => COUNTERS[end].help;

function requestFields(request: HttpRequest, envelope: Envelope | null, verbose: boolean): Record<string, unknown> {
  const text = (start: number, end: number): string =>
    Buffer.from(request.bytes.subarray(start, Math.min(end, start + MAX_TARGET))).toString('latin1');
  const sent = text(request.targetStart, request.targetEnd);
  const { method, target } = shownLine(text(request.start, request.methodEnd), sent, verbose);
  return {
    id: request.id,
    src: endpointText(request.endpoints, 'client'),
    dst: endpointText(request.endpoints, 'server'),
    ...(envelope === null ? {} : { client: envelope.clientAddress }),
    method,
    target: printable(target),
    bodySize: request.bodySize,
    ...(request.response === null ? {} : { status: request.response.status }),
    ...(request.lost === null ? {} : { lost: request.lost }),
    ...(request.irregular === null ? {} : { irregular: request.irregular }),
    ...(request.reading > 1 ? { reading: request.reading } : {}),
    ...(request.isFound ? { found: true } : {}),
    ...(request.correction ? { correction: true } : {}),
  };
}
