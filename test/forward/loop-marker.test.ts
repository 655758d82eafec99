import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installed } from '../installed.ts';
import { LoopMarker, PERIOD_MS, readLoopKey } from '../../rebuilder/forward/loop-marker.ts';

const NOW = 29_500_000 * 60_000;
const PERIOD = Math.floor(NOW / PERIOD_MS);
const markerOf = (key: Uint8Array): LoopMarker => new LoopMarker(key, () => NOW);
const marker = markerOf(Buffer.from('key'));

/** Keyed BLAKE2s by Python's hashlib, which is the reference implementation (RFC 7693, appendix). */
function blake2s(asked: readonly { key: Uint8Array; text: Buffer }[]): string[] {
  const program = 'import sys, json, hashlib\n'
    + 'print(*[hashlib.blake2s(bytes.fromhex(t), key=bytes.fromhex(k), digest_size=16).hexdigest() for k, t in json.load(sys.stdin)])';
  const input = JSON.stringify(asked.map(({ key, text }) => [Buffer.from(key).toString('hex'), text.toString('hex')]));
  return execFileSync('python3', ['-c', program], { input, encoding: 'utf8' }).trim().split(' ');
}

for (const keyLength of [1, 31, 32, 33, 64, 200]) {
  test(`the marker is keyed BLAKE2s: key of ${keyLength} bytes`, (t) => {
    if (!installed(t, 'python3')) return;
    const given = Buffer.alloc(keyLength, 0xa7);
    const key = keyLength > 32 ? createHash('sha256').update(given).digest() : given;
    const ids = Array.from({ length: 150 }, (_, length) => '0123456789abcdef'.repeat(10).slice(0, length));
    const expected = blake2s(ids.map((id) => ({ key, text: Buffer.from(`${id}@${PERIOD}`) })));
    assert.deepEqual(ids.map((id) => markerOf(given).of(id)), expected);
  });
}

test('what is written into a head is the marker that is recognised there', () => {
  const id = '0123456789abcdef'.repeat(2);
  const bytes = Buffer.from(`..${id}`);
  const to = Buffer.concat([bytes, Buffer.alloc(40)]);
  assert.equal(marker.write(to, 2, 34, 36), 68);
  assert.ok(marker.isOwn(to.toString('latin1', 36, 68), id, NOW));
});

test('bytes beyond ASCII count as latin1', (t) => {
  if (!installed(t, 'python3')) return;
  const text = Buffer.concat([Buffer.from([0xff, 0x80, 0x61]), Buffer.from(`@${PERIOD}`)]);
  assert.deepEqual([marker.of('\xff\x80a')], blake2s([{ key: Buffer.from('key'), text }]));
});

test('our own marker is recognised, a forged one is not', () => {
  const id = 'a'.repeat(32);
  const own = marker.of(id);
  assert.ok(marker.isOwn(own, id, NOW));
  assert.ok(!marker.isOwn(own, 'b'.repeat(32), NOW));
  assert.ok(!marker.isOwn(markerOf(Buffer.from('another key')).of(id), id, NOW));
  for (let i = 0; i < own.length; i++) {
    assert.ok(!marker.isOwn(own.slice(0, i) + (own[i] === '0' ? '1' : '0') + own.slice(i + 1), id, NOW));
  }
  assert.ok(!marker.isOwn('', id, NOW));
  assert.ok(!marker.isOwn(own + '0', id, NOW));
  assert.ok(!marker.isOwn(own.toUpperCase(), id, NOW) || own === own.toUpperCase());
});

test('the marker of version 0.1.0 is recognised: both run while a group of instances is replaced', () => {
  const id = '0123456789abcdef'.repeat(2);
  const was = (period: number): string => createHmac('sha256', 'key').update(`${id}@${period}`).digest('hex').slice(0, 32);
  const fits = [-2, -1, 0, 1, 2].map((step) => marker.isOwn(was(PERIOD + step), id, NOW));
  assert.deepEqual(fits, [false, true, true, true, false]);
  assert.ok(!markerOf(Buffer.from('another')).isOwn(was(PERIOD), id, NOW));
});

test('a marker fits for minutes: its period and the ones beside it', () => {
  const id = 'a'.repeat(32);
  const own = marker.of(id);
  const fits = [-2, -1, 0, 1, 2].map((periods) => marker.isOwn(own, id, NOW + periods * PERIOD_MS));
  assert.deepEqual(fits, [false, true, true, true, false]);
  assert.ok(marker.isOwn(own, id, NOW), 'looking at other periods changes nothing');
  assert.equal(marker.of(id), own);
});

test('an id of any length a client may write has a marker of its own', () => {
  const markers = new Set([0, 55, 56, 57, 64, 119, 120, 1_000].map((length) => marker.of('a'.repeat(length))));
  assert.equal(markers.size, 8);
});

test('the key comes from a file, or is random', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'loop-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  writeFileSync(file, '0123456789abcdef0123456789abcdef\n');
  assert.equal(Buffer.from(readLoopKey(file)).toString(), '0123456789abcdef0123456789abcdef');
  assert.notDeepEqual(readLoopKey(''), readLoopKey(''));
  writeFileSync(file, 'short');
  assert.throws(() => readLoopKey(file), /forward\.loop_key_file: .*key holds 5 bytes, at least 16 are needed; write one with: openssl rand -hex 32/);
  assert.throws(() => readLoopKey(join(folder, 'none')), /forward\.loop_key_file: .*none cannot be read \(ENOENT\)/);
});
