// When an acknowledgment proves what was read without one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpFlag } from '../../rebuilder/wire/packet.ts';
import { TcpStream } from '../tcp-stream.ts';
import { Unproven } from '../../rebuilder/reassembly/unproven.ts';

function doubted(): Unproven {
  const unproven = new Unproven();
  unproven.fromDoubt(100, 120);
  return unproven;
}

test('what was read from there on is doubtful until its end is acknowledged', () => {
  const unproven = doubted();
  assert.deepEqual([100, 101].map((seq) => unproven.isDoubtfulAt(seq)), [false, true]);
  // Had the receiver the doubted bytes, it would acknowledge all of them.
  unproven.acknowledged(110, false);
  assert.equal(unproven.isDoubtfulAt(130), true);
  unproven.acknowledged(120, false);
  assert.equal(unproven.isAny, false);
});

test('its place was sent again: an acknowledgment proves it only where all readings are one', () => {
  const unproven = doubted();
  unproven.again(90, 105);
  unproven.acknowledged(140, false);
  assert.equal(unproven.isDoubtfulAt(140), true);
  unproven.acknowledged(150, true);
  assert.equal(unproven.isAny, false);
});

test('what comes before or behind it contests nothing', () => {
  for (const [seq, end] of [[80, 100], [120, 130]] as const) {
    const unproven = doubted();
    unproven.again(seq, end);
    unproven.acknowledged(120, false);
    assert.equal(unproven.isAny, false);
  }
});

test('several that follow one another are proven with the last of them', () => {
  const unproven = doubted();
  unproven.fromDoubt(120, 140);
  unproven.acknowledged(120, false);
  assert.equal(unproven.isDoubtfulAt(120), true);
  unproven.acknowledged(140, false);
  assert.equal(unproven.isAny, false);
});

test('behind a hole its last byte that is acknowledged proves that it was none', () => {
  const unproven = new Unproven();
  unproven.fromHole(80, 90);
  unproven.fromHole(95, 100);
  unproven.acknowledged(99, true);
  assert.equal(unproven.isBehindHole, true);
  unproven.acknowledged(100, false);
  assert.equal(unproven.isBehindHole, false);
});

for (const isn of [1000, 0x9000_0000]) {
  test(`a connection joined in the middle, from number ${isn} on, whose first request an RST answered: nothing is certain`, () => {
    const stream = new TcpStream({}, isn);
    stream.send('GET /a HTTP/1.1\r\nHost: a\r\n\r\n').answer('', { flags: TcpFlag.rst });
    assert.deepEqual(stream.end(), []);
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.reading]), [['/a', 2]]);
  });
}
