// The server's half of a connection that speaks HTTP/2: dropped because a fault ended its connection, it gives back
// what it held, tells nothing, and reads no more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http1Context } from '../../rebuilder/http1/http1-context.ts';
import { FrameFlag, FrameType } from '../../rebuilder/http2/frame.ts';
import { Http2Responses } from '../../rebuilder/http2/responses.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { SETTINGS, block, data, frame, headers } from './http2-frames.ts';

const FROM = { ack: 7, timeMs: 1, ipId: 3 };
const STATUS: readonly [string, string][] = [[':status', '200'], ['server', 'a long enough name']];
const begun = (fields: Buffer): Buffer => frame(FrameType.headers, FrameFlag.endStream, 1, fields);

for (const [where, bytes] of [
  ['in a frame\'s head', data(1, 'more').subarray(0, 5)],
  ['in a field', begun(block(STATUS).subarray(0, 12))],
  ['behind a field', begun(block(STATUS))],
  ['in two bodies', Buffer.concat([headers(1, STATUS, 0), data(1, 'half of it', 0), headers(3, STATUS, 0), data(3, 'and', 0)])],
] as const) {
  test(`dropped ${where}`, () => {
    const budget = new Budget(1 << 20);
    const context = http1Context(new Ledger(), budget, 512, 65_536);
    const told: number[] = [];
    const note = (streamId: number): number => told.push(streamId);
    const responses = new Http2Responses(context, true, note, note);
    const whole = Buffer.concat([SETTINGS, bytes]);
    assert.equal(responses.frames.read(whole, 0, whole.length, 1, FROM), whole.length);
    assert.ok(context.pendingBytes > 0 || budget.usedBytes > 0, 'it holds something');
    responses.discard();
    responses.discard();
    assert.deepEqual([context.pendingBytes, budget.usedBytes, told, responses.frames.isOver], [0, 0, [], true]);
  });
}
