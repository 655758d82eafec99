import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameFlag } from '../../rebuilder/http2/frame.ts';
import { TcpStream } from '../tcp-stream.ts';
import { BEGIN, POST, data, headers } from './http2-frames.ts';

test('a hole that is the length of the padding leaves a body that is not known to be whole', () => {
  const stream = new TcpStream({ parseResponses: false }).open();
  const padded = data(1, '\x05body\0\0\0\0\0', FrameFlag.padded | FrameFlag.endStream);
  const before = Buffer.concat([BEGIN, headers(1, POST, 0), padded.subarray(0, 9)]);
  stream.send(before).send(padded.subarray(10), { at: before.length + 1 }).close().wait(60_000);
  assert.deepEqual(stream.end(), []);
  assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.complete]), [['/a', false]]);
});
