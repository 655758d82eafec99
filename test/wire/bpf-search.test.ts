import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { compileFilter } from '../../rebuilder/capture/filter-compiler.ts';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { takenPackets } from '../../rebuilder/wire/bpf-search.ts';
import { uint16 } from '../../rebuilder/wire/big-endian.ts';
import { tcpFrame } from '../frames.ts';
import { absent } from '../installed.ts';

const hasLibpcap = async (t: TestContext): Promise<boolean> =>
  await loadLibpcap() !== null || absent(t, 'libpcap is not installed: apt-get install libpcap0.8');

const PORTS_AT = 34;

/** Ports of the packets that are found, with the bytes from `openAt` to `openEnd` open: by default the ports. */
async function found(expression: string, openAt = PORTS_AT, openEnd = PORTS_AT + 4): Promise<string[]> {
  const bytes = tcpFrame('10.0.0.1:1000', '10.0.0.2:2000', {}, 'x');
  const open = new Uint8Array(bytes.length).fill(0xff, openAt, openEnd);
  const before = bytes.slice();
  const taken = [...takenPackets(await compileFilter(expression, LinkType.ethernet), { bytes, open })];
  assert.deepEqual(bytes, before);
  for (const one of taken) {
    assert.deepEqual(one.subarray(0, openAt), before.subarray(0, openAt));
    assert.deepEqual(one.subarray(openEnd), before.subarray(openEnd));
  }
  return taken.map((one) => `${uint16(one, PORTS_AT)} ${uint16(one, PORTS_AT + 2)}`).sort();
}

test('every way in which open bits let a packet be taken is found', async (t) => {
  if (!await hasLibpcap(t)) return;
  assert.deepEqual(await found('tcp port 80'), ['1000 80', '80 2000']);
  assert.deepEqual(await found('dst port 80 or dst port 81'), ['1000 80', '1000 81']);
  assert.deepEqual(await found('src port 80 and dst port 81'), ['80 81']);
  assert.deepEqual(await found('dst portrange 80-90'), ['1000 90']);
  assert.deepEqual(await found('dst port 3000 or dst portrange 2500-2600'), ['1000 2500', '1000 3000']);
  assert.deepEqual(await found('tcp[2:2] & 0xff = 0x11'), ['1000 1809']);
  assert.deepEqual(await found('not dst port 2000'), ['1000 2001']);
  assert.deepEqual(await found('tcp[2:2] & 0xf000 = 0 and tcp[3] & 1 != 0'), ['1000 2001']);
});

test('what is not open stays, and may leave none', async (t) => {
  if (!await hasLibpcap(t)) return;
  assert.deepEqual(await found('host 10.0.0.9 and dst port 80'), []);
  assert.deepEqual(await found('dst port 80', PORTS_AT, PORTS_AT + 2), []);
  assert.deepEqual(await found('host 10.0.0.1'), ['1000 2000']);
  assert.deepEqual(await found('udp'), []);
});

test('a filter of countless ways is looked at for a bounded number of runs', async (t) => {
  if (!await hasLibpcap(t)) return;
  // Each of 40 bits may be set or not.
  const bits = Array.from({ length: 40 }, (_, i) => `(ether[${i >> 3}] & ${1 << (i & 7)} != 0 or ip[0] = 0x45)`).join(' and ');
  const ways = await found(bits, 0, 12);
  assert.ok(ways.length > 10_000 && ways.length <= 20_000, `${ways.length}`);
});
