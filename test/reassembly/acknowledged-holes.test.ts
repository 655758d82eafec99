// A hole that the server has acknowledged is bytes that the mirror lost: they never come, and are not waited for long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { TcpStream } from '../tcp-stream.ts';

const OPTIONS = { limits: { ...REPLAY_OPTIONS.limits, gapTimeoutMs: 1000, reorderMs: 200 }, parseResponses: false };
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const LENGTH = get('/1').length;
const HOLE = 2 * LENGTH;
const END = LENGTH + HOLE + LENGTH;

/** How far the server acknowledges, one packet after the other, and whether the hole is given up after 300 ms. */
const CASES: readonly (readonly [why: string, acknowledged: readonly number[], isGivenUp: boolean])[] = [
  ['not acknowledged: it may be under way', [LENGTH], false],
  ['acknowledged', [END], true],
  ['acknowledged, and an older acknowledgment comes late, as on two paths', [END, LENGTH], true],
  ['acknowledged twice', [END, END], true],
  ['acknowledged bit by bit', [LENGTH, END - 10, END], true],
];

for (const [why, acknowledged, isGivenUp] of CASES) {
  test(`a hole is ${isGivenUp ? 'given up soon' : 'waited for'}: ${why}`, () => {
    const stream = new TcpStream(OPTIONS).open().send(get('/1')).send(get('/2'), { at: LENGTH + HOLE });
    for (const offset of acknowledged) stream.answer('', { ack: stream.isn + 1 + offset });
    const told = (): string[] => stream.exchanges.map(({ request }) => request.target);
    assert.deepEqual(stream.wait(300) && told(), isGivenUp ? ['/1', '/2'] : ['/1']);
    assert.deepEqual(stream.wait(1000) && told(), ['/1', '/2']);
    assert.equal(stream.ledger.get('tcp.reassembly_gap_bytes'), HOLE);
    assert.deepEqual(stream.end(), []);
  });
}
