// What a client may send to make the service hold or do more than it was sent: the kinds of flood that docs/security.md
// names.
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import type { Pipeline } from '../../rebuilder/pipeline.ts';
import { fold, swap, WordSum } from '../../rebuilder/wire/checksum.ts';
import { encodeEthernet, encodeIpv4, encodeTcp, putUint16, putUint32 } from '../../rebuilder/wire/encode.ts';
import { TcpFlag } from '../../rebuilder/wire/packet.ts';

const { ack: ACK, syn: SYN } = TcpFlag;
const SERVER = 0x0ac8_0001;
const NEIGHBOUR = 0x0ac7_0001;
const FIRST_CLIENT = 0x0a01_0000;
const NOTHING = new Uint8Array(0);
const MIB = 1 << 20;
/** Where the headers of a frame begin, and its data. */
const [IP, TCP, DATA] = [14, 34, 54] as const;
/** Of one flood among several. */
const MOST_CLIENTS = 1 << 20;
const NEIGHBOUR_EVERY = 500;
const BATCH = 64;

export interface Segment {
  readonly client: number;
  /** Of the client; one of its own for each client. */
  readonly port?: number;
  readonly fromServer?: boolean;
  readonly seq: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly data?: Uint8Array;
  readonly hasWrongSum?: boolean;
}

/**
 * Plays packets into a pipeline at a pace of its own, while a neighbour goes on asking. Every frame is written into the
 * same slab, as a capture source does it: what the process holds and throws away is the pipeline's.
 */
export class Flood {
  packets = 0;
  bytes = 0;
  /** Requests that the neighbour sent. */
  neighbours = 0;
  /** Bytes that were copied to make the packets. */
  written = 0;
  nowMs = 1_800_000_000_000;
  /** Address of client 0. */
  firstClient = FIRST_CLIENT;
  readonly #pipeline: Pipeline;
  readonly #msPerPacket: number;
  readonly #often: () => void;
  readonly #slab = Buffer.alloc(65_536);
  readonly #sums = new WordSum();
  #neighbourSeq = 1;

  /** @param often called behind every batch */
  constructor(pipeline: Pipeline, packetsPerSecond: number, often: () => void) {
    this.#pipeline = pipeline;
    this.#msPerPacket = 1000 / packetsPerSecond;
    this.#often = often;
    this.#slab.set(encodeEthernet({}, encodeIpv4({ source: '0.0.0.0', destination: '0.0.0.0' }, encodeTcp({
      source: '0.0.0.0', destination: '0.0.0.0', sourcePort: 0, destinationPort: 0, sequence: 0,
    }, NOTHING))));
  }

  segment({
    client, port = 1024 + client % 60_000, fromServer = false, seq, ack = 1, flags = ACK, data = NOTHING,
    hasWrongSum = false,
  }: Segment): void {
    const address = this.firstClient + client;
    if (fromServer) this.#segment(SERVER, address, 80, port, seq, ack, flags, data, hasWrongSum);
    else this.#segment(address, SERVER, port, 80, seq, ack, flags, data, hasWrongSum);
    this.#sent(IP + 40 + data.length);
  }

  /** A fragment that is not the first. @param offset in bytes */
  fragment(client: number, id: number, offset: number, data: Uint8Array): void {
    this.#write(data, TCP);
    this.#ip(this.firstClient + client, SERVER, id, 0x2000 | offset >> 3, data.length);
    this.#play(TCP + data.length);
    this.#sent(TCP + data.length);
  }

  wait(ms: number): void {
    for (let left = ms; left > 0; left -= 20) {
      this.nowMs += 20;
      this.#batch();
    }
  }

  #sent(bytes: number): void {
    this.packets++;
    this.bytes += bytes;
    if (this.packets % NEIGHBOUR_EVERY === 0) this.#neighbour();
    if (this.packets % BATCH === 0) this.#batch();
  }

  #batch(): void {
    this.#pipeline.batchEnd(this.nowMs);
    this.#often();
  }

  #neighbour(): void {
    const data = Buffer.from(`GET /neighbour/${this.neighbours++} HTTP/1.1\r\nHost: a\r\n\r\n`);
    this.#segment(NEIGHBOUR, SERVER, 40_000, 80, this.#neighbourSeq, 1, ACK, data, false);
    this.#neighbourSeq += data.length;
  }

  #segment(
    source: number, destination: number, sourcePort: number, destinationPort: number,
    seq: number, ack: number, flags: number, data: Uint8Array, hasWrongSum: boolean,
  ): void {
    const slab = this.#slab;
    putUint16(slab, TCP, sourcePort);
    putUint16(slab, TCP + 2, destinationPort);
    putUint32(slab, TCP + 4, seq);
    putUint32(slab, TCP + 8, (flags & ACK) === 0 ? 0 : ack);
    slab[TCP + 12] = 5 << 4;
    slab[TCP + 13] = flags;
    putUint16(slab, TCP + 14, 0xffff);
    putUint32(slab, TCP + 16, 0);
    this.#write(data, DATA);
    this.#ip(source, destination, this.packets & 0xffff, 0, 20 + data.length);
    const addresses = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
    const sum = addresses + 6 + 20 + data.length + swap(this.#sums.sum(slab, TCP, DATA + data.length));
    putUint16(slab, TCP + 16, ~fold(sum) ^ (hasWrongSum ? 0x55 : 0));
    this.#play(DATA + data.length);
  }

  #write(data: Uint8Array, at: number): void {
    this.#slab.set(data, at);
    this.written += data.length;
  }

  #ip(source: number, destination: number, id: number, fragment: number, length: number): void {
    const slab = this.#slab;
    putUint16(slab, IP + 2, 20 + length);
    putUint16(slab, IP + 4, id);
    putUint16(slab, IP + 6, fragment);
    putUint16(slab, IP + 10, 0);
    putUint32(slab, IP + 12, source);
    putUint32(slab, IP + 16, destination);
    putUint16(slab, IP + 10, ~swap(this.#sums.sum(slab, IP, TCP)));
  }

  #play(end: number): void {
    this.nowMs += this.#msPerPacket;
    // Of whole milliseconds, as the service's clock is.
    this.#pipeline.frame(LinkType.ethernet, this.#slab, 0, end, end, Math.floor(this.nowMs), 0);
  }
}

const post = (size: number): Buffer => Buffer.from(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);

function* upload(
  flood: Flood, client: number, size: number, twoWays: boolean, announced = 2 * size,
): Generator<void, number> {
  yield flood.segment({ client, seq: 0, flags: SYN });
  if (twoWays) yield flood.segment({ client, seq: 0, ack: 1, flags: SYN | ACK, fromServer: true });
  const head = post(announced);
  yield flood.segment({ client, seq: 1, data: head });
  let seq = 1 + head.length;
  const body = Buffer.alloc(1400, 'x');
  for (let sent = 0; sent < size; sent += body.length) {
    yield flood.segment({ client, seq, data: body });
    seq += body.length;
    if (twoWays && sent % 14_000 === 0) yield flood.segment({ client, seq: 1, ack: seq, fromServer: true });
  }
  return seq;
}

/** A hole of one byte in each packet; `late`: what fills it comes after it was given up. */
function* holes(
  flood: Flood, amount: number, { twoWays = false, late = false, waitMs = 0, clients = 1, size = 7 * MIB },
): Generator<void> {
  const seqs: number[] = [];
  for (let client = 0; client < clients; client++) seqs.push(yield* upload(flood, client, size, twoWays));
  const body = Buffer.alloc(1400, 'y');
  const one = Buffer.from('z');
  for (let i = 0; i < amount; i++) {
    for (let client = 0; client < clients; client++) {
      const seq = seqs[client]!;
      yield flood.segment({ client, seq: seq + 1, data: body });
      seqs[client] = seq + 1 + body.length;
      if (twoWays) yield flood.segment({ client, seq: 1, ack: seqs[client]!, fromServer: true });
    }
    if (waitMs > 0) yield flood.wait(waitMs);
    if (late) {
      for (let client = 0; client < clients; client++) {
        yield flood.segment({ client, seq: seqs[client]! - body.length - 1, data: one });
      }
    }
  }
}

/** A flood: between two steps another one may take its turn. */
type Play = (flood: Flood, amount: number) => Generator<void>;

const FLOODS: Readonly<Record<string, Play>> = {
  'holes': (flood, n) => holes(flood, n, {}),
  'holes two ways': (flood, n) => holes(flood, n, { twoWays: true }),
  'holes given up one by one': (flood, n) => holes(flood, n / 4, { twoWays: true, waitMs: 220 }),
  'holes filled late': (flood, n) => holes(flood, n / 4, { twoWays: true, waitMs: 220, late: true }),
  'holes filled late, many': (flood, n) => holes(flood, n / 160, { twoWays: true, waitMs: 220, late: true, clients: 40, size: MIB }),
  * 'fragments'(flood, n) {
    const data = Buffer.alloc(8, 'f');
    for (let i = 0; i < n; i++) yield flood.fragment(i & 0x7ffff, i & 0xffff, 8, data);
  },
  * 'fragments of one sender'(flood, n) {
    const data = Buffer.alloc(8, 'f');
    for (let i = 0; i < n; i++) yield flood.fragment(0, i >> 12, 16 + 16 * (i & 4095) & 0xfff8, data);
  },
  * 'fragments backwards'(flood, n) {
    const data = Buffer.alloc(8, 'f');
    for (let i = 0; i < n; i++) yield flood.fragment(0, i >> 12, 65_528 - 16 * (i & 4095) & 0xfff8, data);
  },
  * 'one-byte segments'(flood, n) {
    const data = Buffer.alloc(1, 's');
    for (let client = 0; client < 256; client++) yield flood.segment({ client, seq: 0, flags: SYN });
    for (let i = 0; i < n; i++) yield flood.segment({ client: i & 255, seq: 10 + 2 * (i >> 8), data });
  },
  * 'one-byte segments, many'(flood, n) {
    const data = Buffer.alloc(1, 's');
    for (let client = 0; client < 1024; client++) yield flood.segment({ client, seq: 0, flags: SYN });
    for (let i = 0; i < n; i++) yield flood.segment({ client: i & 1023, seq: 10 + 2 * (i >> 10), data });
    yield flood.wait(3000);
  },
  * 'one-byte segments of one'(flood, n) {
    const data = Buffer.alloc(1, 's');
    yield flood.segment({ client: 0, seq: 0, flags: SYN });
    for (let i = 0; i < n; i++) yield flood.segment({ client: 0, seq: 10 + 2 * i, data });
  },
  * 'one-byte segments backwards'(flood, n) {
    const data = Buffer.alloc(1, 's');
    yield flood.segment({ client: 0, seq: 0, flags: SYN });
    for (let i = 0; i < n; i++) yield flood.segment({ client: 0, seq: 10_000_000 - 2 * i, data });
  },
  * 'one-byte segments in order'(flood, n) {
    const head = post(n);
    yield flood.segment({ client: 0, seq: 0, flags: SYN });
    yield flood.segment({ client: 0, seq: 1, data: head });
    const data = Buffer.alloc(1, 's');
    for (let i = 0; i < n; i++) yield flood.segment({ client: 0, seq: 1 + head.length + i, data });
  },
  * 'one-byte segments twice, other bytes'(flood, n) {
    const head = post(n);
    yield flood.segment({ client: 0, seq: 0, flags: SYN });
    yield flood.segment({ client: 0, seq: 1, data: head });
    const [a, b] = [Buffer.alloc(1, 'a'), Buffer.alloc(1, 'b')];
    for (let i = 0; i < n / 2; i++) {
      for (const data of [a, b]) yield flood.segment({ client: 0, seq: 1 + head.length + i, data });
    }
  },
  * 'one-byte segments, wrong sums'(flood, n) {
    const head = post(n);
    yield flood.segment({ client: 0, seq: 0, flags: SYN });
    yield flood.segment({ client: 0, seq: 1, data: head });
    const data = Buffer.alloc(1, 's');
    for (let i = 0; i < n; i++) {
      yield flood.segment({ client: i & 1023, seq: 1 + head.length + (i >> 10), data, hasWrongSum: i > 1023 });
    }
  },
  * 'a hole each'(flood, n) {
    for (let client = 0; client < n; client++) {
      yield flood.segment({ client, seq: 0, flags: SYN });
      yield flood.segment({ client, seq: 1, data: Buffer.from('GET /hole HTTP/1.1\r\n') });
      yield flood.segment({ client, seq: 100, data: Buffer.from('Host: a\r\n\r\n') });
    }
    yield flood.wait(3000);
  },
  * 'a hole each, in a body'(flood, n) {
    const head = post(4000);
    const data = Buffer.alloc(1000, 'x');
    for (let client = 0; client < n; client++) {
      yield flood.segment({ client, seq: 0, flags: SYN });
      yield flood.segment({ client, seq: 1, data: head });
      yield flood.segment({ client, seq: 100, data });
    }
    yield flood.wait(3000);
    yield flood.wait(10_000);
  },
  * 'one byte each'(flood, n) {
    const data = Buffer.from('G');
    for (let client = 0; client < n; client++) yield flood.segment({ client, seq: client * 7919 | 0, data });
    yield flood.wait(1000);
  },
  * 'half a request each'(flood, n) {
    const data = Buffer.concat([post(4000), Buffer.alloc(100, 'x')]);
    for (let client = 0; client < n; client++) yield flood.segment({ client, seq: client * 7919 | 0, data });
    yield flood.wait(1000);
  },
  * 'half a line each'(flood, n) {
    const data = Buffer.from(`GET /${'x'.repeat(1300)}`);
    for (let i = 0; i < n; i++) {
      yield flood.segment({ client: i >> 2, seq: (i >> 2) * 7919 + (i & 3) * data.length | 0, data });
    }
    yield flood.wait(1000);
  },
  * 'SYNs'(flood, n) {
    for (let client = 0; client < n; client++) yield flood.segment({ client, seq: client * 7, flags: SYN });
  },
};

/** Plays floods at once: a step of each in turn, each with clients of its own. */
export function playTogether(
  flood: Flood, floods: readonly { readonly name: string; readonly amount: number }[],
): void {
  const playing = new Map(floods.map(({ name, amount }, index) => {
    const play = FLOODS[name];
    if (play === undefined) throw new Error(`no flood is named ${name}`);
    return [FIRST_CLIENT + index * MOST_CLIENTS, play(flood, amount)];
  }));
  while (playing.size > 0) {
    for (const [firstClient, play] of playing) {
      flood.firstClient = firstClient;
      if (play.next().done === true) playing.delete(firstClient);
    }
  }
}
