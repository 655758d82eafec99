import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/**
 * Why a request is not answered; null = it may be. A page of another site can make a browser ask here: by a name of its
 * own that leads to this address (DNS rebinding), or across sites. Names are therefore only `localhost` and this
 * machine's own, next to addresses, which no rebinding can have; and what a browser says of the asking page (Fetch
 * Metadata, https://www.w3.org/TR/fetch-metadata/) must be this page itself.
 */
export function refusal(request: IncomingMessage): string | null {
  const host = request.headers.host ?? '';
  if (!isOwnName(nameOf(host))) return `this page is not ${JSON.stringify(host).slice(0, 80)}: ask for it by its address, localhost or the machine's name`;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'none' && site !== 'same-origin') return 'another site asks for this page: open it by its address';
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`) return 'another origin asks for this page: open it by its address';
  return null;
}

/** Both ends are this machine: the terminal of its owner, or a tunnel that ends there. */
export function isLoopback({ socket: { remoteAddress = '' } }: IncomingMessage): boolean {
  return remoteAddress === '::1' || /^(?:::ffff:)?127\./.test(remoteAddress);
}

/** Without the port and the brackets of IPv6. */
function nameOf(host: string): string {
  return (/^\[([^\]]*)\](?::\d+)?$/.exec(host) ?? /^([^:]*)(?::\d+)?$/.exec(host))?.[1] ?? '';
}

function isOwnName(name: string): boolean {
  const [lower, own] = [name.toLowerCase(), hostname().toLowerCase()];
  return isIP(name) !== 0 || lower === 'localhost' || lower === own || lower === own.split('.', 1)[0];
}
