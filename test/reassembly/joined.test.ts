// A connection of which nothing is known when a client begins to mislead: the capture began in its middle, or it was
// idle for so long that it was forgotten. What the server reads is told all the same, whatever the sequence numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { TcpStream } from '../tcp-stream.ts';

const SYN = 2;
const PSH = 8;
const ACK = 16;
const MD5 = Uint8Array.of(19, 18, ...new Array<number>(16).fill(7), 1, 1);
const TRUE = 'POST /attack HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\ncmd=evil';
const DECOY = 'POST /normal HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nname=any';
const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\n\r\n';
const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const FIRST = 'GET /first HTTP/1.1\r\nHost: a\r\n\r\n';
/** Where the decoy lies: behind a request, and the first bytes of the next. */
const AT = FIRST.length + 6;
const rest = (text: string): string => text.slice(6);

/** Each sends what its server drops; the server acknowledges what it has, where it is seen. */
const DECOYS: Record<string, (stream: TcpStream) => unknown> = {
  'a segment with a signature': (stream) => stream.send(rest(DECOY), { at: AT, flags: ACK | PSH, options: MD5 }),
  'a segment that acknowledges the future': (stream) => stream.send(rest(DECOY), { at: AT, ack: 90_000 }),
  'a segment that acknowledges the past': (stream) => stream.send(rest(DECOY), { at: AT, ack: 7_000 - 90_000 }),
  'a segment with a wrong sum': (stream) => stream.send(rest(DECOY), { at: AT, badChecksum: true }),
  'data with the flag SYN': (stream) => stream.send(rest(DECOY), { at: AT, flags: SYN }),
};
/** … in place of the first packet that is seen. */
const BEGINNINGS: Record<string, (stream: TcpStream) => unknown> = {
  'a SYN of a later number': (stream) => stream.send('', { at: 10_000, flags: SYN }),
  'a SYN of a number far off': (stream) => stream.send('', { at: 0x2000_0000, flags: SYN }),
  'a late segment, and a pause': (stream) => stream.send(TRUE.slice(30), { at: 30 }).wait(1500),
  'another segment of later bytes, and a pause': (stream) => stream.send(DECOY.slice(60), { at: 60, options: MD5 }).wait(1500),
  'data far ahead': (stream) => stream.send(DECOY, { at: 80_000 }).wait(1500),
  'data with the flag SYN': (stream) => stream.send(rest(DECOY), { at: 6, flags: SYN }),
  'data of a later number with the flags SYN and ACK': (stream) => stream.send('x', { at: 20, flags: SYN | ACK }),
  'a segment with a wrong sum': (stream) => stream.send(DECOY, { at: 0, badChecksum: true }),
  'a segment with a signature': (stream) => stream.send(DECOY, { at: 0, options: MD5 }).wait(1500),
  'a segment that acknowledges the future': (stream) => stream.send(DECOY, { at: 0, ack: 90_000 }).wait(1500),
  'a segment that acknowledges the past': (stream) => stream.send(DECOY, { at: 0, ack: 7_000 - 90_000 }).wait(1500),
  'a segment that acknowledges the far past': (stream) => stream.send(DECOY, { at: 0, ack: 7_000 - 0x3000_0000 }).wait(1500),
  'a segment with a wrong sum, and a pause': (stream) => stream.send(DECOY, { at: 0, badChecksum: true }).wait(1500),
  'a segment of the next bytes with a wrong sum, and a pause': (stream) => stream.send(rest(DECOY), { at: 6, badChecksum: true }).wait(1500),
  'a segment with a wrong sum, and then a SYN': (stream) => stream.send(rest(DECOY), { at: 6, badChecksum: true }).send('', { at: -1, flags: SYN }),
};

for (const isServerSeen of [true, false]) {
  const seen = isServerSeen ? 'both ways' : 'of the client alone';
  for (const isn of [1000, 0x7fff_fff0, 0x8000_0000, 0xffff_fff0, 0xffff_fffe]) {
    const play = (lead: string, mislead: (stream: TcpStream) => unknown, hasFirst: boolean): string[] => {
      const stream = new TcpStream({ ...LIVE_OPTIONS, parseResponses: false }, isn);
      let sent = 0;
      const acknowledge = (bytes: number): void => {
        sent += bytes;
        if (isServerSeen) stream.answer('', { ack: isn + 1 + sent });
      };
      if (lead !== '') stream.send(lead, { at: 0 });
      if (lead !== '') acknowledge(lead.length);
      mislead(stream);
      if (lead === '') acknowledge(0);
      const all = (hasFirst ? FIRST : '') + TRUE + LAST;
      for (const end of [sent + 20, all.length - 10, all.length]) {
        stream.send(all.slice(sent, end), { at: sent });
        acknowledge(end - sent);
      }
      assert.deepEqual(stream.end(), []);
      return stream.exchanges.filter(({ request }) => request.complete)
        .map(({ request }) => `${request.target} ${Buffer.from(request.body, 'base64').toString()}`);
    };
    for (const [name, decoy] of Object.entries(DECOYS)) {
      test(`${seen}, first number ${isn}: ${name}`, () => {
        const told = play(FIRST + TRUE.slice(0, 6), decoy, true);
        for (const one of ['/first ', '/attack cmd=evil', '/last ']) assert.ok(told.includes(one), `${one} of ${told.join()}`);
      });
    }
    for (const [name, beginning] of Object.entries(BEGINNINGS)) {
      for (const answered of isServerSeen ? ['not at all', 'before it', 'behind it'] : ['not at all']) {
        test(`${seen}, first number ${isn}: it begins with ${name}, the server speaks ${answered}`, () => {
          const told = play('', (stream) => {
            if (answered === 'before it') stream.answer(RESPONSE, { ack: isn + 1 });
            beginning(stream);
            if (answered === 'behind it') stream.answer(RESPONSE, { ack: isn + 1 });
          }, false);
          for (const one of ['/attack cmd=evil', '/last ']) assert.ok(told.includes(one), `${one} of ${told.join()}`);
        });
      }
    }
  }
}
