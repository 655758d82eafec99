// A reader that is copied to read other bytes than its original goes on as the original would: in a block whose last
// field has come, it knows what is missing of it; dropped, it gives back what it held.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http1Context } from '../../rebuilder/http1/http1-context.ts';
import { FrameFlag, FrameType } from '../../rebuilder/http2/frame.ts';
import { Http2Requests } from '../../rebuilder/http2/requests.ts';
import type { HttpRequest } from '../../rebuilder/http/http-request.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { ENDPOINTS } from '../forward/request-builder.ts';
import { BEGIN, GET, POST, block, data, frame, headers } from './http2-frames.ts';

const HEAD_BYTES = 512;
const FROM = { ack: 7, timeMs: 1, ipId: 3 };
const LAST = frame(FrameType.continuation, FrameFlag.endHeaders, 1);

/** A reader and a copy of it, which tell the requests' losses. */
class Pair {
  readonly budget = new Budget(1 << 20);
  readonly context = http1Context(new Ledger(), this.budget, HEAD_BYTES, 65_536);
  readonly told: (readonly string[] | null)[] = [];
  readonly main = this.#reader();
  readonly copy = this.#reader();
  #at = 0;

  #reader(): Http2Requests {
    return new Http2Requests(this.context, ENDPOINTS, ({ lost }: HttpRequest) => this.told.push(lost));
  }

  read(...pieces: Buffer[]): this {
    for (const bytes of pieces) {
      this.main.read(bytes, 0, bytes.length, this.#at, FROM);
      this.#at += bytes.length;
    }
    return this;
  }

  /** The copy begins, and reads on alone. */
  readAside(bytes: Buffer): this {
    assert.ok(this.copy.readBeside(this.main));
    this.copy.read(bytes, 0, bytes.length, this.#at, FROM);
    return this;
  }
}

const begun = (fields: Buffer): Buffer => frame(FrameType.headers, FrameFlag.endStream, 1, fields);

test('copied where the block had become too long', () => {
  const long = block([...GET, ['x', 'y'.repeat(HEAD_BYTES)]]);
  assert.deepEqual(new Pair().read(BEGIN, begun(long), LAST).told, [['http.head_limit']]);
  assert.deepEqual(new Pair().read(BEGIN, begun(long)).readAside(LAST).told, [['http.head_limit']]);
});

test('copied where fields of the block refer to what is not known', () => {
  const pair = new Pair().read(BEGIN);
  pair.main.gap(50);
  // Frames again: a request, then one whose last field is of the table before the hole.
  pair.read(
    headers(1, GET), frame(FrameType.headers, FrameFlag.endStream, 3, Buffer.concat([block(GET), Buffer.from([0xbe])])),
  );
  pair.readAside(frame(FrameType.continuation, FrameFlag.endHeaders, 3));
  assert.deepEqual(pair.told, [null, ['tcp.reassembly_gap']]);
});

for (const [where, bytes] of [
  ['in a frame\'s head', data(1, 'more').subarray(0, 5)],
  ['in a field', begun(block(GET).subarray(0, 12))],
  ['behind a field', begun(block(GET))],
  ['in a body', Buffer.concat([headers(1, POST, 0), data(1, 'half of it', 0)])],
] as const) {
  test(`dropped ${where}: it gives back what it held`, () => {
    const pair = new Pair().read(BEGIN, bytes);
    const { pendingBytes } = pair.context;
    const { usedBytes } = pair.budget;
    assert.ok(pair.copy.readBeside(pair.main));
    pair.copy.discard();
    pair.copy.discard();
    assert.deepEqual([pair.context.pendingBytes, pair.budget.usedBytes], [pendingBytes, usedBytes]);
    pair.main.end();
    pair.main.discard();
    assert.deepEqual([pair.context.pendingBytes, pair.budget.usedBytes], [0, 0]);
  });
}
