// What a told request is that no server served: was it sent as a request?
import type { ExchangeJson } from '../../../rebuilder/exchange/exchange-json.ts';
import { type Told, isToldBy } from './oracle.ts';
import type { Served } from '../real-server.ts';

/** What became of a message at one server. */
export interface AtServer {
  readonly served: readonly Served[];
  /** What was told of it with the server's answer. */
  readonly bothWays: readonly Told[];
}

/**
 * `served`: by one server at least. `answered`: one answered it itself, mostly with 4xx: it was sent, and refused.
 * `in_body`: those that read its bytes read them within another message, which makes it a phantom. `unread`: each had
 * closed before it, or without a word.
 */
export type Fate = 'served' | 'answered' | 'in_body' | 'unread';

/** Told whole, and with no mark that says that the server may not have read it. */
export function isUnmarked({ request }: ExchangeJson): boolean {
  return request.complete && request.reading === undefined && request.found === undefined;
}

/** What became of a told request at these servers: of those that hold, the first of Fate. */
export function fateOf(told: Told, servers: readonly AtServer[]): Fate {
  if (servers.some(({ served }) => served.some((one) => isToldBy(one, told)))) return 'served';
  if (servers.some(({ bothWays }) => bothWays.some(({ at, response }) => at === told.at && response !== null))) return 'answered';
  return servers.some((server) => isWithin(told, server)) ? 'in_body' : 'unread';
}

/** Does it begin within a message that the server served? */
function isWithin(told: Told, { served, bothWays }: AtServer): boolean {
  return bothWays.some(({ at, end, ...exchange }) => at < told.at && told.at < end
    && served.some((one) => isToldBy(one, exchange)));
}
