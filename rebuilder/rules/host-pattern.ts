import { RE2JS } from 're2js';

/**
 * A host pattern of `route_config`: `*` any characters but `/`, `?` one of them, `[a-z]` and `[^a-z]` one of a set, `\`
 * before a character takes it as it is; all of the host must match. Hosts compare without case and without their port.
 */
export interface HostPattern {
  /** A host without wildcards; null = use `pattern`. */
  readonly exact: string | null;
  readonly pattern: RE2JS | null;
}

export function compileHost(pattern: string): HostPattern {
  if (!/[*?[\\]/.test(pattern)) return { exact: pattern.toLowerCase(), pattern: null };
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    const close = char === '[' ? pattern.indexOf(']', i + 2) : -1;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '\\' && i + 1 < pattern.length) source += RE2JS.quote(pattern[++i]!);
    else if (close > 0) {
      source += `[${pattern.slice(i + 1, close).replace(/[[\\&]/g, '\\$&')}]`;
      i = close;
    } else source += RE2JS.quote(char);
  }
  return { exact: null, pattern: RE2JS.compile(`(?i)^(?:${source})$`) };
}

export const hostMatches = ({ exact, pattern }: HostPattern, host: string): boolean =>
  exact === null ? pattern!.test(host) : exact === host;
