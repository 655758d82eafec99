import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import ipaddr from 'ipaddr.js';
import { DatagramReceiver } from '../../rebuilder/capture/datagram-receiver.ts';
import { workerOf } from '../../rebuilder/capture/flow-hash.ts';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { loadLibc } from '../../rebuilder/capture/libc.ts';
import { openSocketGroup } from '../../rebuilder/capture/socket-group.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { RecordingSink } from './recording-sink.ts';

const libc = await loadLibc();
const skip = libc ? false : 'socket groups need Linux and koffi';

interface Flow { src: string; dst: string; srcPort: number; dstPort: number }

interface IpOptions { fragmentBits?: number; ipOptions?: number; protocol?: number }

function ipPacket(flow: Flow, { fragmentBits = 0, ipOptions = 0, protocol = 6 }: IpOptions = {}): Buffer {
  const src = Buffer.from(ipaddr.parse(flow.src).toByteArray());
  const dst = Buffer.from(ipaddr.parse(flow.dst).toByteArray());
  const ports = Buffer.alloc(20);
  ports.writeUInt16BE(flow.srcPort, 0);
  ports.writeUInt16BE(flow.dstPort, 2);
  if (src.length === 16) {
    const header = Buffer.alloc(8);
    header[0] = 0x60;
    header.writeUInt16BE(ports.length, 4);
    header[6] = protocol;
    return Buffer.concat([header, src, dst, ports]);
  }
  const header = Buffer.alloc(12);
  header[0] = 0x45 + ipOptions / 4;
  header.writeUInt16BE(40 + ipOptions, 2);
  header.writeUInt16BE(fragmentBits, 6);
  header[9] = protocol;
  return Buffer.concat([header, src, dst, Buffer.alloc(ipOptions, 1), ports]);
}

function etherType(flow: Flow): string {
  return flow.src.includes(':') ? '86dd' : '0800';
}

function ethernet(flow: Flow, ip: Buffer, tags = ''): Buffer {
  return Buffer.concat([Buffer.from(`02000000000102000000000${tags === '' ? 2 : 3}${tags}${etherType(flow)}`, 'hex'), ip]);
}

const VXLAN = Buffer.from('0800000000056100', 'hex');

/** A GENEVE header with `options` bytes of options. */
function geneve(protocol: string, options: number): Buffer {
  return Buffer.concat([Buffer.from([options / 4, 0]), Buffer.from(`${protocol}00056100`, 'hex'), Buffer.alloc(options, 0xaa)]);
}

/** A VXLAN datagram as the IPv4 packet a GWLB endpoint would carry. */
function asIpPacket(vxlan: Buffer): Buffer {
  const udp = Buffer.from('ffff12b500000000', 'hex');
  udp.writeUInt16BE(8 + vxlan.length, 4);
  return Buffer.concat([
    ipPacket({ src: '10.1.1.1', dst: '10.1.1.2', srcPort: 0, dstPort: 0 }, { protocol: 17 }).subarray(0, 20), udp, vxlan,
  ]);
}

/**
 * How a packet can lie in a datagram. `ports: false` = the kernel's program sees no ports, so only the addresses place
 * it.
 */
const LAYOUTS: Record<string, { tunnel: 'vxlan' | 'geneve'; family: 4 | 6; ports: boolean; build: (flow: Flow) => Buffer }> = {
  'IPv4': { tunnel: 'vxlan', family: 4, ports: true, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f))]) },
  'IPv4 with options': {
    tunnel: 'vxlan', family: 4, ports: true, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f, { ipOptions: 12 }))]),
  },
  'IPv4 in a VLAN': { tunnel: 'vxlan', family: 4, ports: true, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f), '81000064')]) },
  'IPv4 in QinQ': {
    tunnel: 'vxlan', family: 4, ports: true, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f), '88a8000181000064')]),
  },
  'first fragments': {
    tunnel: 'vxlan', family: 4, ports: false, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f, { fragmentBits: 0x2000 }))]),
  },
  'last fragments': {
    tunnel: 'vxlan', family: 4, ports: false, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f, { fragmentBits: 185 }))]),
  },
  'UDP': { tunnel: 'vxlan', family: 4, ports: false, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f, { protocol: 17 }))]) },
  'IPv6': { tunnel: 'vxlan', family: 6, ports: true, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f))]) },
  'IPv6 in a VLAN': { tunnel: 'vxlan', family: 6, ports: true, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f), '81000064')]) },
  'IPv6 fragments': {
    tunnel: 'vxlan', family: 6, ports: false, build: (f) => Buffer.concat([VXLAN, ethernet(f, ipPacket(f, { protocol: 44 }))]),
  },
  'GENEVE of IPv4 with the options of a GWLB': {
    tunnel: 'geneve', family: 4, ports: true, build: (f) => Buffer.concat([geneve('0800', 32), ipPacket(f)]),
  },
  'GENEVE of IPv6': { tunnel: 'geneve', family: 6, ports: true, build: (f) => Buffer.concat([geneve('86dd', 0), ipPacket(f)]) },
  'GENEVE of Ethernet': {
    tunnel: 'geneve', family: 4, ports: true, build: (f) => Buffer.concat([geneve('6558', 8), ethernet(f, ipPacket(f))]),
  },
  'GENEVE of VXLAN': {
    tunnel: 'geneve', family: 4, ports: true,
    build: (f) => Buffer.concat([geneve('0800', 32), asIpPacket(Buffer.concat([VXLAN, ethernet(f, ipPacket(f), '81000064')]))]),
  },
};

function flows(family: 4 | 6, count: number): Flow[] {
  return Array.from({ length: count }, (_, i) => ({
    src: family === 4 ? `10.0.${i % 7}.${1 + (i % 50)}` : `2600:1f18:0:${i % 7}::${(1 + (i % 50)).toString(16)}`,
    dst: family === 4 ? '10.0.2.9' : '2600:1f18::9',
    srcPort: 32_768 + ((i * 7919) % 28_000),
    dstPort: i % 3 === 0 ? 80 : 8080,
  }));
}

const reverse = (flow: Flow): Flow => ({ src: flow.dst, dst: flow.src, srcPort: flow.dstPort, dstPort: flow.srcPort });

function addresses(flow: Flow): number {
  let words = 0;
  for (const address of [flow.src, flow.dst]) {
    const bytes = Buffer.from(ipaddr.parse(address).toByteArray());
    for (let i = 0; i < bytes.length; i += 4) words ^= bytes.readInt32BE(i);
  }
  return words;
}

/** Sends datagrams one by one to a group of real sockets and says which socket got each. */
async function placed(tunnel: 'vxlan' | 'geneve', workers: number, datagrams: readonly Buffer[]): Promise<number[]> {
  const group = openSocketGroup(libc!, tunnel, workers, { host: '127.0.0.1', port: 0, receiveBufferBytes: 1 << 20 });
  const sinks = group.sockets.map(() => new RecordingSink());
  const sources = group.sockets.map((socket) => new DatagramReceiver(tunnel, LinkType[tunnel], {
    host: '127.0.0.1', port: group.port, socket, ledger: new Ledger(),
  }));
  for (const [i, source] of sources.entries()) await source.start(sinks[i]!);
  const sender = createSocket('udp4');
  for (const [i, datagram] of datagrams.entries()) {
    const numbered = Buffer.concat([datagram, Buffer.from([i >> 8, i & 0xff])]);
    await new Promise((resolve) => { sender.send(numbered, group.port, '127.0.0.1', resolve); });
  }
  const total = (): number => sinks.reduce((sum, sink) => sum + sink.frames.length, 0);
  while (total() < datagrams.length) await setTimeout(1);
  const result: number[] = [];
  sinks.forEach((sink, worker) =>
    sink.frames.forEach(({ bytes }) => {
      result[bytes.readUInt16BE(bytes.length - 2)] = worker;
    }),
  );
  for (const source of sources) await source.stop();
  group.close();
  sender.close();
  return result;
}

for (const [name, { tunnel, family, ports, build }] of Object.entries(LAYOUTS)) {
  test(`the kernel places ${name} where workerOf says, both directions alike`, { skip }, async () => {
    const workers = name === 'IPv4' ? 2 : 3;
    const all = flows(family, name === 'IPv4' ? 400 : 120);
    const got = await placed(tunnel, workers, all.flatMap((flow) => [build(flow), build(reverse(flow))]));
    const perWorker = new Array<number>(workers).fill(0);
    all.forEach((flow, i) => {
      const expected = workerOf(addresses(flow), ports ? flow.srcPort : 0, ports ? flow.dstPort : 0, workers);
      assert.deepEqual([got[2 * i], got[2 * i + 1]], [expected, expected], JSON.stringify(flow));
      perWorker[expected]!++;
    });
    // A worker may get half more or less than its share of so few flows, not all or nothing.
    if (ports) {
      for (const n of perWorker) assert.ok(n > all.length / workers / 2 && n < all.length / workers * 1.5, `uneven: ${perWorker.join(' ')}`);
    }
  });
}

test('all fragments of a datagram meet', { skip }, async () => {
  const all = flows(4, 100);
  const got = await placed('vxlan', 4, all.flatMap((flow, i) => [
    Buffer.concat([VXLAN, ethernet(flow, ipPacket(flow, { fragmentBits: 0x2000 }))]),
    // Where the ports would be there is data now.
    Buffer.concat([VXLAN,
      ethernet(flow, ipPacket({ ...flow, srcPort: i * 131, dstPort: i * 17 }, { fragmentBits: 0x2000 | 100 }))]),
    Buffer.concat([VXLAN, ethernet(flow, ipPacket({ ...flow, srcPort: i * 3, dstPort: i }, { fragmentBits: 200 }))]),
  ]));
  all.forEach((_, i) => assert.equal(new Set(got.slice(3 * i, 3 * i + 3)).size, 1));
  assert.equal(new Set(got).size, 4);
});

test('what is not IP, or too short to say, goes to one worker', { skip }, async () => {
  const arp = Buffer.concat([VXLAN, Buffer.from('ffffffffffff02000000000108060001080006040001', 'hex')]);
  assert.deepEqual(await placed('vxlan', 3, [arp, VXLAN, Buffer.alloc(0), Buffer.alloc(30)]), [0, 0, 0, 0]);
});
