import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseFramer } from '../../rebuilder/forward/response-framer.ts';

interface Case {
  readonly name: string;
  readonly bytes: string;
  readonly bodyless?: boolean;
  /**
   * Status, whether the connection lives on, who spoke; null = no response. `untilClose`: complete when the peer
   * closes.
   */
  readonly expect: readonly [status: number, keepAlive: boolean, speaker: string] | 'failed' | 'untilClose';
}

const CASES: readonly Case[] = [
  { name: 'no body', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', expect: [200, true, 'unknown'] },
  { name: 'length', bytes: 'HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello', expect: [200, true, 'unknown'] },
  { name: 'a body that looks like a response', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', expect: [200, true, 'unknown'] },
  { name: 'close', bytes: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok', expect: [200, false, 'unknown'] },
  { name: 'HTTP/1.0', bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', expect: [200, false, 'unknown'] },
  { name: 'HTTP/1.0 kept alive', bytes: 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok', expect: [200, true, 'unknown'] },
  { name: 'chunked', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1A\r\n01234567890123456789012345\r\n0\r\n\r\n', expect: [200, true, 'unknown'] },
  { name: 'chunked with trailers', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n', expect: [200, true, 'unknown'] },
  { name: 'chunked wins over a length', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', expect: [200, true, 'unknown'] },
  { name: '204', bytes: 'HTTP/1.1 204 No Content\r\nServer: nginx\r\n\r\n', expect: [204, true, 'unknown'] },
  { name: '304 with a length', bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n', expect: [304, true, 'unknown'] },
  { name: 'an answer to HEAD', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', bodyless: true, expect: [200, true, 'unknown'] },
  { name: 'interim responses first', bytes: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n', expect: [201, true, 'unknown'] },
  { name: '101 ends HTTP', bytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', expect: [101, false, 'unknown'] },
  { name: 'no reason', bytes: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', expect: [200, true, 'unknown'] },
  { name: 'bare LFs', bytes: 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', expect: [200, true, 'unknown'] },
  { name: 'the load balancer itself', bytes: 'HTTP/1.1 502 Bad Gateway\r\nServer: awselb/2.0\r\nContent-Length: 0\r\n\r\n', expect: [502, true, 'balancer'] },
  { name: 'the node itself', bytes: 'HTTP/1.1 502 Bad Gateway\r\nserver:nginx/1.26.0\r\nContent-Length: 0\r\n\r\n', expect: [502, true, 'node'] },
  { name: 'without a length', bytes: 'HTTP/1.1 200 OK\r\n\r\nas long as it is', expect: 'untilClose' },
  { name: 'not HTTP', bytes: 'SSH-2.0-OpenSSH_9.6\r\n\r\n', expect: 'failed' },
  { name: 'HTTP/2', bytes: 'HTTP/2.0 200 OK\r\n\r\n', expect: 'failed' },
  { name: 'no number', bytes: 'HTTP/1.1 abc OK\r\n\r\n', expect: 'failed' },
  { name: 'a length that is none', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n', expect: 'failed' },
  { name: 'a chunk size that is none', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n', expect: 'failed' },
  { name: 'a chunk that is longer than its size', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n', expect: 'failed' },
  { name: 'a head without end', bytes: `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}`, expect: 'failed' },
];

const NEXT = 'HTTP/1.1 299 Next\r\n';

/** Feeds the bytes in pieces of `size`, the next response behind them; returns how many were read. */
function feed(framer: ResponseFramer, text: string, size: number, bodyless: boolean): number {
  const bytes = Buffer.from(text, 'latin1');
  // Read through a buffer that is used again, as connections do.
  const buffer = Buffer.alloc(size, 0x0a);
  for (let from = 0; from < bytes.length; from += size) {
    const length = bytes.copy(buffer, 0, from, from + size);
    const at = framer.read(buffer, 0, length, bodyless);
    if (framer.done || framer.failed) return from + at;
    assert.equal(at, length);
  }
  return bytes.length;
}

for (const { name, bytes, bodyless = false, expect } of CASES) {
  test(`a response: ${name}`, () => {
    const sizes =
      bytes.length > 1_000
        ? [1_000, bytes.length + NEXT.length]
        : Array.from({ length: bytes.length + NEXT.length }, (_, i) => i + 1);
    for (const size of sizes) {
      const framer = new ResponseFramer();
      // A second time: nothing of the first may be left.
      for (let round = 0; round < 2; round++) {
        const read = feed(framer, bytes + NEXT, size, bodyless);
        if (expect === 'failed') {
          assert.ok(framer.failed, `in pieces of ${size}`);
          break;
        }
        if (expect === 'untilClose') {
          assert.ok(!framer.done);
          assert.equal(framer.end(), true);
        } else {
          assert.equal(read, bytes.length, `in pieces of ${size}`);
          assert.deepEqual([framer.status, framer.keepAlive, framer.speaker], expect);
        }
        assert.ok(framer.done);
        framer.reset();
      }
    }
  });
}

test('a close in the middle completes nothing', () => {
  for (const part of ['', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nh']) {
    const framer = new ResponseFramer();
    feed(framer, part, 100, false);
    assert.equal(framer.end(), false);
  }
});
