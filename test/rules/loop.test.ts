import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopMarker } from '../../rebuilder/forward/loop-marker.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Loops } from '../../rebuilder/rules/loop.ts';
import { requestOf } from './request-of.ts';

// requestOf's requests are of 1970.
const marker = new LoopMarker(Buffer.alloc(32, 7), () => 0);
const ID = '00112233445566778899aabbccddeeff';
const lines = (id: string, mark: string): string[] => ['Host: h', `X-Mirror-Id: ${id}`, `X-Mirror-Loop: ${mark}`];

const isLoop = (request: ReturnType<typeof requestOf>): boolean => new Loops(marker, new Ledger()).has(request);

test('our own delivery is known by its marker', () => {
  assert.ok(isLoop(requestOf('GET / HTTP/1.1', lines(ID, marker.of(ID)))));
});

test('a client\'s own lines before ours do not hide it', () => {
  assert.ok(isLoop(requestOf('GET / HTTP/1.1', [...lines('x', 'y'), ...lines(ID, marker.of(ID))])));
});

const FORGED: readonly (readonly [why: string, headers: readonly string[]])[] = [
  ['no marker', ['Host: h']],
  ['a made-up marker', lines(ID, '0'.repeat(32))],
  ['the marker of another id', lines('other', marker.of(ID))],
  ['another deployment\'s marker', lines(ID, new LoopMarker(Buffer.alloc(32, 8), () => 0).of(ID))],
  ['a marker of yesterday', lines(ID, new LoopMarker(Buffer.alloc(32, 7), () => -86_400_000).of(ID))],
  ['no id', ['Host: h', `X-Mirror-Loop: ${marker.of(ID)}`]],
  ['a marker cut short', lines(ID, marker.of(ID).slice(0, 31))],
];

for (const [why, headers] of FORGED) test(`goes on: ${why}`, () => assert.equal(isLoop(requestOf('GET / HTTP/1.1', headers)), false));

test('a copied marker hides a few requests and no more; other deliveries are recognised as before', () => {
  const ledger = new Ledger();
  const loops = new Loops(marker, ledger);
  const copy = requestOf('GET /etc/passwd HTTP/1.1', lines(ID, marker.of(ID)));
  let hidden = 0;
  for (let i = 0; i < 1000; i++) if (loops.has(copy)) hidden++;
  assert.equal(hidden, 16);
  assert.equal(ledger.get('rules.loop_marker_copied'), 984);
  for (let i = 0; i < 100_000; i++) {
    const id = i.toString(16).padStart(32, '0');
    assert.ok(loops.has(requestOf('GET / HTTP/1.1', lines(id, marker.of(id)))));
  }
});
