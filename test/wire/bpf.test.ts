import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Readable } from 'node:stream';
import { globSync } from 'tinyglobby';
import { compileFilter } from '../../rebuilder/capture/filter-compiler.ts';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { PcapFile } from '../../rebuilder/capture/pcap-file.ts';
import { translateGoreplay } from '../../rebuilder/config/goreplay.ts';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { BpfProgram } from '../../rebuilder/wire/bpf.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import { pcapFile } from '../capture-files.ts';
import { framesOf } from '../collected-frames.ts';
import { fragments, ipFrame, ipv6, ipv6Padding, mpls, outerIpv4, tcpFrame, tcpPacket, udpPacket, vlan, vxlanFrame } from '../frames.ts';
import { absent, installed } from '../installed.ts';
import { randomNumbers } from '../random-numbers.ts';

const portForm = (form: string, ...args: string[]): string => translateGoreplay(form, args).interfaces[0]!.filter;

const EXPRESSIONS: readonly string[] = [
  'tcp', 'udp or icmp', 'ip6', 'arp', 'port 80', 'tcp port 80', 'src port 80', 'tcp dst port 8080', 'portrange 1-1024', 'not port 80',
  'host 10.0.0.1', 'net 10.0.0.0/8', 'src net 192.168.0.0/16 and not dst net 192.168.0.0/16', 'ip6 host 2001:db8::1', 'ip6 net 2001:db8::/32',
  'vlan', 'vlan 7', 'vlan and port 80', 'vlan and vlan and tcp', 'port 80 or (vlan and port 80) or (vlan and vlan and port 80)',
  'mpls', 'mpls and tcp port 80', 'ether host 02:00:00:00:00:01', 'ether proto 0x0806', 'ether[0] & 1 != 0',
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0', 'tcp[tcpflags] & tcp-push != 0 and tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420',
  'ip[0] & 0xf != 5', 'ip[6:2] & 0x1fff = 0', 'ip[6:2] & 0x3fff != 0', 'ip6[6] == 44',
  'len > 500', 'greater 1000', 'less 100', 'ip[2:2] * 2 > 1000', 'ip[2:2] / 3 > 100', 'ip[2:2] % 7 == 3', 'ip[8] - 1 > 63', 'ip[2:2] << 1 > 900',
  'ip[2:2] ^ 0xffff > 64000', 'ip[1] | 1 == 1', '(ip[2:2] - ((ip[0] & 0xf) << 2)) - ((tcp[12] & 0xf0) >> 2) != 0', 'len - ip[2:2] == 14',
  'ether[len - 1] = 0', 'tcp[len / 20] > 100', 'ether broadcast or ip multicast', 'tcp port 80 and (src host 10.0.0.1 or dst host 10.0.0.2)',
  portForm('eth0:80'), portForm('eth0:80,443'), portForm(':80'), portForm('eth0:80', '-input-raw-vlan', '-input-raw-vlan-vid', '7'),
  portForm('eth0:', '-input-raw-vlan'), portForm('10.0.0.1:80'),
];

async function frames(): Promise<Uint8Array[]> {
  const four = tcpFrame('10.0.0.1:1234', '10.0.0.2:80', {}, 'GET / HTTP/1.1\r\n\r\n');
  const six = tcpFrame('[2001:db8::1]:1234', '[2001:db8::2]:80', {}, 'GET / HTTP/1.1\r\n\r\n');
  const extended = ipv6({ source: '2001:db8::1', destination: '2001:db8::2', extensions: [ipv6Padding(Protocol.hopByHop)] }, six.subarray(54));
  const made = [
    four, six, ipFrame(extended), tcpFrame('10.0.0.1:1234', '10.0.0.2:80', { ip: { options: new Uint8Array(8).fill(1) } }, 'x'.repeat(2000)),
    vlan(7, four), vlan(8, four), vlan(7, six), vlan(100, vlan(7, four), EtherType.serviceVlan),
    vlan(100, vlan(7, six)),
    mpls([1], four), mpls([1, 2], six), vxlanFrame(5, four), ipFrame(udpPacket('10.0.0.1:80', '10.0.0.2:53', new Uint8Array(30))),
    ...fragments(four.subarray(14), 16).map(ipFrame), ...fragments(six.subarray(14), 16).map(ipFrame),
    ...[four, six, vlan(7, four)].flatMap((frame) => [20, 34, 38, 50].map((length) => frame.subarray(0, length))),
    ipFrame(outerIpv4(Protocol.ipv4, tcpPacket('10.1.0.1:1', '10.1.0.2:80'))),
  ];
  for (const file of globSync('../shared/captures/*.{pcap,pcapng}').sort()) {
    const captured = await framesOf(new PcapFile(file));
    made.push(...captured.filter(({ link }) => link === LinkType.ethernet).slice(0, 12).map(({ bytes }) => bytes));
  }
  return made;
}

async function hasLibpcap(t: TestContext): Promise<boolean> {
  return await loadLibpcap() !== null || absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
}

test('tcpdump and this machine take the same frames for every kind of expression', async (t) => {
  if (!installed(t, 'tcpdump') || !await hasLibpcap(t)) return;
  const folder = mkdtempSync(join(tmpdir(), 'bpf-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'frames.pcap');
  const all = await frames();
  // The time tells which frame it is.
  writeFileSync(file, pcapFile(all.map((bytes, i) => ({ bytes, timeMs: i * 1000 }))));
  for (const expression of EXPRESSIONS) {
    const output = execFileSync('tcpdump', ['-r', file, '-w', '-', expression], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });
    const theirs = (await framesOf(new PcapFile(Readable.from([output])))).map(({ timeMs }) => timeMs / 1000);
    const program = new BpfProgram(await compileFilter(expression, LinkType.ethernet));
    const ours: number[] = [];
    all.forEach((frame, i) => {
      // Standing anywhere in a buffer whose other bytes must not count.
      const buffer = new Uint8Array(frame.length + 64).fill(0x50);
      buffer.set(frame, 31);
      if (program.accepts(buffer, 31, 31 + frame.length, frame.length)) ours.push(i);
    });
    assert.deepEqual(ours, theirs, expression);
  }
});

test('the port form matches plain, VLAN and QinQ frames of its port, and no others', async (t) => {
  if (!await hasLibpcap(t)) return;
  const program = new BpfProgram(await compileFilter(portForm('eth0:80'), LinkType.ethernet));
  for (const [port, expected] of [[80, true], [81, false]] as const) {
    for (const frame of [tcpFrame('10.0.0.1:9', `10.0.0.2:${port}`), tcpFrame(`[2001:db8::1]:${port}`, '[2001:db8::2]:9')]) {
      for (
        const tagged of [frame, vlan(5, frame), vlan(6, vlan(5, frame)), vlan(6, vlan(5, frame), EtherType.serviceVlan)]
      ) {
        assert.equal(program.accepts(tagged, 0, tagged.length, tagged.length), expected);
      }
    }
  }
});

test('the filters that the pages show take every fragment of a packet, extension headers, and no other port', async (t) => {
  if (!await hasLibpcap(t)) return;
  const [, ofConfiguration] = /^\*\*Filters\*\* [^]*?```\n([^`]*)\n```/m.exec(readFileSync('docs/configuration.md', 'utf8')) ?? [];
  const [, yaml] = /^ {3}```yaml\n([^]*?)^ {3}```/m.exec(readFileSync('docs/install.md', 'utf8')) ?? [];
  const [ofInstall] = parseConfig(yaml!, 'install.md').settings.tcpStream.fromInterface;
  for (const expression of [ofConfiguration!.replaceAll('\n', ' '), ofInstall!.filter, portForm('eth0:80')]) {
    const program = new BpfProgram(await compileFilter(expression, LinkType.ethernet));
    const accepts = (frame: Uint8Array): boolean => program.accepts(frame, 0, frame.length, frame.length);
    for (const [from, to] of [['10.0.0.1:9', '10.0.0.2'], ['[2001:db8::1]:9', '[2001:db8::2]']] as const) {
      const pieces = fragments(tcpPacket(from, `${to}:80`, {}, 'x'.repeat(40)), 16).map(ipFrame);
      assert.ok(pieces.length > 2);
      for (const frame of pieces) assert.deepEqual([accepts(frame), accepts(vlan(7, frame))], [true, true]);
      const [whole, other] = [80, 81].map((port) => tcpFrame(from, `${to}:${port}`));
      const headers = to.startsWith('[') ? [Protocol.hopByHop, Protocol.routing, Protocol.destinationOptions] : [];
      for (const protocol of headers) {
        const addresses = { source: '2001:db8::1', destination: '2001:db8::2' };
        const extended = ipFrame(ipv6({ ...addresses, extensions: [ipv6Padding(protocol)] }, whole!.subarray(54)));
        assert.deepEqual([extended, vlan(7, extended)].map(accepts), [true, true]);
      }
      assert.deepEqual([whole!, other!, vlan(7, whole!), vlan(7, other!)].map(accepts), [true, false, true, false]);
    }
  }
});

test('an expression that is none is refused in the words of libpcap', async (t) => {
  if (!await hasLibpcap(t)) return;
  await assert.rejects(compileFilter('tcp prot 80', LinkType.ethernet), { name: 'InterfaceError', message: /^filter "tcp prot 80": .*syntax/ });
});

function program(
  ...instructions: readonly (readonly [code: number, jumpTrue: number, jumpFalse: number, k: number])[]
): Uint8Array {
  const bytes = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([code, jumpTrue, jumpFalse, k], i) => {
    bytes.writeUInt16LE(code, i * 8);
    bytes[i * 8 + 2] = jumpTrue;
    bytes[i * 8 + 3] = jumpFalse;
    bytes.writeInt32LE(k | 0, i * 8 + 4);
  });
  return bytes;
}

const run = (bytes: Uint8Array, packet = Uint8Array.of(1, 2, 3, 4)): boolean =>
  new BpfProgram(bytes).accepts(packet, 0, packet.length, packet.length);

test('programs that could leave their bounds are refused before they run', () => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [program(), /no instructions/],
    [program([0x0f, 0, 0, 0]), /unknown code 0xf/],
    [program([0x05, 0, 0, 1], [0x06, 0, 0, 0]), /jumps out/],
    [program([0x05, 0, 0, 0xffffffff], [0x06, 0, 0, 0]), /jumps out/],
    [program([0x15, 1, 0, 0], [0x06, 0, 0, 0]), /jumps out/],
    [program([0x06, 0, 0, 1], [0x00, 0, 0, 0]), /does not end with a return/],
    [program([0x60, 0, 0, 16], [0x06, 0, 0, 0]), /memory/],
    [program([0x02, 0, 0, -1], [0x06, 0, 0, 0]), /memory/],
    [program([0x34, 0, 0, 0], [0x06, 0, 0, 0]), /divides by zero/],
  ];
  for (const [bytes, expected] of cases) assert.throws(() => new BpfProgram(bytes), expected);
});

test('what a filter compiler seldom writes works too', () => {
  const returnA: readonly [number, number, number, number] = [0x16, 0, 0, 0];
  const withA = (a: number, ...rest: (readonly [number, number, number, number])[]): boolean =>
    run(program([0x00, 0, 0, a], ...rest, returnA));
  assert.equal(withA(5, [0x14, 0, 0, 5]), false);                               // 5 - 5
  assert.equal(withA(0, [0x84, 0, 0, 0]), false);                               // -0
  assert.equal(withA(7, [0x01, 0, 0, 0], [0x3c, 0, 0, 0]), false);              // division by X = 0 refuses
  assert.equal(withA(7, [0x01, 0, 0, 0], [0x9c, 0, 0, 0]), false);
  assert.equal(withA(1, [0x64, 0, 0, 32]), false);                              // all bits shifted out
  assert.equal(withA(-1, [0x74, 0, 0, 32]), false);
  assert.equal(withA(-1, [0x74, 0, 0, 31], [0x14, 0, 0, 1]), false);            // shifts are unsigned
  assert.equal(withA(-1, [0x34, 0, 0, 0x10000], [0x14, 0, 0, 0xffff]), false);  // and so are divisions
  assert.equal(withA(3, [0x02, 0, 0, 15], [0x00, 0, 0, 0], [0x60, 0, 0, 15]), true);
  assert.equal(withA(3, [0x07, 0, 0, 0], [0x03, 0, 0, 2], [0x61, 0, 0, 2], [0x87, 0, 0, 0], [0x14, 0, 0, 3]), false);
  assert.equal(run(program([0x20, 0, 0, 0], returnA)), true);
  assert.equal(run(program([0x20, 0, 0, 1], returnA)), false, 'a load from beyond the end');
  assert.equal(run(program([0x20, 0, 0, 0xfffff000], [0x06, 0, 0, 1])), false, 'the extensions of Linux are not there');
});

test('programs of random instructions end, and read nothing outside the packet', () => {
  const random = randomNumbers(7);
  const codes = [
    0x00, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x80, 0x01, 0x61, 0x81, 0xb1, 0x02, 0x03, 0x04, 0x0c, 0x14,
    0x24, 0x2c, 0x3c, 0x54, 0x6c, 0x7c, 0x9c, 0xac, 0x05, 0x15, 0x1d, 0x25, 0x35, 0x45, 0x07, 0x87,
  ];
  let accepted = 0;
  for (let i = 0; i < 20_000; i++) {
    const count = 1 + random(20);
    const instructions = Array.from({ length: count }, (_, at) => {
      const left = count - at;
      const code = codes[random(codes.length)]!;
      return [code, random(left), random(left), code === 0x05 ? random(left) : random(16)] as const;
    });
    const bytes = program(...instructions, [0x16, 0, 0, 0]);
    if (run(bytes, new Uint8Array(random(16)).fill(0xa5))) accepted++;
  }
  assert.ok(accepted > 100);
});
