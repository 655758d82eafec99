// An indexed field costs its sender one byte, whatever its length: what is told of a request, and sent to a node, is no
// thousandfold of what was received. What a block says is all told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameFlag, FrameType } from '../../rebuilder/http2/frame.ts';
import { TcpStream } from '../tcp-stream.ts';
import { BEGIN, GET, block, frame } from './http2-frames.ts';

const LONG = 'b'.repeat(3900);
const NEWEST = Buffer.of(0xbe);
const WHOLE = FrameFlag.endHeaders | FrameFlag.endStream;

/** What is told of a second request that ends with `rest`, when the first has put `field` into the table. */
function told(
  field: readonly [string, string], rest: Uint8Array, isWhole = true,
): { stream: TcpStream; headers: string[][] } {
  const stream = new TcpStream({ parseResponses: false }).open();
  const request = (streamId: number, more: Uint8Array): Buffer => (
    frame(FrameType.headers, WHOLE, streamId, Buffer.concat([block(GET), more]))
  );
  stream.send(Buffer.concat([BEGIN, request(1, block([field], true)), request(3, rest)]));
  assert.deepEqual(stream.end(), []);
  assert.deepEqual(stream.exchanges.map(({ request: { complete } }) => complete), [true, isWhole]);
  return { stream, headers: stream.exchanges[1]!.request.headers.map(([name, value]) => [name, value]) };
}

test('of a long field that is taken from the table again and again two copies are told, and all behind; it is not whole', () => {
  const again = Array<Buffer>(200).fill(NEWEST);
  const { stream, headers } = told(['a', LONG], Buffer.concat([...again, block([['x', 'last']])]), false);
  assert.equal(headers.filter(([, value]) => value === LONG).length, 2);
  assert.deepEqual(headers.at(-1), ['x', 'last']);
  assert.equal(stream.ledger.get('http.http2_repeated_fields'), 198);
});

test('short fields, and literal copies of long ones, are all told', () => {
  const short = told(['a', 'b'], Buffer.concat(Array<Buffer>(20).fill(NEWEST)));
  assert.equal(short.headers.filter(([, value]) => value === 'b').length, 20);
  const literal = told(['a', LONG], block(Array<[string, string]>(5).fill(['a', LONG])));
  assert.equal(literal.headers.filter(([, value]) => value === LONG).length, 5);
  for (const { stream } of [short, literal]) assert.equal(stream.ledger.get('http.http2_repeated_fields'), 0);
});
