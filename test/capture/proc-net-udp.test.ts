import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropsOfPort } from '../../rebuilder/capture/proc-net-udp.ts';

const TABLE = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 3157: 0100007F:12B5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18236 2 0000000000000000 12
 3157: 00000000:12B5 00000000:0000 07 00000000:00033900 00:00000000 00000000     0        0 18237 2 0000000000000000 30
 4000: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18238 2 0000000000000000 5
`;

test('drops are summed over the sockets of one port', () => {
  assert.equal(dropsOfPort(TABLE, 4789), 42);
  assert.equal(dropsOfPort(TABLE, 68), 5);
  assert.equal(dropsOfPort(TABLE, 12), 0);
  assert.equal(dropsOfPort('', 12), 0);
});
