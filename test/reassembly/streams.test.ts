import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { randomNumbers } from '../random-numbers.ts';
import { TcpStream } from '../tcp-stream.ts';

/** Limits as the service has them. */
const LIVE = {
  limits: { ...REPLAY_OPTIONS.limits, gapTimeoutMs: 1000, reorderMs: 200, stallTimeoutMs: 1500, gapBytes: 1 << 20 },
  parseResponses: false,
};

interface Wanted { target: string; body: Buffer }

/** Requests of all framings, one behind the other. */
function requests(random: (n: number) => number, count: number): { wanted: Wanted[]; bytes: Buffer; starts: number[] } {
  const wanted: Wanted[] = [];
  const pieces: Buffer[] = [];
  const starts: number[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const target = `/r${i}`;
    const kind = random(3);
    const body = Buffer.from(Array.from({ length: kind === 0 ? 0 : random(3000) }, () => random(256)));
    const framing = kind === 0 ? '\r\n' : kind === 1 ? `Content-Length: ${body.length}\r\n\r\n` : 'Transfer-Encoding: chunked\r\n\r\n';
    const parts = [Buffer.from(`${kind === 0 ? 'GET' : 'POST'} ${target} HTTP/1.1\r\nHost: a.example\r\n${framing}`)];
    if (kind === 1) parts.push(body);
    if (kind === 2) {
      for (let from = 0; from < body.length;) {
        const to = Math.min(body.length, from + 1 + random(900));
        parts.push(Buffer.from(`${(to - from).toString(16)}\r\n`), body.subarray(from, to), Buffer.from('\r\n'));
        from = to;
      }
      parts.push(Buffer.from('0\r\n\r\n'));
    }
    const whole = Buffer.concat(parts);
    starts.push(at);
    at += whole.length;
    wanted.push({ target, body });
    pieces.push(whole);
  }
  return { wanted, bytes: Buffer.concat(pieces), starts: [...starts, at] };
}

interface Piece { at: number; data: Buffer }

function cut(bytes: Buffer, random: (n: number) => number, most: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Math.min(bytes.length - at, 1 + random(most));
    pieces.push({ at, data: bytes.subarray(at, at + length) });
    at += length;
  }
  return pieces;
}

function check(stream: TcpStream, wanted: readonly Wanted[]): void {
  const seen = stream.exchanges
    .map(({ request }) => ({ target: request.target, body: request.body, complete: request.complete }));
  assert.deepEqual(seen, wanted.map(({ target, body }) => ({ target, body: body.toString('base64'), complete: true })));
}

describe('streams of requests, whatever the network does to their packets', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomNumbers(seed);
    const { wanted, bytes, starts } = requests(random, 12);
    const isn = seed % 2 === 0 ? 1000 : -random(bytes.length) - 1;

    test(`cut anywhere (seed ${seed})`, () => {
      const stream = new TcpStream(LIVE, isn).open();
      for (const { at, data } of cut(bytes, random, 1 + random(1460))) stream.send(data, { at });
      check(stream, wanted);
      assert.deepEqual(stream.end(), []);
    });

    test(`out of order, doubled, overlapping (seed ${seed})`, () => {
      const stream = new TcpStream(LIVE, isn).open();
      const pieces = cut(bytes, random, 1 + random(1460));
      const sent = pieces.flatMap((piece): Piece[] => {
        const more = random(4);
        if (more === 0) return [piece, piece];
        // A retransmission that begins earlier and ends later than what was sent.
        const from = Math.max(0, piece.at - random(50));
        const to = Math.min(bytes.length, piece.at + piece.data.length + random(50));
        return more === 1 ? [piece, { at: from, data: bytes.subarray(from, to) }] : [piece];
      });
      for (let i = sent.length - 1; i > 0; i--) {
        // Not farther than ten places from its own.
        const j = Math.max(0, i - random(10));
        [sent[i], sent[j]] = [sent[j]!, sent[i]!];
      }
      for (const { at, data } of sent) stream.send(data, { at });
      check(stream, wanted);
      assert.deepEqual(stream.end(), []);
    });

    test(`lost packets: what is whole comes out, the rest is counted (seed ${seed})`, () => {
      const stream = new TcpStream(LIVE, isn).open();
      const pieces = cut(bytes, random, 600);
      const lost = pieces.filter(() => random(100) < 8);
      for (const piece of pieces) {
        stream.wait(1);
        if (!lost.includes(piece)) stream.send(piece.data, { at: piece.at });
      }
      stream.wait(3000);
      const isHit = (i: number): boolean =>
        lost.some(({ at, data }) => at < starts[i + 1]! && at + data.length > starts[i]!);
      // Behind a hole of unknown length the next request is found by its first line: that one is whole, too, unless its
      // own packets are missing.
      const whole = wanted.filter((_, i) => !isHit(i));
      const complete = stream.exchanges.filter(({ request }) => request.complete);
      for (const { request } of complete) {
        const match = wanted.find(({ target }) => target === request.target);
        assert.equal(request.body, match?.body.toString('base64'), `${request.target} is as it was sent`);
      }
      const found = new Set(complete.map(({ request }) => request.target));
      const missed = whole.filter(({ target }, i) => !found.has(target) && i >= 0).map(({ target }) => target);
      assert.deepEqual(missed, [], 'requests none of whose packets was lost');
      assert.deepEqual(stream.imbalance(), []);
      const holesFollowedByBytes = lost
        .filter(({ at, data }) => pieces.some((piece) => !lost.includes(piece) && piece.at >= at + data.length));
      if (holesFollowedByBytes.length > 0) assert.ok(stream.ledger.get('tcp.reassembly_gap') > 0);
      stream.end();
    });

    test(`late packets: requests are delivered again, corrected (seed ${seed})`, () => {
      const stream = new TcpStream(LIVE, isn).open();
      const pieces = cut(bytes, random, 600);
      const late = pieces[1 + random(pieces.length - 2)]!;
      for (const piece of pieces) if (piece !== late) stream.send(piece.data, { at: piece.at });
      stream.wait(1200);
      assert.equal(stream.ledger.get('tcp.reassembly_gap'), 1);
      stream.send(late.data, { at: late.at });
      stream.wait(3000);
      const complete = new Map(
        stream.exchanges.filter(({ request }) => request.complete).map(({ request }) => [request.target, request.body]),
      );
      for (const { target, body } of wanted) assert.equal(complete.get(target), body.toString('base64'), target);
      assert.ok(stream.exchanges.some(({ request }) => request.correction === true));
      assert.deepEqual(stream.end(), []);
    });
  }
});

test('a capture whose packets go back in time: holes are given up, and each request has the time of its packet', () => {
  const stream = new TcpStream(LIVE);
  stream.nowMs = 1_800_000_000_000;
  stream.open().send('GET /first HTTP/1.1\r\nHost: a.example\r\n\r\n');
  stream.nowMs -= 5_000;
  stream.send('GET /earlier HTTP/1.1\r\nHost: a.example\r\n\r\n');
  stream.send('GET /behind-a-hole HTTP/1.1\r\nHost: a.example\r\n\r\n', { at: 500 });
  stream.wait(1_000).send('', { flags: 16 }).wait(8_000);
  assert.deepEqual(stream.exchanges.map(({ request, time }) => [request.target, time]), [
    ['/first', '2027-01-15T08:00:00.000Z'], ['/earlier', '2027-01-15T07:59:55.000Z'], ['/behind-a-hole', '2027-01-15T07:59:55.000Z'],
  ]);
});
