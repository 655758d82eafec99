import type { Settings } from './config/settings.ts';
import { endpointText } from './http/exchange-json.ts';
import type { HttpRequest } from './http/http-request.ts';
import { openAccessLog, openLog } from './log.ts';
import type { Envelope } from './rules/envelope.ts';
import type { RequestObserver } from './service-thread.ts';

/** What of a target may be long. */
const MAX_TARGET = 1024;

/**
 * Writes a line for each request: to the access log when it is on, and why it went on or ended to the service's log at level debug. null = neither
 * is wanted. Names of headers and bodies are never written; values of the query only when `log.access_log.verbose` says so.
 */
export function requestObserver(settings: Settings): RequestObserver | null {
  const access = openAccessLog(settings.log);
  const debug = settings.log.level === 'debug' ? openLog(settings.log) : null;
  if (access === null && debug === null) return null;
  const { verbose } = settings.log.accessLog;
  return {
    request: (request, envelope, end) => {
      const fields = requestFields(request, envelope, verbose);
      access?.info({ ...fields, ...(end === null ? {} : { end }) }, 'request');
      debug?.debug(fields, end === null ? 'goes on to the detection node' : `ends here: ${end}`);
    },
  };
}

function requestFields(request: HttpRequest, envelope: Envelope | null, verbose: boolean): Record<string, unknown> {
  const text = (start: number, end: number): string => Buffer.from(request.bytes.subarray(start, Math.min(end, start + MAX_TARGET))).toString('latin1');
  const target = text(request.targetStart, request.targetEnd);
  return {
    id: request.id,
    src: endpointText(request.endpoints, 'client'),
    dst: endpointText(request.endpoints, 'server'),
    ...(envelope === null ? {} : { client: envelope.clientAddress }),
    method: text(request.start, request.methodEnd),
    target: verbose ? target : maskQuery(target),
    bodySize: request.bodySize,
    ...(request.response === null ? {} : { status: request.response.status }),
    ...(request.lost === null ? {} : { lost: request.lost }),
    ...(request.irregular === null ? {} : { irregular: request.irregular }),
  };
}

/** `?a=1&b=2` -> `?a=***&b=***` */
export function maskQuery(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query) + target.slice(query).replace(/=[^&#]*/g, '=***');
}
