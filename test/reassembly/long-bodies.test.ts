// Long segments of a body are not copied into the history of what a client alone has said, but looked up where their
// message holds or held them: other bytes for the place of one, whenever they come, are read in its place all the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { TcpStream } from '../tcp-stream.ts';

const SEGMENT = 1400;
const BODY = Buffer.from(Array.from({ length: 20 * SEGMENT }, (_, i) => 97 + (i * 7 + (i >> 8)) % 26));
const ATTACK = Buffer.alloc(SEGMENT, '/etc/passwd ');

const post = (target: string, body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`), body]);

/** Its server may refuse the segment at `place`, which acknowledges what it has not sent. */
function send(stream: TcpStream, request: Buffer, until = request.length): void {
  for (let at = 0; at < until; at += SEGMENT) {
    const odd = at === place ? { ack: stream.serverIsn + 90_000 } : {};
    stream.send(request.subarray(at, Math.min(until, at + SEGMENT)), { at, ...odd });
  }
}

/** Others send bodies of their own, `mebibytes` of them. */
function busy(stream: TcpStream, mebibytes: number): void {
  stream.clientPort += 100;
  const request = post('/other', BODY);
  for (let at = 0; at < mebibytes << 20; at += request.length) {
    for (let from = 0; from < request.length; from += SEGMENT) {
      stream.send(request.subarray(from, from + SEGMENT), { at: at + from });
    }
  }
  stream.clientPort -= 100;
}

function told(stream: TcpStream): { target: string; body: string; reading: number; complete: boolean }[] {
  assert.deepEqual(stream.end(), []);
  return stream.exchanges
    .filter(({ src }: ExchangeJson) => src.endsWith(`:${stream.clientPort}`))
    .map(({ request }) => ({
      target: request.target, body: Buffer.from(request.body, 'base64').toString('latin1'),
      reading: request.reading ?? 1, complete: request.complete,
    }));
}

const request = post('/mine', BODY);
/** Where the segment that comes twice begins, and what the body is with the other bytes in it. */
const place = 10 * SEGMENT;
const attacked = Buffer.from(request);
ATTACK.copy(attacked, place);
const attackedBody = attacked.subarray(request.length - BODY.length).toString('latin1');

for (const [when, until] of [['while its message goes on', 15 * SEGMENT], ['when its message is over', request.length]] as const) {
  for (const mebibytes of [0, 1, 6]) {
    test(`other bytes come for a segment of a body ${when}, ${mebibytes} MiB of others later: both are told whole`, () => {
      const stream = new TcpStream({ parseResponses: false });
      stream.send('', { flags: 2, at: -1 });
      send(stream, request, until);
      busy(stream, mebibytes);
      stream.send(ATTACK, { at: place });
      for (let at = until; at < request.length; at += SEGMENT) stream.send(request.subarray(at, at + SEGMENT), { at });
      const mine = told(stream);
      assert.ok(mine.some(({ body, complete }) => complete && body === BODY.toString('latin1')), 'the first bytes');
      assert.ok(mine.some(({ body }) => body === attackedBody), 'the other bytes');
    });

    test(`the same bytes come again for it ${when}, ${mebibytes} MiB of others later: told once`, () => {
      const stream = new TcpStream({ parseResponses: false });
      stream.send('', { flags: 2, at: -1 });
      send(stream, request, until);
      busy(stream, mebibytes);
      stream.send(request.subarray(place, place + SEGMENT), { at: place });
      for (let at = until; at < request.length; at += SEGMENT) stream.send(request.subarray(at, at + SEGMENT), { at });
      const mine = told(stream);
      assert.deepEqual(mine.map(({ target, reading, complete }) => [target, reading, complete]), [['/mine', 1, true]]);
      assert.equal(stream.ledger.get('tcp.overlap_forgotten'), 0);
    });
  }
}
