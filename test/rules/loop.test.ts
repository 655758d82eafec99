import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopMarker } from '../../rebuilder/forward/loop-marker.ts';
import { isLoop } from '../../rebuilder/rules/loop.ts';
import { requestOf } from './request-of.ts';

const marker = new LoopMarker(Buffer.alloc(32, 7));
const ID = '00112233445566778899aabbccddeeff';
const lines = (id: string, mark: string): string[] => ['Host: h', `X-Mirror-Id: ${id}`, `X-Mirror-Loop: ${mark}`];

test('our own delivery is known by its marker', () => {
  assert.ok(isLoop(requestOf('GET / HTTP/1.1', lines(ID, marker.of(ID))), marker));
});

test('a client\'s own lines before ours do not hide it', () => {
  assert.ok(isLoop(requestOf('GET / HTTP/1.1', [...lines('x', 'y'), ...lines(ID, marker.of(ID))]), marker));
});

const FORGED: readonly (readonly [why: string, headers: readonly string[]])[] = [
  ['no marker', ['Host: h']],
  ['a made-up marker', lines(ID, '0'.repeat(32))],
  ['the marker of another id', lines('other', marker.of(ID))],
  ['another deployment\'s marker', lines(ID, new LoopMarker(Buffer.alloc(32, 8)).of(ID))],
  ['no id', ['Host: h', `X-Mirror-Loop: ${marker.of(ID)}`]],
  ['a marker cut short', lines(ID, marker.of(ID).slice(0, 31))],
];

for (const [why, headers] of FORGED) test(`goes on: ${why}`, () => assert.equal(isLoop(requestOf('GET / HTTP/1.1', headers), marker), false));
