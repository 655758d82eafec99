import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canReceive, healthText, live, MAX_SILENCE_MS, ready } from '../../rebuilder/status/health.ts';
import { StubSource } from './stub-source.ts';

const NOW = 1_100_000;

const cases: readonly {
  name: string; set: (source: StubSource) => void; canReceive: boolean; ready: boolean; says: RegExp;
}[] = [
  { name: 'packets in, requests out', set: (s) => { s.last = NOW - 200; }, canReceive: true, ready: true, says: /last packet 0\.2 s ago/ },
  { name: 'just started, no packet yet', set: () => {}, canReceive: true, ready: false, says: /none since the start 100 s ago/ },
  { name: 'mirroring stopped', set: (s) => { s.last = NOW - MAX_SILENCE_MS - 1; }, canReceive: true, ready: false, says: /last packet 60 s ago/ },
  { name: 'the last packet in time', set: (s) => { s.last = NOW - MAX_SILENCE_MS; }, canReceive: true, ready: true, says: /last packet 60 s ago/ },
  { name: 'the clock stepped back', set: (s) => { s.last = NOW + 5000; }, canReceive: true, ready: true, says: /last packet 0\.0 s ago/ },
  {
    name: 'the detection node is dead: the load balancer must still send packets here',
    set: (s) => {
      s.last = NOW;
      s.node = { ...s.node, url: 'http://node:8445', condition: 'failing', detail: 'connection refused' };
    },
    canReceive: true, ready: false, says: /http:\/\/node:8445: connection refused/,
  },
  {
    name: 'of two endpoints the native nodes are away',
    set: (s) => {
      s.last = NOW;
      s.nativeNodes = [{ ...s.node, url: 'https://nodes:5080', condition: 'failing', detail: 'certificate has expired' }];
    },
    canReceive: true, ready: false, says: /https:\/\/nodes:5080: certificate has expired/,
  },
  {
    name: 'an endpoint that nobody has tried yet is no endpoint that answers',
    set: (s) => {
      s.last = NOW;
      s.node = { ...s.node, condition: 'untried', detail: 'no request was answered yet' };
    },
    canReceive: true, ready: false, says: /no request was answered yet/,
  },
  {
    name: 'an endpoint that takes connections while nothing is delivered',
    set: (s) => {
      s.last = NOW;
      s.node = { ...s.node, condition: 'reachable', detail: 'takes connections' };
    },
    canReceive: true, ready: true, says: /takes connections/,
  },
  {
    name: 'nothing is delivered, by configuration',
    set: (s) => {
      s.last = NOW;
      s.node = { ...s.node, url: null, condition: 'none', detail: 'nothing is delivered' };
    },
    canReceive: true, ready: true, says: /nothing is delivered/,
  },
  {
    name: 'the socket is closed: draining',
    set: (s) => {
      s.last = NOW;
      s.state = [{ description: 'vxlan 0.0.0.0:4789', bound: false }];
    },
    canReceive: false, ready: false, says: /vxlan 0\.0\.0\.0:4789: not open/,
  },
  {
    name: 'one of two sources is closed',
    set: (s) => {
      s.last = NOW;
      s.state = [{ description: 'vxlan', bound: true }, { description: 'eth1', bound: false }];
    },
    canReceive: false, ready: false, says: /"eth1: not open"/,
  },
  {
    name: 'no source at all',
    set: (s) => {
      s.last = NOW;
      s.state = [];
    },
    canReceive: false, ready: false, says: /no packet source is open/,
  },
];

for (const { name, set, canReceive: receives, ready: isReady, says } of cases) {
  test(name, () => {
    const source = new StubSource();
    set(source);
    assert.equal(canReceive(source).ok, receives);
    assert.equal(ready(source, NOW).ok, isReady);
    assert.equal(live(source, NOW).ok, true);
    assert.match(healthText(ready(source, NOW)), says);
  });
}

test('one JSON object a line, each with its reason', () => {
  const lines = healthText(ready(new StubSource(), NOW)).trimEnd().split('\n').map((line): { check: string; ok: boolean; reason: string } => JSON.parse(line));
  assert.deepEqual(lines.map(({ check }) => check), ['sockets bound', 'packets arriving', 'endpoint answering']);
  for (const line of lines) {
    assert.equal(typeof line.ok, 'boolean');
    assert.ok(line.reason.length > 0);
  }
});
