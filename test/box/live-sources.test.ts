// Every way into the service gives the same exchanges as the capture file of the same traffic: interfaces with and
// without tags, VXLAN, GENEVE.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test, type TestContext } from 'node:test';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { exchangeOutput } from '../../rebuilder/cli/exchange-output.ts';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { REPLAY_OPTIONS, replay } from '../../rebuilder/cli/replay.ts';
import { encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { pcapFile } from '../capture-files.ts';
import { ANY_PORTS, RunningService, file, folder, ledgerOf } from '../command-line.ts';
import { gatewayOptions, geneve, ipFrame, tcpFrame, udpPacket, vlan, vxlanFrame } from '../frames.ts';
import { absent, installed } from '../installed.ts';
import { twoWayFrames } from '../two-way-traffic.ts';
import { Namespace, cable, leftovers } from './namespaces.ts';

const FRAMES_PER_SECOND = 10_000;

/** The frame of one packet in the different dresses it is mirrored in. */
type Dress = (frame: Uint8Array) => Uint8Array;
const PLAIN: Dress = (frame) => frame;
const GATEWAY = gatewayOptions(7n, 8n, 9);

/** Reads a file of exchanges, as far as it is written. */
function exchangesIn(path: string): ExchangeJson[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => JSON.parse(line) as ExchangeJson);
}

async function expectedOf(t: TestContext, frames: readonly Uint8Array[]): Promise<ExchangeJson[]> {
  const exchanges: ExchangeJson[] = [];
  const ledger = new Ledger();
  await replay([file(t, 'same.pcap', pcapFile(frames.map((bytes, i) => ({ bytes, timeMs: 1_700_000_000_000 + i / 10 }))))], REPLAY_OPTIONS,
    exchangeOutput('jsonl', (line) => exchanges.push(JSON.parse(line.toString()) as ExchangeJson), ledger), ledger);
  return exchanges;
}

/** Everything but the clock: by id, in an order of its own. */
const timeless = (exchanges: readonly ExchangeJson[]): unknown[] => exchanges
  .map((exchange) => ({ ...exchange, time: '' })).sort((a, b) => (a.id < b.id ? -1 : 1));

const configuration = (sources: string, kept: string): string => `
mode: tcp-capture-v2
workers: 0
tcp_stream:
  parse_responses: true
${sources.replace(/^(?=.)/gm, '  ')}
exchanges: {file: ${kept}}
${ANY_PORTS}`;

async function enough(service: RunningService, kept: string, count: number): Promise<ExchangeJson[]> {
  for (const deadline = Date.now() + 60_000; ;) {
    const exchanges = exchangesIn(kept);
    if (exchanges.length >= count || Date.now() > deadline || service.child.exitCode !== null) return exchanges;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Stops the service. @returns what the kernel dropped on the way */
async function drops(service: RunningService, kept: string, count: number): Promise<number> {
  await enough(service, kept, count);
  assert.equal(await service.stop(), 0, service.said.stderr);
  const ledger = ledgerOf(service.said.stderr);
  return (ledger['capture.kernel_drops'] ?? 0) + (ledger['capture.interface_drops'] ?? 0);
}

/** Stops the service. Nothing may have been dropped on the way. */
async function finished(service: RunningService, kept: string, count: number): Promise<ExchangeJson[]> {
  assert.equal(await drops(service, kept, count), 0, service.said.stderr);
  return exchangesIn(kept);
}

/** Where the machine was too busy for the kernel to keep all of 20,000 frames, they are sent again. */
async function undropped(
  t: TestContext, source: string, start: (conf: string) => Promise<RunningService>,
  send: (service: RunningService) => void | Promise<void>,
): Promise<ExchangeJson[]> {
  for (let tries = 1; ; tries++) {
    const kept = join(folder(t), 'x.jsonl');
    const service = await start(configuration(source, kept));
    await send(service);
    const dropped = await drops(service, kept, 10_000);
    if (dropped === 0) return exchangesIn(kept);
    assert.ok(tries < 3, `three times the kernel dropped frames, ${dropped} of them now: ${service.said.stderr}`);
  }
}

/** A span port: what is sent at its one end is captured at the other, which is called eth0. */
class Span {
  readonly #sender = new Namespace('span');
  readonly receiver = new Namespace('monitor');

  constructor(t: TestContext) {
    t.after(() => {
      this.#sender.remove();
      this.receiver.remove();
      assert.deepEqual(leftovers(), []);
    });
    cable(this.#sender, 'wire', this.receiver, 'eth0', 9001);
  }

  start(t: TestContext, conf: string): Promise<RunningService> {
    return RunningService.start(t, conf, [], (program, args) => this.receiver.spawn(program, args));
  }

  send(t: TestContext, frames: readonly Uint8Array[]): void {
    const path = file(t, 'frames.pcap', pcapFile(frames.map((bytes) => ({ bytes }))));
    this.#sender.run(process.execPath, '--import', 'tsx', 'test/capture/frame-injector.ts', 'wire', path, String(FRAMES_PER_SECOND));
  }
}

async function canCapture(t: TestContext): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return absent(t, 'network namespaces need root on Linux');
  if (!installed(t, 'ip', 'sysctl')) return false;
  return await loadLibpcap() !== null || absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
}

/** Sends payloads to a UDP port of this machine, paced. */
async function sendDatagrams(port: number, payloads: readonly Uint8Array[]): Promise<void> {
  const socket = createSocket('udp4');
  const startMs = performance.now();
  for (const [i, payload] of payloads.entries()) {
    while (i > ((performance.now() - startMs + 10) / 1000) * FRAMES_PER_SECOND) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await new Promise<void>((resolve, reject) => socket.send(payload, port, '127.0.0.1', (error) => error === null ? resolve() : reject(error)));
  }
  socket.close();
}

describe('10,000 requests and their responses, live as from the file', () => {
  let frames: Uint8Array[] = [];
  before(() => { frames = twoWayFrames(100, 100); });

  const spans: readonly (readonly [name: string, Dress, source: string])[] = [
    ['plain SPAN copies', PLAIN, 'from_interface: {enabled: true, interface: eth0}'],
    ['VLAN-tagged, with a filter for it', (frame) => vlan(7, frame), 'from_interface: {enabled: true, interface: eth0, filter: vlan and port 80}'],
    ['QinQ (802.1ad)', (frame) => vlan(100, vlan(7, frame), EtherType.serviceVlan), 'from_interface: [{enabled: true, interface: eth0}]'],
    ['two tags of 0x8100, in VXLAN', (frame) => vxlanFrame(9, vlan(100, vlan(7, frame))), 'from_interface: {enabled: true, interface: any}'],
  ];
  for (const [name, dress, source] of spans) {
    test(`${name}: ${source}`, { timeout: 180_000 }, async (t) => {
      if (!await canCapture(t)) return;
      const span = new Span(t);
      const dressed = frames.map(dress);
      const exchanges = await undropped(t, source, (conf) => span.start(t, conf), () => span.send(t, dressed));
      assert.equal(exchanges.length, 10_000);
      assert.ok(exchanges.every(({ response }) => response !== null), 'all answered');
      assert.deepEqual(timeless(exchanges), timeless(await expectedOf(t, dressed)));
    });
  }

  const sockets: readonly (readonly [name: string, Dress, source: string])[] = [
    ['vxlan', (frame) => encodeVxlan(1377, frame), 'from_vxlan: {enabled: true, listen_addr: "127.0.0.1:0"}'],
    ['geneve', (frame) => geneve(0, frame.subarray(14), GATEWAY, EtherType.ipv4), 'from_geneve: {enabled: true, listen_addr: "127.0.0.1:0"}'],
  ];
  for (const [name, dress, source] of sockets) {
    test(`a socket: ${source}`, { timeout: 180_000 }, async (t) => {
      const payloads = frames.map(dress);
      const exchanges = await undropped(
        t, source, (conf) => RunningService.start(t, conf),
        (service) => sendDatagrams(service.port(name === 'vxlan' ? 'vxlan' : 'geneve'), payloads),
      );
      assert.equal(exchanges.length, 10_000);
      assert.ok(exchanges.every(({ response }) => response !== null), 'all answered');
      const port = name === 'vxlan' ? 4789 : 6081;
      const file = payloads.map((payload) => ipFrame(udpPacket('10.9.0.1:40000', `10.9.0.2:${port}`, payload)));
      assert.deepEqual(timeless(exchanges), timeless(await expectedOf(t, file)));
    });
  }
});

/** One request a connection, named after what is special about its frame. */
let clients = 0;
const asks = (target: string, to = '10.77.0.2:80', from = '10.77.0.9'): Uint8Array =>
  tcpFrame(`${from}:${50_000 + clients++}`, to, { seq: 1 }, `GET /${target} HTTP/1.1\r\nHost: a\r\n\r\n`);

const targetsOf = (exchanges: readonly ExchangeJson[]): string[] =>
  exchanges.map(({ request }) => request.target.slice(1)).sort();

describe('which frames of an interface are taken', () => {
  const FRAMES: readonly Uint8Array[] = [
    asks('plain'), vlan(7, asks('vlan-7')), vlan(8, asks('vlan-8')), vlan(100, vlan(7, asks('qinq-7')), EtherType.serviceVlan),
    asks('8080', '10.77.0.2:8080'), asks('ignored', '10.77.5.2:80', '10.77.5.1'), asks('half-ignored', '10.77.5.2:80'),
  ];
  const all = ['8080', 'half-ignored', 'ignored', 'plain', 'qinq-7', 'vlan-7', 'vlan-8'];
  const of80 = all.filter((name) => name !== '8080');
  const v2 = (filter: string, more = ''): string => `tcp_stream:\n  from_interface: {enabled: true, interface: eth0, filter: '${filter}'}\n${more}`;
  const older = (filter: string, ...args: (string | number)[]): string => `mode: tcp-capture\ngoreplay: {filter: '${filter}', extra_args: [${args.join(', ')}]}\n`;
  const cases: readonly (readonly [conf: string, expected: readonly string[]])[] = [
    [v2(''), all],
    [v2('vlan and port 80'), ['vlan-7', 'vlan-8']],
    [v2('vlan 7'), ['vlan-7']],
    [v2('vlan 100 and vlan 7'), ['qinq-7']],
    [v2('tcp dst port 8080'), ['8080']],
    [v2('', '  ignore_ips: [{subnets: [10.77.5.0/24], match_type: src_and_dst}]\n'), all.filter((name) => name !== 'ignored')],
    [v2('', '  ignore_ips: [{subnets: [10.77.5.0/24], match_type: src_or_dst}]\n'), all.filter((name) => !name.includes('ignored'))],
    [older('eth0:80'), of80],
    [older('eth0:'), all],
    [older(':80'), of80.filter((name) => name !== 'qinq-7')],
    [older('eth0:80', '-input-raw-vlan'), ['qinq-7', 'vlan-7', 'vlan-8']],
    [older('eth0:', '-input-raw-vlan', '-input-raw-vlan-vid', 8), ['vlan-8']],
    [older('eth0:8080', '-input-raw', '"lo:"'), ['8080']],
  ];
  for (const [conf, expected] of cases) {
    test(conf.trimEnd().replaceAll(/\n */g, ' '), { timeout: 90_000 }, async (t) => {
      if (!await canCapture(t)) return;
      const span = new Span(t);
      const kept = join(folder(t), 'x.jsonl');
      const service = await span.start(t, `${conf}workers: 0\nexchanges: {file: ${kept}}\n${ANY_PORTS}`);
      span.send(t, FRAMES);
      assert.deepEqual(targetsOf(await finished(service, kept, expected.length)), expected);
    });
  }

  test('lo:, real traffic of this machine', { timeout: 90_000 }, async (t) => {
    if (!await canCapture(t) || !installed(t, 'curl')) return;
    const span = new Span(t);
    const kept = join(folder(t), 'x.jsonl');
    const service = await span.start(t, `${older('lo:')}workers: 0\nexchanges: {file: ${kept}}\n${ANY_PORTS}`);
    const server = span.receiver.spawn(process.execPath, ['-e', 'require("http").createServer((q, r) => r.end(q.url)).listen(8080, "127.0.0.1", () => console.log("up"))']);
    await new Promise((resolve) => server.stdout!.once('data', resolve));
    for (let i = 0; i < 5; i++) span.receiver.run('curl', '-s', '--max-time', '10', `http://127.0.0.1:8080/${i}`);
    assert.deepEqual(targetsOf(await finished(service, kept, 5)), ['0', '1', '2', '3', '4']);
  });
});

describe('which packets of a socket are taken', () => {
  const inVxlan = (vni: number, frame: Uint8Array): Uint8Array => encodeVxlan(vni, frame);
  const inBoth = (vni: number, inner: number, frame: Uint8Array): Uint8Array => geneve(vni, vxlanFrame(inner, frame));
  const vxlan = [inVxlan(1, asks('vni-1')), inVxlan(2, asks('vni-2')), inVxlan(1, asks('vni-1-8080', '10.77.0.2:8080')), inVxlan(2, vlan(7, asks('vni-2-vlan')))];
  const geneves = [inBoth(5, 1, asks('5-1')), inBoth(5, 2, asks('5-2')), inBoth(6, 1, asks('6-1')), geneve(5, asks('5'))];
  const v2 = (tunnel: string, keys: string): string => `tcp_stream:\n  from_${tunnel}: {enabled: true, listen_addr: "127.0.0.1:0"${keys}}\n`;
  const cases: readonly (readonly ['vxlan' | 'geneve', conf: string, expected: readonly string[]])[] = [
    ['vxlan', v2('vxlan', ', vni_filter: [2]'), ['vni-2', 'vni-2-vlan']],
    ['vxlan', v2('vxlan', ', filter: tcp port 8080'), ['vni-1-8080']],
    ['vxlan', v2('vxlan', ', filter: vlan and port 80'), ['vni-2-vlan']],
    ['vxlan', v2('vxlan', ', vni_filter: [1], filter: port 80'), ['vni-1']],
    ['geneve', v2('geneve', ', vni_filter: [5]'), ['5', '5-1', '5-2']],
    ['geneve', v2('geneve', ', inner_vni_filter: [1]'), ['5', '5-1', '6-1']],
    ['geneve', v2('geneve', ', vni_filter: [6], inner_vni_filter: [1]'), ['6-1']],
  ];
  for (const [tunnel, conf, expected] of cases) {
    test(conf.trimEnd().replaceAll(/\n */g, ' '), { timeout: 90_000 }, async (t) => {
      if (conf.includes(' filter:') && await loadLibpcap() === null && !absent(t, 'libpcap is not installed: apt-get install libpcap0.8')) return;
      const kept = join(folder(t), 'x.jsonl');
      const service = await RunningService.start(t, `${conf}workers: 0\nexchanges: {file: ${kept}}\n${ANY_PORTS}`);
      await sendDatagrams(service.port(tunnel), tunnel === 'vxlan' ? vxlan : geneves);
      assert.deepEqual(targetsOf(await finished(service, kept, expected.length)), expected);
    });
  }
});
