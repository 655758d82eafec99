// Where a stream begins, and what does not move that: a segment from before a SYN's data, an RST that answers one
// packet of a handshake, a SYN or SYN-ACK in a connection that only its server still has.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { TcpStream } from '../tcp-stream.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const OPTIONS = { ...LIVE_OPTIONS, parseResponses: false };
const post = (target: string, body: string): string =>
  `POST /${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
/** Long enough for the connection to be forgotten, if it is over. */
const LATER_MS = 2000;

/** Target, body and reading of all that was told whole. */
function told(stream: TcpStream): string[] {
  assert.deepEqual(stream.end(), []);
  return stream.exchanges.filter(({ request }) => request.complete)
    .map(({ request }) => `${request.target} ${Buffer.from(request.body, 'base64').toString()} ${request.reading ?? 1}`);
}

const has = (stream: TcpStream, one: string): void => {
  const all = told(stream);
  assert.ok(all.some((each) => each.startsWith(one)), `${one} of ${all.join(', ')}`);
};

describe('behind data of a SYN whose server is not seen comes a segment that begins before them', () => {
  const opened = (): TcpStream => new TcpStream(OPTIONS).send(post('syn', 'true'), { at: -1, flags: SYN });
  for (const at of [-1, -2, -30]) {
    test(`${-at} bytes before: the SYN's data are read as well`, () => {
      has(opened().send(post('later', 'less').slice(0, 45), { at }), '/syn true');
    });
    test(`${-at} bytes before, and it goes on beyond them`, () => {
      const data = post('syn', 'true');
      const later = `${'x'.repeat(data.length - at)}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`;
      has(opened().send(later, { at }), '/next');
    });
  }

  for (const [why, data] of [['the flags RST', { flags: RST }], ['no flag', { flags: 0 }]] as const) {
    test(`the connection of before was over, and data with ${why} come first`, () => {
      const stream = new TcpStream(OPTIONS).send('', { at: -1, flags: SYN }).send(post('first', 'a'))
        .send('', { flags: ACK | FIN }).wait(LATER_MS);
      stream.send(post('first', 'b'), { at: 0, ...data }).wait(LATER_MS);
      stream.send(post('syn', 'less').slice(0, 40), { at: 0, flags: SYN });
      has(stream.send(`x${post('not', 'true')}`, { at: 0 }), '/syn true');
    });
  }
});

describe('data at the number of a SYN', () => {
  const other = post('other', 'true');
  for (const [why, data] of [['without data', ''], ['with data', post('syn', 'less')]] as const) {
    test(`${why}: a server that has a connection reads them`, () => {
      const stream = new TcpStream(OPTIONS).send(data, { at: -1, flags: SYN });
      assert.ok(told(stream.send(other.slice(0, 9), { at: -1 }).send(other.slice(9), { at: 8 })).includes('/other true 2'));
    });
    test(`${why}: it acknowledges that number, and then that it has read them`, () => {
      const stream = new TcpStream(OPTIONS).send(data, { at: -1, flags: SYN });
      stream.answer('', { at: 500, ack: stream.isn });
      for (const [begin, end] of [[0, 20], [20, other.length]] as const) {
        stream.send(other.slice(begin, end), { at: begin - 1, ack: 7501 }).answer('', { at: 500, ack: stream.isn + end });
      }
      assert.ok(told(stream).includes('/other true 1'));
    });
  }

  test('a probe whether the peer lives is none', () => {
    const stream = new TcpStream(OPTIONS).send('', { at: -1, flags: SYN }).send('\0', { at: -1 }).send(other, { at: 0 });
    assert.deepEqual(told(stream), ['/other true 1']);
  });
});

describe('an RST of a server that has answered a SYN', () => {
  const data = post('syn', 'true');
  const opened = (): TcpStream => {
    const stream = new TcpStream(OPTIONS).send(data.slice(0, 30), { at: -1, flags: SYN });
    return stream.answer('', { at: -1, flags: SYN | ACK, ack: stream.isn + 31 });
  };
  /** Bytes that the server has already, and then the rest. */
  const rest = (stream: TcpStream): TcpStream => {
    stream.wait(LATER_MS).send(post('not', 'less').slice(0, 30) + data.slice(30, 40), { at: 0 });
    return stream.answer('', { ack: stream.isn + 41 }).send(data.slice(40), { at: 40 });
  };

  test('it refuses a packet before the last of the handshake: the connection goes on, and an acknowledgment proves it', () => {
    const stream = opened().send('', { at: 60, flags: SYN | ACK }).answer('', { at: 0, flags: RST });
    assert.deepEqual(told(rest(stream)), ['/syn true 1']);
  });

  test('… unless it has the flag ACK, or the handshake was over: then it ends the connection', () => {
    for (const [isOpen, flags] of [[true, RST | ACK], [false, RST]] as const) {
      const stream = opened();
      if (!isOpen) stream.send('', { at: 30 });
      stream.answer('', { at: 0, flags });
      assert.ok(!told(rest(stream)).includes('/syn true 1'));
    }
  });
});

describe('a connection that is over, but perhaps not for its server, which is not seen', () => {
  const decoy = post('one', 'less');
  const over = (): TcpStream => new TcpStream(OPTIONS).send('', { at: -1, flags: SYN })
    .send(decoy, { at: 0, ack: 8000 }).send('', { at: decoy.length, flags: ACK | FIN }).wait(LATER_MS);
  test('it goes on where it was, whatever SYN-ACKs its client sends', () => {
    const stream = over().send(post('two', 'true').slice(8), { at: 8 });
    for (const at of [24, 0]) stream.send('x', { at, flags: SYN | ACK });
    has(stream.send(decoy.slice(0, 30), { at: 0 }), '/one true');
  });
});

test('a server that waits for a place that nothing was read of may read it: a SYN ahead of that proves nothing', () => {
  const stream = new TcpStream(OPTIONS);
  stream.answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { ack: stream.isn + 1 });
  stream.send(post('less', 'a').slice(6), { at: 6, flags: SYN });
  const data = post('true', 'b');
  for (const [begin, end] of [[0, 20], [20, data.length]] as const) {
    stream.send(data.slice(begin, end), { at: begin }).answer('', { ack: stream.isn + 1 + end });
  }
  assert.deepEqual(told(stream), ['/true b 1']);
});
