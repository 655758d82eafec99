import type { Irregularity } from '../http/irregular.ts';

/**
 * Where a request with a tolerance of the parser's may go (names: http/irregular.ts).
 *
 * `shared`: harmless to every parser on the way, so it may share a connection. The load balancer calls it acceptable
 * (docs of aws/http-desync-guardian) and NGINX, which the nodes are made of, takes it.
 * `apart`: parsers differ on it or refuse it. It goes byte-true on a connection of its own, or re-framed.
 * `reframed`: it cannot carry our lines as it is.
 */
type IrregularRoute = 'shared' | 'apart' | 'reframed';

const ROUTES: Readonly<Record<Irregularity, IrregularRoute>> = {
  // Not part of what is sent on: `start` is the first byte of the request line.
  empty_line_before_request: 'shared',
  // obs-text of RFC 9110, 5.5; browsers send it in targets too.
  non_ascii: 'shared',
  // Written by us, in clean HTTP/1.1.
  http2_translated: 'shared',

  // HTTP/0.9 has no header lines to add ours to.
  missing_version: 'reframed',
  // No request line at all.
  unreadable: 'reframed',

  // NGINX refuses a blank or a control byte in the request line since 1.21.1, the load balancer a NUL or CR.
  raw_space_in_target: 'apart',
  control_in_target: 'apart',
  control_in_header: 'apart',
  invalid_version: 'apart',
  invalid_method: 'apart',
  missing_host: 'apart',
  duplicate_host: 'apart',
  // A body without defined meaning (RFC 9110, 9.3.1): "ambiguous" to the load balancer.
  body_on_get: 'apart',
  // Where one parser sees a line, or its name, another does not (RFC 9112, 2.2, 5.1 and 5.2).
  bare_lf: 'apart',
  bare_cr: 'apart',
  obs_fold: 'apart',
  space_before_colon: 'apart',
  leading_whitespace_header: 'apart',
  malformed_header: 'apart',
  // Where the body ends is a matter of opinion (RFC 9112, 6.1 and 6.3).
  te_cl_conflict: 'apart',
  duplicate_content_length: 'apart',
  differing_content_length: 'apart',
  invalid_content_length: 'apart',
  invalid_transfer_encoding: 'apart',
  transfer_encoding_1_0: 'apart',
  multiple_transfer_encoding: 'apart',
  framing_alias: 'apart',
  invalid_chunk: 'apart',
  // RFC 9113, 8.1.1: what some servers refuse and others repair. Our translation has one reading, but it shall harm no
  // other request.
  http2_malformed: 'apart',
};

const BY_NAME = new Map<string, IrregularRoute>(Object.entries(ROUTES));

/** The strictest route of all names; a name we do not know goes apart. */
export function irregularRoute(names: readonly string[]): IrregularRoute {
  let route: IrregularRoute = 'shared';
  for (const name of names) {
    const one = BY_NAME.get(name) ?? 'apart';
    if (one === 'reframed') return one;
    if (one === 'apart') route = one;
  }
  return route;
}
