import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LoopMarker, PERIOD_MS, readLoopKey } from '../../rebuilder/forward/loop-marker.ts';

const NOW = 29_500_000 * 60_000;
const PERIOD = Math.floor(NOW / PERIOD_MS);
const markerOf = (key: Uint8Array): LoopMarker => new LoopMarker(key, () => NOW);
const marker = markerOf(Buffer.from('key'));

for (const keyLength of [1, 32, 63, 64, 65, 200]) {
  test(`the marker is HMAC-SHA256, cut: key of ${keyLength} bytes`, () => {
    const key = Buffer.alloc(keyLength, 0xa7);
    for (let length = 0; length <= 45; length++) {
      const id = '0123456789abcdef'.repeat(4).slice(0, length);
      assert.equal(markerOf(key).of(id), createHmac('sha256', key).update(`${id}@${PERIOD}`).digest('hex').slice(0, 32));
    }
  });
}

test('bytes beyond ASCII count as latin1', () => {
  assert.equal(marker.of('\xff\x80a'), createHmac('sha256', 'key').update(Buffer.from([0xff, 0x80, 0x61])).update(`@${PERIOD}`).digest('hex').slice(0, 32));
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
