import type { Request } from '../http/message.ts';
import { latin1 } from './header-name.ts';

/**
 * Longest text that a pattern is tried on: RE2 takes time in proportion to it, and a client may send many. What is
 * longer cannot be left out.
 */
export const MAX_PATTERN_INPUT = 8192;

/**
 * The path of a request in two readings, for servers read it differently: as it was sent, and as NGINX would
 * (percent-decoded once, slashes merged, `.` and `..` resolved). Without query; of an absolute target without scheme
 * and authority. latin1 text.
 */
export interface RequestPath {
  readonly raw: string;
  /**
   * null = it climbs above the root, has a broken escape, or servers resolve it otherwise: no rule that leaves requests
   * out applies to it.
   */
  readonly normalised: string | null;
}

/**
 * Tomcat takes `..;x` for `..`; who parses URLs as browsers do (WHATWG), `\\` for `/`, and leaves out tabs and line
 * ends; and what is still an escape may be resolved behind a proxy that has resolved the first. NUL ends a string in C.
 */
const OTHERWISE = /[\0\t\r\n\\]|\/\.{1,2};|%[0-9a-f]{2}/i;

export function requestPath(request: Request): RequestPath {
  const target = latin1(request.bytes, request.targetStart, request.targetEnd);
  const raw = pathOf(target);
  return { raw, normalised: normalise(raw) };
}

function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  const path = end < 0 ? target : target.slice(0, end);
  if (path.startsWith('/')) return path;
  const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(path);
  return authority ? path.slice(authority[0].length) || '/' : path;
}

function normalise(path: string): string | null {
  // The common case: nothing to change.
  if (!/[%\\\0-\x20]|\/\/|\/\./.test(path)) return path;
  if (/%(?![0-9a-f]{2})/i.test(path)) return null;
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  if (OTHERWISE.test(decoded)) return null;
  const parts: string[] = [];
  const segments = decoded.replace(/\/{2,}/g, '/').split('/');
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    const isLast = i === segments.length - 1;
    if (segment === '..') {
      if (parts.length <= 1) return null;
      parts.pop();
      if (isLast) parts.push('');
    } else if (segment === '.') {
      if (isLast) parts.push('');
    } else {
      parts.push(segment);
    }
  }
  return parts.join('/');
}
