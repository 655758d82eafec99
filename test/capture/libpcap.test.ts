import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BPF_PROGRAM_SIZE, loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { absent } from '../installed.ts';

test('libpcap is bound once, and compiles', async (t) => {
  const libpcap = await loadLibpcap();
  if (libpcap === null) {
    absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
    return;
  }
  assert.equal(await loadLibpcap(), libpcap);
  assert.match(libpcap.version(), /libpcap version \d/);
  const dead = libpcap.openDead(1, 65535);
  const program = new Uint8Array(BPF_PROGRAM_SIZE);
  assert.equal(libpcap.compile(dead, program, 'tcp port 80', 1, 0xffffffff), 0);
  assert.ok(new DataView(program.buffer).getUint32(0, true) > 5);
  libpcap.freeCode(program);
  assert.equal(libpcap.compile(dead, program, 'tcp prot 80', 1, 0xffffffff), -1);
  assert.match(libpcap.lastError(dead), /syntax/);
  libpcap.close(dead);
});
