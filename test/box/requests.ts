// The requests of the box: each a pure function of its number, so that client and judge need no common memory.
import { createCipheriv, createHash } from 'node:crypto';

export type Kind = 'keep-alive' | 'post';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Raw bytes of request number `id`. Bodies are 1 KiB to 1 MiB; each third of them is chunked. */
export function requestBytes(kind: Kind, id: number): Buffer {
  return kind === 'keep-alive' ? keepAlive(id) : post(id);
}

/** Number of a request, from its target; null = not one of ours. */
export function idOf(target: string): { kind: Kind; id: number } | null {
  const match = /^\/box\/(keep-alive|post)\/(\d+)/.exec(target);
  return match ? { kind: match[1] as Kind, id: Number(match[2]) } : null;
}

function keepAlive(id: number): Buffer {
  // Odd but regular heads: case, order, duplicates, empty values, blanks and high bytes must all survive.
  const odd = [
    '', 'aCCept: */*\r\nX-Empty:\r\n', 'X-Twice: 1\r\nX-Other: 2\r\nx-twice: 3\r\n', `Cookie: a=${'c'.repeat(id % 3000)}\r\n`,
    'X-Blanks:   a  b \t\r\n', 'X-Forwarded-For: 203.0.113.9\r\nx_real_ip: 203.0.113.8\r\n', 'Connection: keep-alive, X-Other\r\nTE: trailers\r\n',
  ][id % 7]!;
  const query = ['', '?a=1&a=%2F..%2f', '?q=\'%20or%201=1', '?%00=%ff%252e'][id % 4]!;
  // What an ALB would refuse goes apart, each on a connection of its own: now and then, so that the box stays quick.
  if (id % 101 === 100) return Buffer.from(`GET /box/keep-alive/${id}?\u00ff=<"> HTTP/1.1\r\nHost: app.box\r\nUser-Agent: caf\u00e9\r\n${odd}\r\n`, 'latin1');
  return Buffer.from(`GET /box/keep-alive/${id}${query} HTTP/1.1\r\nHost: app.box\r\n${odd}\r\n`, 'latin1');
}

function post(id: number): Buffer {
  const body = noise(id, bodySize(id));
  if (id % 3 === 0) {
    const head = `POST /box/post/${id} HTTP/1.1\r\nHost: app.box\r\nTransfer-Encoding: chunked\r\nContent-Type: application/octet-stream\r\n\r\n`;
    return Buffer.concat([Buffer.from(head, 'latin1'), ...chunks(id, body)]);
  }
  const head = `POST /box/post/${id} HTTP/1.1\r\nContent-Length: ${body.length}\r\nhost: app.box\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** Spread evenly over the powers of two between both ends. */
function bodySize(id: number): number {
  const share = createHash('sha256').update(`size ${id}`).digest().readUInt32BE(0) / 2 ** 32;
  return Math.round(KIB * (MIB / KIB) ** share);
}

/** Chunk framing with sizes of all kinds, leading zeros and capitals among them. */
function chunks(id: number, body: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let size = 1 + (id % 4000);
  for (let at = 0; at < body.length; at += size, size = 1 + ((size * 7 + id) % 70_000)) {
    const part = body.subarray(at, at + size);
    const hex = part.length.toString(16);
    parts.push(Buffer.from(`${id % 2 === 0 ? hex.toUpperCase() : `0${hex}`}\r\n`), part, Buffer.from('\r\n'));
  }
  parts.push(Buffer.from('0\r\n\r\n'));
  return parts;
}

/** Bytes without a pattern, the same for the same id. */
function noise(id: number, length: number): Buffer {
  const key = createHash('sha256').update(`body ${id}`).digest();
  return createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16, 32)).update(Buffer.alloc(length));
}
