import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mpls, tcpFrame } from '../frames.ts';
import { decode } from './outcomes.ts';

const frame = tcpFrame('10.0.0.1:1', '10.0.0.2:2');

test('labels end at the bottom of the stack', () => {
  assert.equal(decode(mpls([1, 2, 3, 4], frame)), 'segment');
});

test('a stack cut short, or around something else, is counted', () => {
  assert.equal(decode(mpls([1, 2], frame).subarray(0, 22)), 'wire.mpls.header_too_small');
  const other = mpls([1], frame);
  other[18] = 0xf0;
  assert.equal(decode(other), 'wire.mpls.unknown_payload_type');
  const controlWord = mpls([1], frame).subarray(0, 20);
  controlWord[18] = 0;
  assert.equal(decode(controlWord), 'wire.mpls.header_too_small');
});

test('labels without an end stop at the depth limit', () => {
  const endless = mpls(Array.from({ length: 100 }, (_, i) => i), frame);
  assert.equal(decode(endless), 'wire.max_depth');
});
