import { isToken } from '../config/values.ts';

/** A client writes what is shown: nothing in it may steer a terminal or a screen. Latin-1 in, printable ASCII out. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/**
 * Every method that is registered is of this form (RFC 9110, 16.1.1). What is none may be bytes of a body, which a
 * server can have read as a request line.
 */
const METHOD = /^[A-Z_-]{1,32}$/;
/** A path, `*`, or a URL as servers read it. */
const TARGET = /^(?:[/*]|[a-z][a-z0-9+.-]*:[/\\]{2})/i;

/**
 * A request line's method and target as logs and pages may show them: values masked, and all that may be bytes of a
 * body: a method that is none with its target, a target that is none, and what stands behind a blank in one.
 * @param showsValues those of a target that is one stay, but for a password before a host
 */
export function shownLine(
  method: string, target: string, showsValues = false,
): { readonly method: string; readonly target: string } {
  if (method !== '' && !METHOD.test(method)) return { method: '***', target: target === '' ? '' : '***' };
  if (target !== '' && method !== 'CONNECT' && !TARGET.test(target)) return { method, target: '***' };
  if (showsValues) return { method, target: maskUser(target) };
  const [, first = '', rest = ''] = /^([^ \t]*)(.*)$/s.exec(target)!;
  return { method, target: maskValues(first) + (rest === '' ? '' : ' ***') };
}

/**
 * `&a=1` in a path, and what an encoded `?`, `&` or `;` begins there: a query that a client got wrong, or a URL within
 * a URL.
 */
const ASTRAY = /(&|%3f|%26|%3b)([^/;&=%]*(?:=|%3d))(?:(?!%26|%3b)[^/;&])*/gi;

/**
 * `/p;sid=1?a=1&flag#x` -> `/p;sid=***?a=***&***#***`; a password before a host likewise. A parameter without `=` is
 * all value, as far as anyone can tell.
 */
export function maskValues(target: string): string {
  const [, path = '', query, fragment] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(target)!;
  return maskUser(path).replace(/;([^/;=]*=)?[^/;]*/g, ';$1***').replace(ASTRAY, '$1$2***')
    + (query === undefined ? '' : query.replace(/([?&;])([^&;=]*=)?[^&;]*/g, '$1$2***'))
    + (fragment === undefined ? '' : '#***');
}

/**
 * What stands before an `@` as user and password do: before the last one of a host, wherever in a path a URL is;
 * browsers take `\\` for `/`.
 */
function maskUser(target: string): string {
  return target.replace(/([/\\]{2})[^/\\?#]*@/g, '$1***@').replace(/(^|[/\\])[^/\\?#:]*:[^/\\?#]*@/g, '$1***@');
}

/**
 * A name or address with its port, as a Host line should have it; whatever else a client puts there may be a secret.
 */
export function maskHost(host: string): string {
  return host === '' || /^(?:[a-z0-9_.-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i.test(host) ? host : '***';
}

/**
 * The lines of a request's head: values of the query and of every header masked; a line that is no header line is all
 * value.
 */
export function maskHead(head: string): string {
  const [first = '', ...lines] = head.split('\n').map((line) => line.replace(/\r$/, ''));
  const [method = '', target, ...rest] = first.trim().split(/[ \t]+/);
  // HTTP/0.9 has no version; what stands behind a version is no part of one.
  const version = rest.map((word) => /^HTTP\/\d\.\d$/.test(word) ? word : '***');
  const shown = shownLine(method, target ?? '');
  const requestLine = [shown.method, ...(target === undefined ? [] : [shown.target]), ...version].join(' ');
  return [requestLine, ...lines.map((line) => {
    if (line === '') return '';
    const name = line.slice(0, Math.max(0, line.indexOf(':')));
    return isToken(name.trimEnd()) ? `${name}: ***` : '***';
  })].join('\n');
}
