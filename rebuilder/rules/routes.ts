import { RE2JS } from 're2js';
import type { Route, RouteSettings } from '../config/settings.ts';
import { Field, LINE_STRIDE, type Request, valueEndOf, valueStartOf } from '../http/message.ts';
import { latin1 } from './header-name.ts';
import { compileHost, hostMatches, type HostPattern } from './host-pattern.ts';
import { hasOddLines } from './odd-lines.ts';
import { MAX_PATTERN_INPUT, requestPath } from './request-path.ts';

/** What a route says of a request. */
interface Routing {
  readonly off: boolean;
  /** Header lines for the node: X-Mirror-Application, X-Mirror-Partner. */
  readonly extra: readonly (readonly [string, string])[];
}

const SLASH = 0x2f;
/** A request that names so many, each spelling of a name for itself, is left out by no route. */
const MOST_HOSTS = 8;

type Kind = 'exact' | 'prefix' | 'prefix_first' | 'pattern' | 'host';

interface CompiledRoute {
  readonly host: HostPattern | null;
  readonly kind: Kind;
  readonly path: string;
  readonly pattern: RE2JS | null;
  readonly routing: Routing;
}

/**
 * `route_config`, chosen as NGINX chooses a location: `=`, then the longest prefix if it says `^~`, then patterns in
 * their order, then the longest prefix, then the host's own entry. Routes of the host itself come first, then those of
 * a host with wildcards, then those of every host. `off` is obeyed only when the path as it was sent and as it is
 * normalised both lead to it, of each host that the request names.
 */
export class Routes {
  /** Groups in the order they are tried. */
  readonly #groups: readonly (readonly CompiledRoute[])[];
  readonly #default: Routing;
  readonly isTrivial: boolean;

  constructor(settings: RouteSettings) {
    const routes = settings.routes.map(compile);
    this.#groups = [
      routes.filter(({ host }) => host !== null && host.exact !== null),
      routes.filter(({ host }) => host !== null && host.exact === null),
      routes.filter(({ host }) => host === null),
    ].filter((group) => group.length > 0);
    this.#default = routing(settings.mode, settings.application, settings.partnerClientUuid);
    this.isTrivial = routes.length === 0 && !this.#default.off && this.#default.extra.length === 0;
  }

  route(request: Request): Routing {
    const [host = '', ...others] = hostsOf(request);
    const { raw, normalised } = requestPath(request);
    if (raw.length > MAX_PATTERN_INPUT) return { off: false, extra: this.#default.extra };
    const found = this.#find(host, normalised ?? raw);
    if (!found.off) return found;
    const isOff = normalised !== null && others.length < MOST_HOSTS && !hasOddLines(request) && [host, ...others]
      .every((one) => this.#find(one, normalised).off && (normalised === raw || this.#find(one, raw).off));
    return isOff ? found : { off: false, extra: found.extra };
  }

  #find(host: string, path: string): Routing {
    for (const group of this.#groups) {
      const found = best(group.filter((route) => route.host === null || hostMatches(route.host, host)), path);
      if (found !== null) return found.routing;
    }
    return this.#default;
  }
}

function best(routes: readonly CompiledRoute[], path: string): CompiledRoute | null {
  let longest: CompiledRoute | null = null;
  let ofHost: CompiledRoute | null = null;
  for (const route of routes) {
    if (route.kind === 'exact' && route.path === path) return route;
    if (route.kind === 'host') ofHost ??= route;
    const isPrefix = route.kind === 'prefix' || route.kind === 'prefix_first';
    if (isPrefix && path.startsWith(route.path) && route.path.length > (longest?.path.length ?? -1)) longest = route;
  }
  if (longest?.kind === 'prefix_first') return longest;
  return routes.find(({ pattern }) => pattern?.test(path)) ?? longest ?? ofHost;
}

function compile(route: Route): CompiledRoute {
  const match = /^(=|\^~|~\*|~)?\s*(.*)$/s.exec(route.route ?? '')!;
  const sign = match[1] ?? '';
  const path = match[2]!;
  const isPattern = sign === '~' || sign === '~*';
  return {
    host: route.host === null ? null : compileHost(route.host),
    kind: route.route === null ? 'host' : sign === '=' ? 'exact' : sign === '^~' ? 'prefix_first' : isPattern ? 'pattern' : 'prefix',
    path,
    pattern: isPattern ? RE2JS.compile(path, sign === '~*' ? RE2JS.CASE_INSENSITIVE : 0) : null,
    routing: routing(route.mode, route.application, route.partnerClientUuid),
  };
}

function routing(mode: Route['mode'], application: string | null, partner: string | null): Routing {
  const extra: (readonly [string, string])[] = [];
  if (application !== null) extra.push(['X-Mirror-Application', application]);
  if (partner !== null) extra.push(['X-Mirror-Partner', partner]);
  return { off: mode === 'off', extra };
}

/**
 * An absolute target's own authority goes before the Host line (RFC 9112, 3.2.2), but there are servers that look at
 * one of these alone. Of each what NGINX reads, then how it is written, if that is another. Of none: ''.
 */
function hostsOf(request: Request): string[] {
  const { bytes, lines, lineCount } = request;
  const isPath = bytes[request.targetStart] === SLASH;
  const target = isPath ? '' : latin1(bytes, request.targetStart, request.targetEnd);
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(target)?.[1];
  // Go and Apache end the name of a user at the last `@`.
  const hosts = authority === undefined ? [] : [authority.slice(authority.lastIndexOf('@') + 1)];
  for (let at = 0; at < lineCount * LINE_STRIDE; at += LINE_STRIDE) {
    if (lines[at] === Field.host) hosts.push(latin1(bytes, valueStartOf(lines, at), valueEndOf(lines, at)));
  }
  return hosts.flatMap(spellings);
}

/**
 * Lower case, without the port: as it is written, but before that without blanks (those of Python included), whatever
 * follows a colon, and a dot at its end (NGINX: ngx_http_validate_host; Apache takes that off, too).
 */
function spellings(host: string): string[] {
  const written = host.replace(/:\d*$/, '').toLowerCase();
  const bare = written.replace(/[\0-\x20\x85\xa0]+/g, '');
  const read = (bare.startsWith('[') ? bare : bare.replace(/:.*$/s, '')).replace(/\.$/, '');
  return read === written ? [written] : [read, written];
}
