// Packets whose ports the kernel's program does not find, in a connection of which it finds those of others.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { encodeTcp, encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { TcpFlag } from '../../rebuilder/wire/packet.ts';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import { ANY_PORTS, RunningService, folder } from '../command-line.ts';
import { type Ipv6Extension, fragments, ipFrame, ipv6, ipv6Fragment, ipv6Padding, vlan } from '../frames.ts';

const CONNECTIONS = 40;
const [CLIENT, SERVER] = ['2001:db8::7', '2001:db8::80'] as const;
const PRIORITY_ONLY = 0;

/** In how many ways a host is sent the same segment. */
const WAYS: readonly ((segment: Uint8Array) => readonly Uint8Array[])[] = [
  (segment) => [plain(segment)],
  (segment) => [plain(segment, [ipv6Padding(Protocol.destinationOptions)])],
  (segment) => [plain(segment, [ipv6Padding(Protocol.hopByHop), ipv6Padding(Protocol.destinationOptions, 16)])],
  (segment) => [plain(segment, [{ protocol: Protocol.fragment, bytes: ipv6Fragment(7, 0, false).bytes }])],
  (segment) => fragments(ipv6({ source: CLIENT, destination: SERVER }, segment), 24, 9).map(ipFrame),
  (segment) => [vlan(PRIORITY_ONLY, vlan(PRIORITY_ONLY, vlan(PRIORITY_ONLY, plain(segment))))],
];

function plain(segment: Uint8Array, extensions: readonly Ipv6Extension[] = []): Uint8Array {
  return ipFrame(ipv6({ source: CLIENT, destination: SERVER, extensions }, segment));
}

test('what an interface captures is given to nobody: it is all of one thread', () => {
  const handed = (link: number, frames: readonly Uint8Array[]): number => {
    let count = 0;
    const handOver = (): boolean => ++count > 0;
    const pipeline = new Pipeline({ ...REPLAY_OPTIONS, handOver }, new Ledger(), { exchange: () => {} });
    for (const frame of frames) pipeline.frame(link, frame, 0, frame.length, frame.length, 1000, 0);
    return count;
  };
  const ports = { source: CLIENT, destination: SERVER, sourcePort: 41_000, destinationPort: 80 };
  const segment = encodeTcp({ ...ports, sequence: 1000, flags: TcpFlag.ack }, Buffer.from('GET / HTTP/1.1\r\nHost: h\r\n\r\n'));
  const frames = WAYS.flatMap((way) => way(segment));
  assert.equal(handed(LinkType.ethernet, frames), 0);
  assert.equal(handed(LinkType.vxlan, frames.map((frame) => encodeVxlan(1377, frame))), WAYS.length - 1);
});

/** A service of two workers, and who sends it frames; `told` ends it. */
async function started(t: TestContext): Promise<{ service: RunningService; send: (frame: Uint8Array) => Promise<void>; told: () => Promise<ExchangeJson['request'][]> }> {
  const kept = join(folder(t), 'exchanges.jsonl');
  const service = await RunningService.start(t, `
mode: tcp-capture-v2
workers: 2
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}
exchanges: {file: ${kept}}
${ANY_PORTS}`);
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const send = (frame: Uint8Array): Promise<void> => new Promise((resolve, reject) => {
    socket.send(encodeVxlan(1377, frame), service.port('vxlan'), '127.0.0.1', (error) => error === null ? resolve() : reject(error));
  });
  const told = async (): Promise<ExchangeJson['request'][]> => {
    assert.equal(await service.stop(), 0);
    return readFileSync(kept, 'utf8').trimEnd().split('\n').map((line) => (JSON.parse(line) as ExchangeJson).request);
  };
  return { service, send, told };
}

test('what came in fragments is told, though another segment for its place was read first', { timeout: 60_000 }, async (t) => {
  const { service, send, told } = await started(t);
  const first = 'GET /first HTTP/1.1\r\nHost: shop.example\r\n\r\n';
  const connections = Array.from({ length: CONNECTIONS }, (_, i) => {
    const toServer = { source: CLIENT, destination: SERVER, sourcePort: 41_000 + i, destinationPort: 80 };
    const toClient = { source: SERVER, destination: CLIENT, sourcePort: 80, destinationPort: 41_000 + i };
    return {
      client: (sequence: number, flags: number, data: string): Uint8Array =>
        ipv6(toServer, encodeTcp({ ...toServer, sequence, acknowledgement: 5000, flags }, Buffer.from(data))),
      server: (sequence: number, acknowledgement: number, flags: number): Uint8Array =>
        ipv6(toClient, encodeTcp({ ...toClient, sequence, acknowledgement, flags }, new Uint8Array(0))),
    };
  });
  for (const { client, server } of connections) {
    await send(ipFrame(client(999, TcpFlag.syn, '')));
    await send(ipFrame(server(4999, 1000, TcpFlag.syn | TcpFlag.ack)));
  }
  await service.reaches('tcp.segments', 2 * CONNECTIONS);
  for (const [i, { client, server }] of connections.entries()) {
    const request = (data: string): Uint8Array => client(1000, TcpFlag.ack, data);
    await Promise.all([
      ...fragments(request(first), 24, 9 + i), request(first.replace('first', 'other')),
      server(5000, 1000 + first.length, TcpFlag.ack),
    ].map((packet) => send(ipFrame(packet))));
  }
  await service.reaches('http.exchanges', CONNECTIONS);
  const requests = await told();
  assert.equal(requests.filter(({ target, complete }) => target === '/first' && complete).length, CONNECTIONS);
});

test('a connection is one worker\'s, however its packets are made', { timeout: 60_000 }, async (t) => {
  const { service, send, told } = await started(t);
  for (let i = 0; i < CONNECTIONS; i++) {
    const ports = { source: CLIENT, destination: SERVER, sourcePort: 41_000 + i, destinationPort: 80 };
    const request = Buffer.from(`POST /${i} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 60\r\n\r\n${'x'.repeat(60)}`);
    await send(plain(encodeTcp({ ...ports, sequence: 999, flags: TcpFlag.syn }, new Uint8Array(0))));
    const bytes = Math.ceil(request.length / WAYS.length);
    for (const [k, way] of WAYS.entries()) {
      const data = request.subarray(k * bytes, (k + 1) * bytes);
      const header = { ...ports, sequence: 1000 + k * bytes, acknowledgement: 5000, flags: TcpFlag.ack };
      for (const frame of way(encodeTcp(header, data))) await send(frame);
    }
  }
  await service.reaches('http.exchanges', CONNECTIONS);
  assert.deepEqual((await told()).map(({ target, complete, reading }) => [target, complete, reading]).sort(), Array.from({ length: CONNECTIONS }, (_, i) => [`/${i}`, true, undefined]).sort());
});
