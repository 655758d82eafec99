import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { InnerFilter } from '../../rebuilder/wire/inner-filter.ts';
import { CollectedFrames } from '../collected-frames.ts';
import { geneve, tcpFrame, tcpPacket, udpPacket, vlan } from '../frames.ts';
import { absent } from '../installed.ts';

async function passes(
  t: TestContext, expression: string, cases: readonly (readonly [string, number, Uint8Array, boolean])[],
): Promise<void> {
  if (await loadLibpcap() === null) {
    absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
    return;
  }
  const sink = new CollectedFrames();
  const ledger = new Ledger();
  const filter = await InnerFilter.create(expression, sink, ledger);
  let refused = 0;
  for (const [name, link, bytes, expected] of cases) {
    const before = sink.frames.length;
    const buffer = Buffer.concat([Buffer.alloc(5), bytes, Buffer.alloc(5)]);
    filter.frame(link, buffer, 5, 5 + bytes.length, bytes.length, 1234.5, 42);
    assert.equal(sink.frames.length - before, expected ? 1 : 0, `${name}: ${expression}`);
    if (expected) {
      assert.deepEqual(
        sink.frames.at(-1),
        { link, bytes: new Uint8Array(bytes), originalLength: bytes.length, timeMs: 1234.5, outerSource: 42 },
      );
    } else {
      refused++;
    }
  }
  assert.equal(ledger.get('rules.inner_filtered'), refused);
  assert.equal(ledger.get('capture.frames'), refused, 'those handed on are counted where they arrive');
  filter.batchEnd(1);
  assert.equal(sink.batches, 1);
}

const web = tcpFrame('10.0.0.1:1', '10.0.0.2:80');
const other = tcpFrame('10.0.0.1:1', '10.0.0.2:81');
const inVxlan = (frame: Uint8Array): Uint8Array => geneve(0, udpPacket('192.0.2.1:80', '192.0.2.2:4789', encodeVxlan(1, frame)), [], EtherType.ipv4);

test('the innermost frame decides, in VXLAN, GENEVE and VXLAN inside GENEVE', async (t) => {
  await passes(t, 'tcp port 80', [
    ['VXLAN', LinkType.vxlan, encodeVxlan(1, web), true],
    ['VXLAN, another port', LinkType.vxlan, encodeVxlan(1, other), false],
    ['VXLAN with a VLAN', LinkType.vxlan, encodeVxlan(1, vlan(3, web)), false],
    ['GENEVE', LinkType.geneve, geneve(1, web), true],
    ['GENEVE, another port', LinkType.geneve, geneve(1, other), false],
    ['GENEVE around IP', LinkType.geneve, geneve(1, tcpPacket('10.0.0.1:1', '10.0.0.2:80'), [], EtherType.ipv4), true],
    ['GENEVE around IP, another port', LinkType.geneve, geneve(1, tcpPacket('10.0.0.1:1', '10.0.0.2:81'), [], EtherType.ipv4), false],
    ['VXLAN inside GENEVE', LinkType.geneve, inVxlan(web), true],
    ['VXLAN inside GENEVE, another port', LinkType.geneve, inVxlan(other), false],
    ['a broken header is left to be counted', LinkType.vxlan, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0), true],
  ]);
});

test('a frame that the capture cut is judged by the length it had', async (t) => {
  if (await loadLibpcap() === null) {
    absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
    return;
  }
  // Its own: what is wrapped around it does not count.
  const length = web.length + 1000;
  for (const [expression, expected] of [[`greater ${length}`, 1], [`greater ${length + 1}`, 0], [`less ${length}`, 1], [`less ${length - 1}`, 0]] as const) {
    const sink = new CollectedFrames();
    const filter = await InnerFilter.create(expression, sink, new Ledger());
    const bytes = encodeVxlan(1, web);
    filter.frame(LinkType.vxlan, bytes, 0, bytes.length, bytes.length + 1000, 1, 42);
    assert.equal(sink.frames.length, expected, expression);
  }
});

test('tags and Ethernet addresses can be asked for', async (t) => {
  await passes(t, 'vlan 3 and tcp port 80', [
    ['the VLAN', LinkType.vxlan, encodeVxlan(1, vlan(3, web)), true],
    ['another VLAN', LinkType.vxlan, encodeVxlan(1, vlan(4, web)), false],
    ['bare IP has none', LinkType.geneve, geneve(1, tcpPacket('10.0.0.1:1', '10.0.0.2:80'), [], EtherType.ipv4), false],
  ]);
});

test('an expression that is none is refused', async (t) => {
  if (await loadLibpcap() === null) {
    absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
    return;
  }
  const create = (expression: string): Promise<InnerFilter> =>
    InnerFilter.create(expression, new CollectedFrames(), new Ledger());
  await assert.rejects(create('prt 80'), { name: 'InterfaceError', message: /^filter "prt 80": / });
  await assert.rejects(create('ip6 protochain 6'), { name: 'InterfaceError', message: /protochain cannot be used here$/ });
});
