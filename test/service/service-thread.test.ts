import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { ServiceThread } from '../../rebuilder/service/service-thread.ts';
import { encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { geneve, tcpFrame, udpPacket } from '../frames.ts';

/** How many of these frames the service leaves out by their VNI. */
async function refused(
  t: TestContext,
  tcpStream: string,
  link: number,
  frames: readonly Uint8Array[],
): Promise<boolean[]> {
  const { settings } = parseConfig(`mode: tcp-capture-v2\ntcp_stream: ${tcpStream}\n`, 'test');
  const ledger = new Ledger();
  const thread = new ServiceThread(settings, ledger, Buffer.alloc(32), null);
  t.after(() => thread.drain(0));
  return frames.map((bytes, i) => {
    const before = ledger.get('rules.vni_filtered');
    thread.pipeline.frame(link, bytes, 0, bytes.length, bytes.length, 1_700_000_000_000 + i, 0);
    return ledger.get('rules.vni_filtered') > before;
  });
}

const frame = tcpFrame('10.0.0.1:4000', '10.0.0.2:80');
const vxlan = (vni: number): Uint8Array => encodeVxlan(vni, frame);
/** A mirror session's VXLAN inside the GENEVE of a Gateway Load Balancer. */
const nested = (outer: number, inner: number): Uint8Array =>
  geneve(outer, udpPacket('192.0.2.1:80', '192.0.2.2:4789', encodeVxlan(inner, frame)), [], EtherType.ipv4);

test('VXLAN: any VNI, those that are listed, all but those that are excluded', async (t) => {
  assert.deepEqual(await refused(t, '{from_vxlan: {enabled: true}}', LinkType.vxlan, [vxlan(0), vxlan(7)]), [false, false]);
  assert.deepEqual(await refused(t, '{from_vxlan: {enabled: true, vni_filter: [7]}}', LinkType.vxlan, [vxlan(0), vxlan(7), vxlan(8)]), [true, false, true]);
});

test('GENEVE: its own VNI decides, and that of the VXLAN inside it by a list of its own', async (t) => {
  const frames = [nested(1, 5), nested(1, 6), nested(2, 5), geneve(1, frame), geneve(2, frame)];
  assert.deepEqual(await refused(t, '{from_geneve: {enabled: true}}', LinkType.geneve, frames), [false, false, false, false, false]);
  assert.deepEqual(await refused(t, '{from_geneve: {enabled: true, vni_filter: [1]}}', LinkType.geneve, frames), [false, false, true, false, true]);
  assert.deepEqual(await refused(t, '{from_geneve: {enabled: true, inner_vni_filter: [5]}}', LinkType.geneve, frames), [false, true, false, false, false]);
  assert.deepEqual(await refused(t, '{from_geneve: {enabled: true, vni_filter: [2], inner_vni_filter: [5]}}', LinkType.geneve, frames), [true, true, false, true, false]);
});
