import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from './outcomes.ts';

const ethernet = Buffer.concat([Buffer.alloc(12), Buffer.of(0x88, 0x64)]);

test('PPPoE without IP, or cut short, is counted', () => {
  assert.equal(decode(Buffer.concat([ethernet, Buffer.of(0x11, 0, 0, 1, 0, 4, 0xc0, 0x21, 0, 0)])), 'wire.pppoe.not_ip');
  assert.equal(decode(Buffer.concat([ethernet, Buffer.of(0x11, 0, 0, 1, 0, 4, 0xc0)])), 'wire.pppoe.pkt_too_small');
});
