const HTTP_1_0 = ' HTTP/1.0';
/** The first of our own lines. A client's line of that name was renamed. */
const OURS = '\r\nX-Forwarded-For: ';
/** What is put before each line of a client in the deep form. */
const LINE = 'X-Mirror-Original-Line: ';

/** No fewer bytes than `putEnvelopedForm` will write. */
export function envelopedBytes(from: Buffer, start: number, end: number, isDeep: boolean): number {
  let bytes = end - start + 256;
  if (!isDeep) return bytes;
  for (let at = from.indexOf('\n', start); at >= 0 && at < end; at = from.indexOf('\n', at + 1)) bytes += LINE.length;
  return bytes;
}

/**
 * A request that was refused, once more: its request line becomes a header, X-Mirror-Original-Request-Line, below one
 * that nobody refuses. NGINX answers 400 to a target with %00 or with more `..` than it has folders, and to a second
 * Authorization, before any module has seen it; so the node still reads the attack. `isDeep`: the other lines of the
 * client become headers of another name too, but for the framing.
 *
 * `from` holds a request of ours at start..end, so its head is clean. Returns the offset behind what was written.
 */
export function putEnvelopedForm(
  from: Buffer, start: number, end: number, isDeep: boolean, to: Buffer, at: number,
): number {
  const headEnd = from.indexOf('\r\n\r\n', start) + 4;
  const head = from.toString('latin1', start, headEnd);
  const lineEnd = head.indexOf('\r\n');
  const line = head.slice(0, lineEnd);
  const method = headEnd < end ? 'POST' : 'GET';
  let text = `${method} / HTTP/1.${line.endsWith(HTTP_1_0) ? 0 : 1}\r\nX-Mirror-Original-Request-Line: ${line}`;
  const ours = head.indexOf(OURS, lineEnd);
  if (isDeep && ours >= 0) {
    const server = /\r\nX-SERVER-ADDR: (.*)\r\n/.exec(head.slice(ours))?.[1] ?? '';
    text += `\r\nHost: ${server.includes(':') ? `[${server}]` : server}`;
    for (const one of head.slice(lineEnd, ours).split('\r\n').slice(1)) {
      text += `\r\n${/^(?:content-length|transfer-encoding):/i.test(one) ? '' : LINE}${one}`;
    }
    text += head.slice(ours);
  } else {
    text += head.slice(lineEnd);
  }
  const headOut = to.write(text, at, 'latin1');
  return at + headOut + from.copy(to, at + headOut, headEnd, end);
}
