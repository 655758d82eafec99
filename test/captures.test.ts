// The captures of test/captures, recorded from real clients (record.sh): what the servers received must come out of the
// packets, however those come.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { LinkType } from '../rebuilder/capture/frame-source.ts';
import { PcapFile } from '../rebuilder/capture/pcap-file.ts';
import { REFUSED, inspect } from '../rebuilder/forward/alb-limits.ts';
import type { ExchangeJson } from '../rebuilder/exchange/exchange-json.ts';
import type { HttpRequest } from '../rebuilder/http/http-request.ts';
import type { PipelineOptions } from '../rebuilder/pipeline.ts';
import { addressText } from '../rebuilder/address/address-text.ts';
import { decapsulate } from '../rebuilder/wire/decapsulate.ts';
import { encodeEthernet, encodeIpv4, encodeTcp } from '../rebuilder/wire/encode.ts';
import { Packet } from '../rebuilder/wire/packet.ts';
import { SCENARIOS } from './captures/clients.ts';
import type { Received } from './captures/servers.ts';
import { type CollectedFrame, framesOf } from './collected-frames.ts';
import { play } from './played-frames.ts';

const FOLDER = path.join(import.meta.dirname, 'captures');

interface Frame extends CollectedFrame { readonly fromServer: boolean; readonly data: number }

const packet = new Packet();

async function readFrames(file: string, isServerPort: (port: number) => boolean): Promise<Frame[]> {
  return (await framesOf(new PcapFile(file))).map((frame) => {
    const { link, bytes, originalLength } = frame;
    assert.equal(decapsulate(link, bytes, 0, bytes.length, originalLength, 0, packet), 'segment');
    return { ...frame, fromServer: isServerPort(packet.srcPort), data: packet.dataEnd - packet.dataStart };
  });
}

/** The same segment as several, which begin at the given offsets of its data (0 is one of them). */
function cut(frame: Frame, starts: readonly number[]): Frame[] {
  if (frame.data === 0) return [frame];
  assert.equal(decapsulate(frame.link, frame.bytes, 0, frame.bytes.length, frame.originalLength, 0, packet), 'segment');
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort, seq, ack, flags, dataStart } = packet;
  const [source, destination] = [addressText(src0, src1, src2, src3), addressText(dst0, dst1, dst2, dst3)];
  const ends = { source, destination, sourcePort: srcPort, destinationPort: dstPort };
  return starts.map((start, i) => {
    const data = frame.bytes.slice(dataStart + start, dataStart + (starts[i + 1] ?? frame.data));
    const segment = encodeTcp({ ...ends, sequence: (seq + start) >>> 0, acknowledgement: ack >>> 0, flags }, data);
    const bytes = encodeEthernet({}, encodeIpv4({ source, destination }, segment));
    return { ...frame, link: LinkType.ethernet, bytes, originalLength: bytes.length, data: data.length };
  });
}

/** … in segments of at most `size` bytes. */
function inPieces(frame: Frame, size: number): Frame[] {
  return cut(frame, Array.from({ length: Math.ceil(frame.data / size) }, (_, i) => i * size));
}

function assertAccepted(request: HttpRequest): void {
  if (request.streamId === 0 || !request.complete) return;
  assert.equal(inspect(request) & REFUSED, 0, 'a load balancer takes the translation');
}

const isFraming = (name: string): boolean => ['content-length', 'transfer-encoding'].includes(name.toLowerCase());

/** What a server received, in the words of the exchange format: HTTP/2 as HTTP/1.1 would have said it. */
function wanted(one: Received, oneWay: boolean): unknown {
  const { client, server, method, target, version, headers, trailers, body, status, responseBody, responseTrailers } =
    one;
  let fields = headers;
  if (version === 'HTTP/2') {
    const crumbs = headers.filter(([name]) => name === 'cookie').map(([, value]) => value);
    const first = headers.findIndex(([name]) => name === 'cookie');
    fields = headers.map(([name, value], i): [string, string] => (name === ':authority' ? ['Host', value] : [name, i === first ? crumbs.join('; ') : value]))
      .filter(([name], i) => !name.startsWith(':') && !isFraming(name) && (name !== 'cookie' || i === first));
    fields.sort(([one], [other]) => Number(other === 'Host') - Number(one === 'Host'));
  }
  return {
    src: client, dst: server, method, target, version, headers: fields, trailers: trailers ?? [], body,
    ...(oneWay ? {} : { status, responseBody, responseTrailers: responseTrailers ?? [] }),
  };
}

function seen({ src, dst, request, response }: ExchangeJson, oneWay: boolean): unknown {
  const { method, target, version, headers, trailers, body, bodySize } = request;
  const length = headers.find(([name]) => name.toLowerCase() === 'content-length');
  if (length !== undefined) assert.equal(Number(length[1]), bodySize, 'Content-Length is true');
  return {
    src, dst, method, target, version, headers: version === 'HTTP/2' ? headers.filter(([name]) => !isFraming(name)) : headers,
    trailers: trailers ?? [], body,
    ...(oneWay ? {}
      : { status: response?.status, responseBody: response?.body, responseTrailers: response?.trailers ?? [] }),
  };
}

/** The order of answers is the server's; within a connection requests are told in the order of their ends. */
const inOrder = (all: unknown[]): unknown[] => all.map((one) => JSON.stringify(one)).sort();

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.pcap')).sort()) {
  const name = file.replace('.pcap', '');
  describe(`${name}: ${SCENARIOS[name]?.why}`, () => {
    const received = readFileSync(path.join(FOLDER, `${name}.jsonl`), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Received);
    const servers = new Set(received.map(({ server }) => Number(server.split(':').at(-1))));
    const frames = readFrames(path.join(FOLDER, file), (port) => servers.has(port));
    const check = (all: readonly Frame[], oneWay = false, options: Partial<PipelineOptions> = {}): void => {
      const { exchanges, ledger } = play(all, options, assertAccepted);
      assert.deepEqual(
        inOrder(exchanges.map((one) => seen(one, oneWay))),
        inOrder(received.map((one) => wanted(one, oneWay))),
      );
      assert.ok(exchanges.every(({ request }) => request.complete && (request.irregular ?? []).every((mark) => mark === 'http2_translated')));
      // One-way nobody says that the server has agreed to leave HTTP: its frames are looked at in vain.
      const isTunnel = received.some(({ headers }) => headers.some(([, value]) => value === 'websocket'));
      if (!oneWay || !isTunnel) assert.equal(ledger.get('http.skipped_bytes'), 0);
      for (const lost of ['http.response_skipped_bytes', 'http.http2_unreadable_bytes'] as const) assert.equal(ledger.get(lost), 0, lost);
    };

    test('as it was', async () => { check(await frames); });
    test('the client\'s packets alone', async () => { check((await frames).filter(({ fromServer }) => !fromServer), true); });
    test('without a look at responses', async () => { check(await frames, true, { parseResponses: false }); });
    test('every packet twice', async () => { check((await frames).flatMap((frame) => [frame, frame])); });
    for (const size of [1, 2, 3, 7, 100]) {
      test(`in segments of ${size} bytes`, async () => { check((await frames).flatMap((frame) => inPieces(frame, size))); });
    }
    test('each segment cut in two, at every byte of its first 150', async () => {
      // Written anew with true checksums: those of a loopback interface are unfinished, and mixed with others they
      // would be wrong ones.
      const all = (await frames).map((frame) => cut(frame, [0])[0]!);
      for (const [i, frame] of all.entries()) {
        if (frame.fromServer) continue;
        for (let at = 1; at < Math.min(frame.data, 150); at++) {
          check([...all.slice(0, i), ...cut(frame, [0, at]), ...all.slice(i + 1)]);
        }
      }
    });
    test('the client\'s segments of a byte, neighbours swapped', async () => {
      const pieces = (await frames).flatMap((frame) => (frame.fromServer ? [frame] : inPieces(frame, 1)));
      for (let i = 0; i + 1 < pieces.length; i += 2) {
        if (pieces[i]!.fromServer || pieces[i + 1]!.fromServer || pieces[i]!.data === 0 || pieces[i + 1]!.data === 0) {
          continue;
        }
        [pieces[i], pieces[i + 1]] = [pieces[i + 1]!, pieces[i]!];
      }
      check(pieces);
    });
    test('one segment of the client lost: what is whole was sent so, the rest is marked or counted', async () => {
      const all = (await frames);
      const sent = new Set(inOrder(received.map((one) => wanted(one, true))));
      for (const [i, frame] of all.entries()) {
        if (frame.fromServer || frame.data === 0) continue;
        const { exchanges, ledger } = play([...all.slice(0, i), ...all.slice(i + 1)], {}, assertAccepted);
        for (const one of exchanges) {
          if (one.request.complete && one.request.version === 'HTTP/2') assert.ok(sent.has(JSON.stringify(seen(one, true))), JSON.stringify(one.request));
        }
        assert.ok(ledger.get('tcp.reassembly_gap') > 0);
      }
    });
  });
}
