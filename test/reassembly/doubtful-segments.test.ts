import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { TcpStream } from '../tcp-stream.ts';

const LIVE = {
  limits: { ...REPLAY_OPTIONS.limits, gapTimeoutMs: 1000, reorderMs: 200, stallTimeoutMs: 1500 },
  parseResponses: false,
};
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const targets = (stream: TcpStream): string[] => stream.exchanges.map(({ request }) => request.target);

describe('segments with a wrong checksum', () => {
  test('a true copy wins, and the other is told as another reading', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/decoy'), { badChecksum: true }).send(get('/truth'), { at: 0 });
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.reading ?? 1]), [['/truth', 1], ['/decoy', 2]]);
    assert.deepEqual(stream.end(), []);
    assert.equal(stream.exchanges.length, 2);
  });

  test('one right sum among wrong ones (offload) loses nothing, one-way', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/1'));
    for (let i = 2; i < 20; i++) stream.send(get(`/${i}`), { badChecksum: true }).wait(100);
    stream.wait(1500);
    assert.deepEqual(targets(stream), Array.from({ length: 19 }, (_, i) => `/${i + 1}`));
    assert.deepEqual(stream.end(), []);
  });

  test('a decoy that is waited for, then the true bytes: both are inspected', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/decoy'), { badChecksum: true }).wait(1500);
    stream.send(get('/truth'), { at: 0 }).wait(200);
    assert.deepEqual(targets(stream), ['/decoy', '/truth']);
    assert.deepEqual(stream.end(), []);
  });

  test('also behind several decoys', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/decoy1'), { badChecksum: true }).wait(1500);
    stream.send(get('/decoy2'), { badChecksum: true }).wait(1500);
    stream.send(get('/truth1'), { at: 0 }).send(get('/truth2'), { at: get('/truth1').length }).wait(200);
    assert.deepEqual(targets(stream), ['/decoy1', '/decoy2', '/truth1', '/truth2']);
    assert.deepEqual(stream.end(), []);
  });

  test('where no sum was ever right, none is looked at', () => {
    const stream = new TcpStream(LIVE);
    stream.send(get('/1'), { badChecksum: true }).send(get('/2'), { badChecksum: true }).wait(300);
    assert.deepEqual(targets(stream), ['/1', '/2']);
    assert.equal(stream.ledger.get('tcp.invalid_checksum'), 0);
    assert.deepEqual(stream.end(), []);
  });
});
