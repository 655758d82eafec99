// What some kernels of servers take and others drop, of IPv6: whichever the server has, what it read is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { encodeTcp } from '../../rebuilder/wire/encode.ts';
import { TcpFlag } from '../../rebuilder/wire/packet.ts';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import { ipFrame, ipv6, ipv6Fragment, type Ipv6Extension } from '../frames.ts';

const [CLIENT, SERVER] = ['2001:db8::7', '2001:db8::80'] as const;
const TO_SERVER = { source: CLIENT, destination: SERVER, sourcePort: 41_000, destinationPort: 80 };
const TO_CLIENT = { source: SERVER, destination: CLIENT, sourcePort: 80, destinationPort: 41_000 };
const get = (target: string): string => `GET /${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const [ODD, PLAIN, LAST] = [get('odd-one'), get('a-plain'), get('last')];

const route = (type: number): Ipv6Extension =>
  ({ protocol: Protocol.routing, bytes: Uint8Array.of(0, 2, type, 0, ...new Uint8Array(20)) });
/** Eighteen bytes are nine options that may be skipped. */
const nineOptions: Ipv6Extension = {
  protocol: Protocol.destinationOptions,
  bytes: Uint8Array.of(0, 2, ...Array.from({ length: 9 }, () => [0x1e, 0]).flat(), 0, 0, 0, 0),
};
const ioam: Ipv6Extension = { protocol: Protocol.hopByHop, bytes: Uint8Array.of(0, 0, 49, 4, 0, 0, 0, 0) };

/** How a segment is sent: as frames. */
type Way = (segment: Uint8Array) => readonly Uint8Array[];

function packet(payload: Uint8Array, ...extensions: Ipv6Extension[]): Uint8Array {
  return ipFrame(ipv6({ source: CLIENT, destination: SERVER, extensions }, payload));
}

const plain: Way = (segment) => [packet(segment)];
const WAYS: Readonly<Record<string, Way>> = {
  'a home address route that is done': (segment) => [packet(segment, route(2))],
  'a route of RPL that is done': (segment) => [packet(segment, route(3))],
  'a segment route that is done': (segment) => [packet(segment, route(4))],
  'nine options': (segment) => [packet(segment, nineOptions)],
  'IOAM that is not aligned': (segment) => [packet(segment, ioam)],
  'nine options before the first fragment': (segment) => [
    packet(segment.subarray(0, 24), nineOptions, ipv6Fragment(9, 0, true)),
    packet(segment.subarray(24), ipv6Fragment(9, 24, false)),
  ],
  'a home address route before the last fragment': (segment) => [
    packet(segment.subarray(0, 24), ipv6Fragment(9, 0, true)),
    packet(segment.subarray(24), route(2), ipv6Fragment(9, 24, false)),
  ],
  'a first fragment without all of the header': (segment) => [
    packet(segment.subarray(8), ipv6Fragment(9, 8, false)),
    packet(segment.subarray(0, 8), ipv6Fragment(9, 0, true)),
  ],
};

interface Sent { readonly fromServer: boolean; readonly frame: Uint8Array }

function client(at: number, data: string, flags: number = TcpFlag.ack, way: Way = plain): Sent[] {
  const header = { ...TO_SERVER, sequence: 1000 + at, acknowledgement: flags === TcpFlag.syn ? 0 : 5001, flags };
  return way(encodeTcp(header, Buffer.from(data))).map((frame) => ({ fromServer: false, frame }));
}

function server(acknowledgement: number, flags: number = TcpFlag.ack): Sent {
  const sequence = flags === TcpFlag.ack ? 5001 : 5000;
  const header = { ...TO_CLIENT, sequence, acknowledgement: 1000 + acknowledgement, flags, window: 60_000 };
  const segment = encodeTcp(header, new Uint8Array(0));
  return { fromServer: true, frame: ipFrame(ipv6({ source: SERVER, destination: CLIENT }, segment)) };
}

/** @param taken does the server take the odd one? Else it acknowledges nothing before the plain one comes. */
function sentTo(taken: boolean, way: Way): Sent[] {
  const end = 1 + ODD.length;
  return [
    ...client(0, '', TcpFlag.syn), server(1, TcpFlag.syn | TcpFlag.ack), ...client(1, ''),
    ...client(1, ODD, TcpFlag.ack, way), ...taken ? [server(end)] : [],
    ...client(1, PLAIN), server(end), ...client(end, LAST), server(end + LAST.length),
  ];
}

function told(sent: readonly Sent[]): { target: string; isCertain: boolean }[] {
  const found: { target: string; isCertain: boolean }[] = [];
  const pipeline = new Pipeline(REPLAY_OPTIONS, new Ledger(), {
    exchange: ({ bytes, targetStart, targetEnd, complete, reading, isFound, correction }) => {
      const target = Buffer.from(bytes.subarray(targetStart, targetEnd)).toString('latin1');
      if (complete) found.push({ target, isCertain: reading === 1 && !isFound && !correction });
    },
  });
  sent.forEach(({ frame }, i) => pipeline.frame(LinkType.ethernet, frame, 0, frame.length, frame.length, i, 0));
  pipeline.flush();
  return found;
}

for (const [name, way] of Object.entries(WAYS)) {
  for (const taken of [true, false]) {
    test(`${name}: the server ${taken ? 'takes' : 'drops'} it`, () => {
      const sent = sentTo(taken, way);
      const read = taken ? '/odd-one' : '/a-plain';
      for (const packets of [sent, sent.filter(({ fromServer }) => !fromServer)]) {
        const targets = told(packets).map(({ target }) => target);
        assert.deepEqual([targets.includes(read), targets.includes('/last')], [true, true], JSON.stringify(targets));
      }
      const certain = told(sent).filter(({ isCertain }) => isCertain).map(({ target }) => target);
      assert.deepEqual(certain, [read, '/last'], 'both ways');
    });
  }
}
