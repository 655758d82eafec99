/** Where requests go: name or address, and port. */
interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * `http://host[:port]` or `host:port`; IPv6 in brackets. Throws an Error of one sentence that begins with `key`, the
 * configuration's.
 */
export function parseEndpoint(text: string, key: string): Endpoint {
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    throw new Error(`${key}: '${text}' is not an address; write http://host:port`);
  }
  if (url.protocol !== 'http:') throw new Error(`${key}: '${text}' is not plain HTTP; give the load balancer an HTTP listener and write http://host:port`);
  if (url.hostname === '' || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Error(`${key}: '${text}' holds more than a host and a port; every request keeps its own path, so write http://host:port`);
  }
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? 80 : Number(url.port) };
}
