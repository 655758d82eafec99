// A worker of test/service/workers.test.ts: counts datagrams, and does what their first byte says.
import { resourceLimits, workerData } from 'node:worker_threads';
import { DatagramReceiver } from '../rebuilder/capture/datagram-receiver.ts';
import { LinkType } from '../rebuilder/capture/frame-source.ts';
import { Packet } from '../rebuilder/wire/packet.ts';
import { SegmentsUnderWay } from '../rebuilder/service/segments-under-way.ts';
import { GAUGE_NAMES, type GaugeName, type WorkerData, workerShare } from '../rebuilder/service/worker-share.ts';

const share = workerShare();
if (!share) throw new Error('started as no worker');
if (share.data === 'fail at start') throw new Error('no licence to work');

const { ledger } = share;
const NOTHING = Object.fromEntries(GAUGE_NAMES.map((name) => [name, 0])) as Record<GaugeName, number>;
share.onSegment((segment) => {
  const packet = Object.assign(new Packet(), segment);
  share.report(`${packet.srcPort} ${Buffer.from(packet.bytes).toString()}`);
});
share.onStop(() => {
  void source.stop().then(() => process.exit(0));
});

const source = new DatagramReceiver('vxlan', LinkType.vxlan, {
  host: '127.0.0.1', port: share.inputs.vxlan?.port ?? 0, ledger, ...(share.inputs.vxlan ? { socket: share.inputs.vxlan } : {}),
});
await source.start({
  frame(_link, bytes, start) {
    ledger.count('capture.frames');
    if (bytes[start] === 0x21) throw new Error('a byte that kills');
    if (bytes[start] === 0x40) for (;;);
    if (bytes[start] === 0x7e) {
      share.report('in hand');
      const underWay = new SegmentsUnderWay((workerData as WorkerData).underWay);
      while (underWay.bytes(share.index) === 0);
      throw new Error('a byte that kills while a segment is under way');
    }
    if (bytes[start] === 0x23) return share.report(resourceLimits);
    if (bytes[start] === 0x3e) {
      const packet = new Packet();
      packet.srcPort = 4711;
      packet.bytes = Buffer.from(`from ${share.index}`);
      packet.payloadEnd = packet.bytes.length;
      share.handOver(1 - share.index, packet);
      return;
    }
    ledger.count('tcp.segments');
  },
  batchEnd(timeMs) {
    share.tell({ ...NOTHING, flows: ledger.get('capture.frames'), lastPacketMs: timeMs });
  },
});
share.ready();
