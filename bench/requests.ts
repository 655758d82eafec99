import { crc32 } from 'node:zlib';
import type { Random } from './random.ts';

/**
 * The requests of a load. Each names its id in the target, and ends its head with `X-Digest: <crc32 of the head before
 * this line>-<crc32 of the entity>`: whoever receives it can say which one it is and whether a byte was changed, with
 * nothing else at hand.
 */
export type RequestKind = 'get' | 'mix' | 'chunked';

interface BodyOptions {
  /** Half of each body is runs of zero bytes, longer than a packet. */
  readonly zeroFilled: boolean;
  /**
   * Half of each body repeats `0\r\n\r\n`, so that every fifth packet there ends in what looks like the end of a
   * chunked body.
   */
  readonly endLookalikes: boolean;
}

const ID_DIGITS = 9;
const TARGET_PREFIX = '/r/';
const hex8 = (n: number): string => n.toString(16).padStart(8, '0');

const COMMON = 'Host: shop.example.com\r\n'
  + 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n'
  + 'Accept: application/json, text/plain, */*\r\n'
  + 'Accept-Language: en-US,en;q=0.5\r\n'
  + 'Accept-Encoding: gzip, deflate, br\r\n'
  + 'Cookie: session=0d7f3c5a9b1e4f6082c4d6e8fa0b1c2d; theme=dark; cart=12-55-78-3; consent=all\r\n'
  + 'Referer: https://shop.example.com/catalogue/shoes?page=3&sort=price\r\n'
  + 'X-Client-Version: 4.17.203\r\n';

/** Text that no compressor or zero check would take for padding; bodies are slices of it. */
const TEXT = Buffer.from(
  Array.from({ length: 128 * 1024 }, (_, i) => 0x20 + ((i * 7 + (i >> 5) * 13 + (i >> 11)) % 95)),
);

export class RequestWriter {
  readonly #random: Random;
  readonly #kind: RequestKind;
  readonly #options: BodyOptions;

  constructor(random: Random, kind: RequestKind, options: BodyOptions) {
    this.#random = random;
    this.#kind = kind;
    this.#options = options;
  }

  /** The bytes of request `id`. */
  write(id: number): Buffer {
    const target = `${TARGET_PREFIX}${String(id).padStart(ID_DIGITS, '0')}/items?q=boots&page=${id % 97}`;
    const withBody = this.#kind === 'chunked' || (this.#kind === 'mix' && this.#random.chance(0.4));
    if (!withBody) return this.#finish(`GET ${target} HTTP/1.1\r\n${COMMON}`, Buffer.alloc(0), Buffer.alloc(0));
    const entity = this.#entity(this.#random.between(1024, 65_536));
    const post = `POST ${target} HTTP/1.1\r\n${COMMON}Content-Type: application/json\r\n`;
    if (this.#kind === 'chunked') return this.#finish(`${post}Transfer-Encoding: chunked\r\n`, entity, this.#chunk(entity));
    return this.#finish(`${post}Content-Length: ${entity.length}\r\n`, entity, entity);
  }

  #finish(head: string, entity: Buffer, body: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${head}X-Digest: ${hex8(crc32(head))}-${hex8(crc32(entity))}\r\n\r\n`, 'latin1'), body]);
  }

  #entity(length: number): Buffer {
    const from = this.#random.below(TEXT.length - length);
    const entity = TEXT.subarray(from, from + length);
    if (!this.#options.zeroFilled && !this.#options.endLookalikes) return entity;
    const changed = Buffer.from(entity);
    const filling = this.#options.zeroFilled ? '\0' : '0\r\n\r\n';
    for (let at = this.#random.below(4096); at < length; at += 8192) {
      changed.fill(filling, at, Math.min(at + 4096, length));
    }
    return changed;
  }

  #chunk(entity: Buffer): Buffer {
    const parts: Buffer[] = [];
    for (let at = 0; at < entity.length;) {
      const size = Math.min(this.#random.between(256, 16_384), entity.length - at);
      const data = entity.subarray(at, at + size);
      parts.push(Buffer.from(`${size.toString(16)}\r\n`), data, Buffer.from('\r\n'));
      at += size;
    }
    parts.push(Buffer.from('0\r\n\r\n'));
    return Buffer.concat(parts);
  }
}

/** `/r/000000123/items…` → 123; -1 = not one of ours. `at` is where the target begins. */
export function idAt(bytes: Uint8Array, at: number): number {
  let id = 0;
  for (let i = 0; i < TARGET_PREFIX.length; i++) if (bytes[at + i] !== TARGET_PREFIX.charCodeAt(i)) return -1;
  for (let i = at + TARGET_PREFIX.length; i < at + TARGET_PREFIX.length + ID_DIGITS; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    id = id * 10 + digit;
  }
  return id;
}
