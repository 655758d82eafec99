// A fault in the program costs the packet that meets it and its connection, nothing else; and a clock that is set back
// stops nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { TcpStream } from '../tcp-stream.ts';

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

test('a fault in one packet costs that packet', async () => {
  const told: string[] = [];
  const warned = new Promise<Error>((resolve) => { process.once('warning', resolve); });
  const stream: TcpStream = new TcpStream({ parseResponses: false }, 1_000, {
    exchange: ({ bytes, targetStart, targetEnd }) => {
      const target = Buffer.from(bytes.subarray(targetStart, targetEnd)).toString();
      if (target === '/fault') throw new Error('injected');
      stream.ledger.count('http.exchanges');
      told.push(target);
    },
  });
  stream.open().send(get('/before')).send(get('/fault'));
  stream.clientPort++;
  stream.send(get('/neighbour'), { at: 0 });
  assert.deepEqual(told, ['/before']);
  stream.wait(0).pipeline.flush();
  assert.deepEqual(told, ['/before', '/neighbour']);
  assert.equal(stream.ledger.get('pipeline.faults'), 1);
  assert.deepEqual(stream.imbalance().filter(({ unit }) => unit === 'packets' || unit === 'bytes'), []);
  assert.match((await warned).message, /injected/);
});

test('a clock that is set back by an hour does not stop the timeouts', () => {
  const limits = { ...REPLAY_OPTIONS.limits, gapTimeoutMs: 1000, reorderMs: 200 };
  const stream = new TcpStream({ parseResponses: false, isLive: true, limits });
  stream.nowMs = 1_800_000_000_000;
  stream.open().send(get('/1')).send(get('/3'), { at: 2 * get('/2').length });
  stream.nowMs -= 3_600_000;
  stream.wait(1500);
  assert.deepEqual(stream.exchanges.map(({ request }) => request.target), ['/1', '/3']);
});
