/**
 * Every header that we add to a forwarded request, in the order they are written: the one list of names that the node
 * believes. Whoever adds a line adds its name here, and a client's own line of that name is renamed from then on
 * (docs/forwarding.md).
 */
export const ADDED_HEADERS = [
  'X-Forwarded-For', 'X-Real-IP', 'X-Scheme', 'X-Mirror-Forwarded-Proto', 'X-Mirror-Forwarded-Port', 'X-Forwarded-Proto',
  'X-Forwarded-Port', 'X-SERVER-ADDR', 'X-SERVER-PORT', 'X-Mirror-Vni', 'X-Request-ID', 'X-Mirror-Id', 'X-Mirror-Complete',
  'X-Mirror-Correction', 'X-Mirror-Reading', 'X-Mirror-Found', 'X-Mirror-Loop', 'X-Response-Status', 'X-Response-Time', 'X-Response-Size', 'Connection',
  'Content-Length',
] as const;

/** Added only where the client sent none, or in place of its own: what it says there is its own affair. */
const CLIENTS_OWN: readonly string[] = ['X-Request-ID', 'Connection', 'Content-Length'];

/** Whatever begins so is ours, named above or not. */
export const RESERVED_PREFIX = 'x-mirror-';

/** Lower-case names without the prefix that no client may set. */
export const RESERVED_NAMES: readonly string[] = ADDED_HEADERS.filter((name) => !CLIENTS_OWN.includes(name))
  .map((name) => name.toLowerCase()).filter((name) => !name.startsWith(RESERVED_PREFIX));
