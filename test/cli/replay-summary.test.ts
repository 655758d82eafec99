import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replaySummary } from '../../rebuilder/cli/replay-summary.ts';
import { Ledger } from '../../rebuilder/ledger.ts';

test('three lines, each with the largest reasons of what did not go on', () => {
  const ledger = new Ledger();
  ledger.count('capture.frames', 1200);
  ledger.count('wire.udp.not_a_tunnel', 900);
  ledger.count('http.requests', 5);
  ledger.count('http.tls_bytes', 77);
  ledger.count('forward.submitted', 5);
  ledger.count('forward.delivered', 4);
  ledger.count('forward.deadline', 1);
  assert.deepEqual(replaySummary(ledger, 3 << 20, 1500, 'http://n:1').split('\n'), [
    'read       3.0 MiB, 1,200 packets, in 1.5 s; not: 900 wire.udp.not_a_tunnel (docs/ledger.md says what to do)',
    'rebuilt    5 requests, 0 responses; not: 77 http.tls_bytes (docs/ledger.md says what to do)',
    'delivered  4 of 5 requests to http://n:1; not: 1 forward.deadline (docs/ledger.md says what to do)',
  ]);
  ledger.count('http.second_readings', 2);
  assert.match(replaySummary(ledger, 1536, 1500, null), /^read       1\.5 KiB, [^]*\nrebuilt    5 requests, 2 in a second reading \(http\.second_readings\), 0 responses;/);
  assert.match(replaySummary(new Ledger(), 0, 1, null), /printed    0 exchanges$/);
});
