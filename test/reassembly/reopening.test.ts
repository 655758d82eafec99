// Addresses and ports used again: which packets are of the connection that there was, and which of the one that a SYN
// has opened, or would.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { TcpStream } from '../tcp-stream.ts';

const OPTIONS = { limits: { ...REPLAY_OPTIONS.limits, gapTimeoutMs: 1000, reorderMs: 200 }, parseResponses: false };
const SYN = 2;
const ACK = 16;
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const SERVER_ISN = new TcpStream().serverIsn;
const LENGTH = get('/1').length;
const MIB = 1 << 20;
/** Where the server's second stream begins, behind its first one's SYN. */
const SERVER_AT = 5_000_000;

const told = (stream: TcpStream): [string, number | undefined][] =>
  stream.exchanges.map(({ request }) => [request.target, request.reading]);
const counts = (stream: TcpStream, ...names: Parameters<TcpStream['ledger']['get']>[0][]): number[] => names.map((name) => stream.ledger.get(name));

/** A connection with one request, then a SYN at that offset of its stream. */
const withSynAt = (at: number): TcpStream => new TcpStream(OPTIONS).open().send(get('/1')).send('', { at, flags: SYN });
const serverSays = (stream: TcpStream, flags: number, ackAt: number): TcpStream =>
  stream.answer('', { at: SERVER_AT, flags, ack: (stream.isn + 1 + ackAt) | 0 });

for (const at of [900_000_000, -900_000_000]) {
  describe(`a SYN ${at > 0 ? 'far ahead' : 'far behind'}`, () => {
    const ack = SERVER_ISN + SERVER_AT + 1;
    const opened = (): TcpStream => withSynAt(at).send(get('/2'), { at: at + 1, ack });

    test('what follows it is a reading beside the connection, and its alone', () => {
      const stream = opened();
      assert.deepEqual(told(stream), [['/1', undefined], ['/2', 2]]);
      assert.deepEqual(counts(stream, 'tcp.candidates', 'tcp.candidate_bytes', 'tcp.pkt_out_of_window'), [1, LENGTH, 0]);
      assert.deepEqual(stream.end(), []);
    });

    test('the server takes it: its SYN-ACK, which came late and twice, begins nothing anew', () => {
      const stream = serverSays(serverSays(opened(), SYN | ACK, at + 1), SYN | ACK, at + 1);
      stream.send(get('/3'), { at: at + 1 + LENGTH, ack: SERVER_ISN + SERVER_AT + 2 });
      assert.deepEqual(told(stream).map(([target]) => target), ['/1', '/2', '/3']);
      assert.deepEqual(counts(stream, 'tcp.candidates', 'tcp.reopened', 'tcp.reassembly_gap'), [1, 1, 0]);
      assert.deepEqual(stream.end(), []);
    });

    test('the server acknowledges what followed it: it is the connection from then on, and its SYN sent again nothing new', () => {
      const stream = serverSays(opened(), ACK, at + 1 + LENGTH).send('', { at, flags: SYN })
        .send(get('/3'), { at: at + 1 + LENGTH, ack });
      assert.deepEqual(told(stream).map(([target]) => target), ['/1', '/2', '/3']);
      assert.deepEqual(counts(stream, 'tcp.candidates', 'tcp.reopened', 'tcp.reassembly_gap'), [1, 1, 0]);
      assert.deepEqual(stream.end(), []);
    });

    test('its SYN comes once more behind a megabyte, and data that were read before: still the same connection', () => {
      const body = 'x'.repeat(60_000);
      const head = `POST /3 HTTP/1.1\r\nContent-Length: ${20 * body.length}\r\n\r\n`;
      const stream = serverSays(opened(), ACK, at + 1 + LENGTH).send(head, { at: at + 1 + LENGTH, ack });
      for (let i = 0; i < 20; i++) stream.send(body, { at: at + 1 + LENGTH + head.length + i * body.length, ack });
      stream.send('', { at, flags: SYN }).send(get('/2'), { at: at + 1 });
      assert.deepEqual(told(stream).map(([target]) => target), ['/1', '/2', '/3']);
      assert.deepEqual(counts(stream, 'tcp.candidates', 'tcp.reopened'), [1, 1]);
      assert.deepEqual(stream.end(), []);
    });

    test('the server acknowledges more than was sent: that proves nothing', () => {
      const stream = serverSays(opened(), ACK, at + 1 + LENGTH + 50_000).send(get('/3'), { at: LENGTH, ack: SERVER_ISN + 1 }).wait(2000);
      assert.deepEqual(told(stream), [['/1', undefined], ['/2', 2], ['/3', undefined]]);
      assert.deepEqual(stream.end(), []);
    });

    test('joined in the middle: no SYN of the connection that there was', () => {
      const stream = new TcpStream(OPTIONS).send(get('/1')).wait(500).send('', { at, flags: SYN }).send(get('/2'), { at: at + 1 }).wait(2000);
      assert.deepEqual(told(stream), [['/1', undefined], ['/2', 2]]);
      assert.deepEqual(stream.end(), []);
    });
  });
}

// Each of them may be a decoy that the server never sees.
describe('several SYNs, each with another number', () => {
  const DECOYS = [300_000_000, 600_000_000, 1_200_000_000] as const;
  const MANY = Array.from({ length: 16 }, (_, i) => -700_000_000 - i * 10_000_000);
  const at = 900_000_000;
  const ack = SERVER_ISN + SERVER_AT + 1;

  for (const [why, decoys, left] of [
    ['one that a byte follows', DECOYS.slice(0, 1), 0], ['three that a byte follows', DECOYS, 0],
    ['fifteen that a byte follows', MANY.slice(1), 0],
    ['a sixteenth: the oldest makes room, and is counted', MANY, 1],
  ] as const) {
    describe(why, () => {
      const opened = (): TcpStream => {
        const stream = new TcpStream(OPTIONS).open().send(get('/1'));
        for (const decoy of decoys) stream.send('', { at: decoy, flags: SYN }).send('G', { at: decoy + 1, ack });
        return stream.send('', { at, flags: SYN }).send(get('/2'), { at: at + 1, ack });
      };

      test('what follows the last is told, and what follows one of the others', () => {
        const stream = opened();
        if (left === 0) stream.send(get('/3').slice(1), { at: decoys[0] + 2, ack });
        assert.deepEqual(told(stream).map(([target]) => target), left === 0 ? ['/1', '/2', '/3'] : ['/1', '/2']);
        assert.deepEqual(counts(stream, 'tcp.candidates', 'tcp.readings_limit'), [decoys.length + 1, left]);
        assert.deepEqual(stream.end(), []);
      });

      test('the server answers the last: it is the connection from then on', () => {
        const stream = serverSays(opened(), SYN | ACK, at + 1);
        stream.send(get('/3'), { at: at + 1 + LENGTH, ack: SERVER_ISN + SERVER_AT + 2 });
        assert.deepEqual(told(stream).map(([target]) => target), ['/1', '/2', '/3']);
        assert.deepEqual(counts(stream, 'tcp.reopened', 'tcp.reassembly_gap'), [1, 0]);
        assert.deepEqual(stream.end(), []);
      });

      test('the server acknowledges what followed the last', () => {
        const stream = serverSays(opened(), ACK, at + 1 + LENGTH).send(get('/3'), { at: at + 1 + LENGTH, ack });
        assert.deepEqual(told(stream).map(([target]) => target), ['/1', '/2', '/3']);
        assert.deepEqual(stream.end(), []);
      });
    });
  }
});

describe('segments that are not of the connection that a SYN would open', () => {
  for (const [why, at] of [['it would be ahead of them', 500_000], ['it would be far behind them', -2 * MIB]] as const) {
    test(`data, where ${why}`, () => {
      const stream = withSynAt(at).send(get('/2'), { at: LENGTH });
      assert.deepEqual(told(stream), [['/1', undefined], ['/2', undefined]]);
      assert.deepEqual(counts(stream, 'tcp.candidates'), [0]);
      assert.deepEqual(stream.end(), []);
    });
  }

  test('an empty one tells nothing', () => {
    const stream = withSynAt(900_000_000).send('', { at: 900_000_001 });
    assert.deepEqual(counts(stream, 'tcp.candidates'), [0]);
    assert.deepEqual(stream.end(), []);
  });
});

describe('a SYN-ACK whose SYN was seen', () => {
  for (const [why, ahead, reopened] of [
    ['it acknowledges just that', 0, 0], ['data that came with it, too (RFC 7413)', 100, 0], ['more than can have come with it', 70_000, 1], ['less: it answers another', -10, 1],
  ] as const) {
    test(why, () => {
      const stream = new TcpStream(OPTIONS).send('', { at: -1, flags: SYN });
      stream.answer('', { at: -1, flags: SYN | ACK, ack: stream.isn + 1 + ahead });
      assert.deepEqual(counts(stream, 'tcp.reopened'), [reopened]);
      assert.deepEqual(stream.end(), []);
    });
  }
});

describe('data of a SYN (RFC 7413) in a connection that there was', () => {
  const late = (stream: TcpStream): TcpStream => {
    stream.nowMs += 2_000;
    stream.pipeline.batchEnd(stream.nowMs);
    return stream;
  };
  const withData = (stream: TcpStream, at: number): TcpStream => stream.send(`${get('/syn')}GE`, { at, flags: SYN });
  const rest = 'T /next HTTP/1.1\r\nHost: a\r\n\r\n';
  const taken = get('/syn').length + 2;
  const sorted = (stream: TcpStream): [string, number | undefined][] =>
    told(stream).sort(([a, i], [b, k]) => (i ?? 1) - (k ?? 1) || (a < b ? -1 : 1));

  for (const [of, at, begin] of [
    ['one joined far off', -1, () => new TcpStream(OPTIONS).send(get('/1'), { at: -900_000_000 })],
    ['one that is far off', 800_000_000, () => new TcpStream(OPTIONS).open().send(get('/1'))],
  ] as const) {
    test(`of ${of}: they are read beside it, and what follows them`, () => {
      const stream = withData(begin(), at).send(rest, { at: at + 1 + taken });
      assert.deepEqual(stream.end(), []);
      assert.deepEqual(told(stream), [['/1', undefined], ['/syn', 2], ['/next', 2]]);
    });
  }

  test('the server takes them: its SYN-ACK proves the connection that they open', () => {
    const at = 800_000_000;
    const stream = withData(new TcpStream(OPTIONS).open().send(get('/1')), at);
    serverSays(stream, SYN | ACK, at + 1 + taken).send(rest, { at: at + 1 + taken });
    assert.deepEqual(stream.end(), []);
    assert.deepEqual([told(stream), ...counts(stream, 'tcp.reopened')], [[['/1', undefined], ['/syn', undefined], ['/next', undefined]], 1]);
  });

  test('the server takes the SYN and not its data: what it then gets is certain', () => {
    const at = 800_000_000;
    const stream = withData(new TcpStream(OPTIONS).open().send(get('/1')), at);
    serverSays(stream, SYN | ACK, at + 1).send(get('/other'), { at: at + 1 });
    assert.deepEqual(stream.end(), []);
    assert.deepEqual(sorted(stream), [['/1', undefined], ['/other', undefined], ['/syn', 2]]);
  });

  test('behind data of its own place that were read: a server without the connection takes these', () => {
    for (const begin of [new TcpStream(OPTIONS), new TcpStream(OPTIONS).send('', { at: -1, flags: SYN })]) {
      const stream = withData(late(begin.send(get('/1'), { at: 0 })), -1);
      assert.deepEqual(stream.end(), []);
      assert.ok(told(stream).some(([target, reading]) => target === '/syn' && reading !== undefined), JSON.stringify(told(stream)));
    }
  });

  test('the same ones sent again are no other reading, nor any where the server has shown that it is in the connection', () => {
    const again = late(new TcpStream(OPTIONS).send('', { at: -1, flags: SYN }).send(`${get('/syn')}GE`, { at: 0 }));
    const open = late(new TcpStream(OPTIONS).open().send(get('/1')).answer('HTTP/1.1 204 No Content\r\n\r\n'));
    for (const stream of [again, open]) {
      withData(stream, -1);
      assert.deepEqual(stream.end(), []);
      assert.deepEqual(told(stream).filter(([, reading]) => reading !== undefined), []);
    }
  });
});
