// Whatever a client does to be read in many ways: what is told of it is at most twice as many bytes as it sent, and on
// each connection 16 KiB or four requests like its longest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { randomNumbers } from '../random-numbers.ts';
import { type Sent, TcpStream } from '../tcp-stream.ts';

const ALLOWANCE = 16_384;
const MOST_ALLOWED = 65_536;

/** Counts what the client sends, and what of it is told. */
class Measured {
  sent = 0;
  told = 0;
  longest = 0;
  readonly stream: TcpStream;

  constructor() {
    const options = { ...LIVE_OPTIONS, parseResponses: false };
    this.stream = new TcpStream(options, 1000, {
      exchange: ({ start, end }) => {
        this.stream.ledger.count('http.exchanges');
        this.told += end - start;
        this.longest = Math.max(this.longest, end - start);
      },
    });
  }

  send(text: string, how: Sent = {}): void {
    this.sent += text.length;
    this.stream.send(text, how);
  }
}

const post = (pad: number, body: number): string =>
  `POST /aaaaaaaa HTTP/1.1\r\nHost: a\r\nX: ${'p'.repeat(pad)}\r\nContent-Length: ${body}\r\n\r\n${'b'.repeat(body)}`;

/** It can be framed in six ways. */
const sixWays = (pad: number): string =>
  `PUT /a HTTP/1.1\r\nHost: ${'a'.repeat(pad)}\r\nX: 1\rContent-Length: 3\r\nX: b\r\nContent-Length: 6\n\r\n\r\nb=mk1s`;

interface Case {
  readonly why: string;
  /** Are there readings that are left out for being too many bytes? */
  readonly isStopped: boolean;
  attack(client: Measured, random: (n: number) => number): void;
}

const CASES: readonly Case[] = [
  {
    why: 'only the client is seen: six targets under other acknowledgments, then the rest of the request',
    isStopped: true,
    attack: (client, random) => {
      client.stream.send('', { at: -1, flags: 2 });
      const text = post(3000, 24_000);
      client.send(text.slice(0, 6), { at: 0 });
      for (let i = 0; i < 6; i++) client.send('cdefgh'[i]!.repeat(8), { at: 6, ack: 7001 + i * (1 + random(50)) });
      for (let at = 14; at < text.length; at += 1000) client.send(text.slice(at, at + 1000), { at });
    },
  },
  {
    why: 'only the client is seen: one request, and two hundred others for its target',
    isStopped: false,
    attack: (client, random) => {
      client.stream.send('', { at: -1, flags: 2 });
      const text = post(1000, 1);
      client.send(text.slice(0, 6), { at: 0 });
      const decoy = (): string => String.fromCharCode(97 + random(26)).repeat(8);
      for (let i = 0; i < 200; i++) client.send(decoy(), { at: 6, ack: 7001 + i });
      client.send(text.slice(14), { at: 14 });
    },
  },
  {
    why: 'both ways: segments that the server may have dropped, for a request whose end is missing',
    isStopped: true,
    attack: (client) => {
      client.stream.open();
      const text = post(3000, 24_000);
      client.send(text.slice(0, 6), { at: 0 });
      for (let i = 0; i < 8; i++) {
        client.send('cdefghij'[i]!.repeat(8), { at: 6, ack: 7001 + 1000 * i, badChecksum: i % 2 === 0 });
      }
      client.send(text.slice(14, -1), { at: 14 });
      client.stream.wait(1500);
      client.send(text.slice(6, 14), { at: 6 });
      client.send(text.slice(-1), { at: text.length - 1 });
    },
  },
  {
    why: 'only the client is seen: segments from the last to the first, and a SYN with data among them',
    isStopped: false,
    attack: (client) => {
      const text = (letter: string): string => [[19, 39], [7, 36], [6, 33]].map(([target, length], i) => (
        `POST /${i}${letter.repeat(target!)} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${letter.repeat(length!)}`)).join('');
      const a = text('a');
      client.stream.send('', { at: -1, flags: 2 });
      client.stream.send('', { at: 0 });
      client.send(a.slice(239, 248), { at: 239, flags: 2 });
      client.send(a.slice(239, 262), { at: 239 });
      for (let at = 286; at >= 0; at -= 11) client.send(a.slice(at, at + 11), { at });
      client.stream.send('', { at: a.length, flags: 17 });
      client.send(text('c'), { at: 0 });
    },
  },
  {
    why: 'only the client is seen: SYNs among the requests, each of which may open the connection anew',
    isStopped: false,
    attack: (client) => {
      const text = post(1000, 1);
      client.stream.send('', { at: -1, flags: 2 });
      for (let i = 0; i < 400; i++) {
        const at = i * text.length;
        if (i % 20 === 3 && i < 200) client.stream.send('', { at: at + 5, flags: 2 });
        client.send(text, { at });
      }
    },
  },
  {
    why: 'pipelined requests, each of which servers frame in six ways',
    isStopped: true,
    attack: (client) => {
      client.stream.open();
      for (let i = 0; i < 20; i++) client.send(sixWays(3000));
    },
  },
];

for (const { why, isStopped, attack } of CASES) {
  test(`what is told is at most twice what was sent: ${why}`, () => {
    for (let seed = 1; seed <= 3; seed++) {
      const client = new Measured();
      attack(client, randomNumbers(seed));
      assert.deepEqual(client.stream.end(), []);
      const { told, sent, longest } = client;
      assert.ok(told <= 2 * sent + Math.max(ALLOWANCE, Math.min(4 * longest, MOST_ALLOWED)), `seed ${seed}: ${told} bytes of ${sent}`);
      const { ledger } = client.stream;
      assert.ok(told > sent || ledger.get('tcp.readings_limit') > 0, 'it is read in many ways');
      assert.equal(ledger.get('http.readings_limit') > 0, isStopped);
    }
  });
}

test('all readings are told of two requests in a row that servers frame in several ways, with 9 KiB between them', () => {
  const first = 'POST /a HTTP/1.1\r\nHost: h\r\n\r Content-Length: 3\r\nContent-Length: +9004\r\n\r\n';
  const second = 'POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 16\r\n\r\n6\r\nb=bbbb\r\n0\r\n\r\n';
  const stream = new TcpStream({ parseResponses: false }).open().send(`${first}${'y'.repeat(9004)}${second}`);
  assert.deepEqual(stream.end(), []);
  assert.equal(stream.ledger.get('http.readings_limit'), 0);
  const told = stream.exchanges.map(({ request: { method, target, body } }) => (
    `${method.replace(/y{9,}/, 'y+')} ${target} ${Buffer.from(body, 'base64').length}`));
  for (const one of ['POST /a 0', 'POST /a 3', 'POST /a 9004', 'POST /b 6', 'POST /b 16', 'y+POST /b 6', 'y+POST /b 16']) {
    assert.ok(told.includes(one), `${one} of ${told.join()}`);
  }
});
