import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoints } from '../../rebuilder/http/message.ts';
import { http1Context, MOST_SPARE } from '../../rebuilder/http1/http1-context.ts';
import { type RequestReader, Requests } from '../../rebuilder/http1/requests.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { NOWHERE } from '../../rebuilder/reassembly/stream-sink.ts';

const HALF = Buffer.from('GET / HTTP/1.1\r\nHos');
const FROM = { ack: 0, timeMs: 0, ipId: 0 };
const ENDS: Endpoints = {
  clientAddress: '10.0.1.7', clientPort: 41_000, serverAddress: '10.0.2.9', serverPort: 80, vni: null, proxied: null,
};
const reader: RequestReader = {
  ...NOWHERE, told: () => {}, otherReadings: () => {}, lost: () => {}, otherBody: () => {},
};

test('of a flood of halves not all is kept for later messages', () => {
  const budget = new Budget(1 << 30);
  const context = http1Context(new Ledger(), budget, 65_536, 65_536);
  const all = Array.from({ length: 2 * MOST_SPARE }, () => new Requests(context, ENDS, reader));
  for (const { framer } of all) framer.read(HALF, 0, HALF.length, 0, FROM);
  assert.ok(all.every(({ framer }) => framer.unfinished));
  for (const { framer } of all) framer.discard();
  assert.equal(context.spareProgress.length, MOST_SPARE);
  assert.deepEqual([budget.usedBytes, context.pendingBytes], [0, 0]);
  for (const { framer } of all) framer.read(HALF, 0, HALF.length, 0, FROM);
  assert.equal(context.spareProgress.length, 0);
});

test('what is no message keeps its bytes, though others come into the memory that it was held in', () => {
  const context = http1Context(new Ledger(), new Budget(1 << 30), 65_536, 65_536);
  const { framer } = new Requests(context, ENDS, reader);
  const line = Buffer.from('neither a request ');
  framer.read(line, 0, line.length, 0, FROM);
  const rest = Buffer.from('nor anything else\r\n');
  framer.read(rest, 0, rest.length, line.length, FROM);
  assert.ok(framer.isNone);
  const bytes = framer.releaseNone();
  new Requests(context, ENDS, reader).framer.read(HALF, 0, HALF.length, 0, FROM);
  assert.equal(bytes.toString(), line.toString());
});
