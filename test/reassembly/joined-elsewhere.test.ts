// A connection joined in its middle whose server says where it is: no SYN, SYN-ACK or RST of the client's says
// otherwise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { TcpStream } from '../tcp-stream.ts';

const SYN = 2;
const RST = 4;
const ACK = 16;
const TRUE = 'POST /attack HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\ncmd=evil';
const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\n\r\n';
const DECOY = 'POST /normal HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nname=any';
const ALL = TRUE + LAST;
const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** The server's acknowledgment of everything before `at`. */
const has = (stream: TcpStream, at: number): TcpStream => stream.answer('', { ack: stream.isn + 1 + at });

interface Beginning {
  /** What the capture begins with; the server stands at the first byte. */
  begin(stream: TcpStream): unknown;
  /** Bytes of each segment that comes then. */
  readonly step?: number;
  /** The segment that begins here has come. */
  readonly came?: number;
}

const BEGINNINGS: Record<string, Beginning> = {
  'later bytes, and others from long before': {
    begin: (stream) => {
      has(stream.send(ALL.slice(40, 42), { at: 40 }), 0);
      has(stream.send('T /normal', { at: -500, ack: 7011 }), 0);
    },
  },
  'a SYN of a later number with data': {
    begin: (stream) => {
      has(stream.send(DECOY, { at: 90, flags: SYN }), 0);
      has(stream.send(ALL.slice(40, 60), { at: 40 }), 0);
    },
    came: 40,
  },
  'a SYN of a number shortly before': {
    begin: (stream) => {
      has(stream.send(DECOY.slice(6, 11), { at: 6, ack: 7011 }), 0);
      has(stream.send('', { at: -40_000, flags: SYN }), 0);
    },
  },
  'a SYN-ACK where the client stands': {
    begin: (stream) => {
      has(stream.send(ALL.slice(40, 60), { at: 40 }), 0);
      has(stream.send('', { at: -1, flags: SYN | ACK }), 0);
    },
  },
  'a SYN-ACK of a number far off': {
    begin: (stream) => {
      has(stream.send(ALL.slice(90, 92), { at: 90 }), 0);
      has(stream.send('', { at: 0x2000_0000, flags: SYN | ACK }), 0);
    },
  },
  'a segment with a wrong sum, and an RST behind it': {
    begin: (stream) => {
      has(stream.send(DECOY, { at: 0, badChecksum: true }).wait(1300).send('', { at: DECOY.length, flags: RST | ACK }), 0);
    },
    step: ALL.length,
  },
  'what the server answers with an RST': {
    begin: (stream) => {
      stream.send(DECOY.slice(20), { at: 20, ack: 7101 }).answer('', { at: 100, flags: RST });
      has(stream.wait(1300).send(ALL.slice(40, 60), { at: 40 }), 0);
    },
    came: 40,
  },
};

for (const [name, { begin, step = 20, came }] of Object.entries(BEGINNINGS)) {
  for (const isn of [1000, 0x7fff_fff0, 0xffff_fff0]) {
    for (const isLive of [true, false]) {
      test(`${name}, first number ${isn}, ${isLive ? 'live' : 'from a file'}`, () => {
        const stream = new TcpStream({ ...(isLive ? LIVE_OPTIONS : {}), parseResponses: false }, isn);
        begin(stream);
        let hasAnswered = false;
        for (let at = 0; at < ALL.length; at += step) {
          if (at === came) continue;
          const end = Math.min(ALL.length, at + step === came ? came + step : at + step);
          has(stream.send(ALL.slice(at, at + step), { at }), end);
          if (!hasAnswered && end > TRUE.length) stream.answer(RESPONSE, { ack: stream.isn + 1 + end });
          hasAnswered ||= end > TRUE.length;
        }
        assert.deepEqual(stream.end(), []);
        const told = stream.exchanges.filter(({ request }) => request.complete)
          .map(({ request }) => `${request.target} ${Buffer.from(request.body, 'base64').toString()}`);
        for (const one of ['/attack cmd=evil', '/last ']) assert.ok(told.includes(one), `${one} of ${told.join()}`);
      });
    }
  }
}
