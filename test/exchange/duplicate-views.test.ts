// The same connection mirrored at two interfaces: one of its two views is told, whichever way a segment came.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { decapsulate } from '../../rebuilder/wire/decapsulate.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { tcpFrame, vxlanFrame } from '../frames.ts';

const REQUEST = 'GET /seen-twice HTTP/1.1\r\nHost: a\r\n\r\n';

test('a segment that another thread put together from fragments is one of a view, too', () => {
  const ledger = new Ledger();
  const told: string[] = [];
  const options = { ...REPLAY_OPTIONS, parseResponses: false };
  const pipeline = new Pipeline(options, ledger, { exchange: ({ id }) => told.push(id) });
  const frame = tcpFrame('10.0.0.1:1000', '10.0.0.2:80', {}, REQUEST);
  const view = (vni: number): Uint8Array => vxlanFrame(vni, frame);
  const first = view(1);
  pipeline.frame(LinkType.ethernet, first, 0, first.length, first.length, 1000, 0);
  const second = view(2);
  const packet = new Packet();
  assert.equal(decapsulate(LinkType.ethernet, second, 0, second.length, second.length, 0, packet), 'segment');
  pipeline.segment(packet, 1001);
  pipeline.flush();
  assert.equal(told.length, 1);
  assert.equal(ledger.get('http.duplicate_view'), 1);
});

test('the first request of all is told once, too, though the second interface shows it when it was told', () => {
  const ledger = new Ledger();
  const told: string[] = [];
  const options = { ...REPLAY_OPTIONS, parseResponses: false };
  const pipeline = new Pipeline(options, ledger, { exchange: ({ id }) => told.push(id) });
  const syn = tcpFrame('10.0.0.1:1000', '10.0.0.2:80', { seq: 0, flags: 2 });
  const request = tcpFrame('10.0.0.1:1000', '10.0.0.2:80', { seq: 1 }, REQUEST);
  for (const [vni, frame] of [[1, syn], [1, request], [2, syn], [2, request]] as const) {
    const bytes = vxlanFrame(vni, frame);
    pipeline.frame(LinkType.ethernet, bytes, 0, bytes.length, bytes.length, 1000, 0);
  }
  pipeline.flush();
  assert.equal(told.length, 1);
  assert.equal(ledger.get('http.duplicate_view'), 1);
});
