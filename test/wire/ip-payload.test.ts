import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipFrame, outerIpv4 } from '../frames.ts';
import { decode } from './outcomes.ts';

test('protocols that hold no TCP are counted as such', () => {
  for (const protocol of [1, 2, 50, 58, 59, 89, 132, 255]) {
    assert.equal(decode(ipFrame(outerIpv4(protocol, new Uint8Array(60)))), 'wire.ip.not_tcp', String(protocol));
  }
});
