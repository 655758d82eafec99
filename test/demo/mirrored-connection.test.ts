import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MAX_SEGMENT_BYTES, MirroredConnection } from '../../rebuilder/demo/mirrored-connection.ts';
import { TcpFlag } from '../../rebuilder/wire/packet.ts';
import { halves, segmentOf, type Segment } from './segments.ts';

function record(body: (connection: MirroredConnection) => void): Segment[] {
  const segments: Segment[] = [];
  body(
    new MirroredConnection(
      9,
      { address: Uint8Array.of(127, 0, 0, 1), port: 40000 },
      { address: Uint8Array.of(127, 0, 0, 1), port: 80 },
      (datagram) => segments.push(segmentOf(datagram)),
    ),
  );
  return segments;
}

test('begins with the three-way handshake', () => {
  const [syn, synAck, ack] = record(() => undefined);
  assert.deepEqual([syn!.flags, synAck!.flags, ack!.flags], [TcpFlag.syn, TcpFlag.syn | TcpFlag.ack, TcpFlag.ack]);
  assert.equal(synAck!.ack, (syn!.seq + 1) >>> 0);
  assert.equal(ack!.ack, (synAck!.seq + 1) >>> 0);
  assert.equal(ack!.seq, (syn!.seq + 1) >>> 0);
});

for (const length of [0, 1, MAX_SEGMENT_BYTES, MAX_SEGMENT_BYTES + 1, 100_000]) {
  test(`${length} bytes of each side come out in segments that join without a hole`, () => {
    const [request, response] = [randomBytes(length), randomBytes(length)];
    const segments = record((connection) => {
      connection.data('client', request);
      connection.data('server', response);
    });
    const { toServer, toClient } = halves(segments, 80);
    assert.ok(request.equals(toServer) && response.equals(toClient));
    for (const { payload, vni } of segments) assert.ok(payload.length <= MAX_SEGMENT_BYTES && vni === 9);
  });
}

test('each side ends once; what comes after its end is not copied', () => {
  const segments = record((connection) => {
    connection.end('client');
    connection.end('client');
    connection.data('client', randomBytes(5));
    connection.data('server', Buffer.from('late'));
    connection.end('server');
    connection.reset('server');
  });
  assert.equal(segments.filter(({ flags }) => (flags & TcpFlag.fin) !== 0).length, 2);
  assert.equal(segments.filter(({ flags }) => (flags & TcpFlag.rst) !== 0).length, 0);
  const { toServer, toClient } = halves(segments, 80);
  assert.deepEqual([toServer.length, toClient.toString()], [0, 'late']);
});

test('a reset ends both sides', () => {
  const segments = record((connection) => {
    connection.reset('client');
    connection.reset('server');
    connection.data('server', randomBytes(5));
  });
  assert.equal(segments.filter(({ flags }) => (flags & TcpFlag.rst) !== 0).length, 1);
  assert.equal(halves(segments, 80).toClient.length, 0);
});
