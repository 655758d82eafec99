// A program of the box: a stretch of bad network for mirrored datagrams. It drops some, holds some back behind later
// ones, always the same ones for the same seed, and remembers which bytes of which connection it let through.
// Argument: JSON of RelayOptions. Says `ready`; when its standard input ends, writes its log to `file` and exits.
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { VxlanSocket } from '../../rebuilder/capture/vxlan-socket.ts';
import { Ledger } from '../../rebuilder/ledger.ts';

export interface RelayOptions {
  readonly listenPort: number;
  readonly targetHost: string;
  readonly targetPort: number;
  readonly dropShare: number;
  readonly reorderShare: number;
  readonly seed: number;
  readonly file: string;
}

export interface RelayLog {
  readonly received: number;
  readonly dropped: number;
  readonly reordered: number;
  /** Segments with bytes, a SYN or a FIN, in the order they came. */
  readonly segments: readonly LoggedSegment[];
}

interface LoggedSegment {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly length: number;
  readonly syn: boolean;
  readonly fin: boolean;
  /** When it went on, ms since the epoch; null = it was dropped. */
  sentMs: number | null;
}

/** Numbers between 0 and 1 (mulberry32): the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The TCP segment inside a VXLAN datagram with Ethernet and IPv4; null = another packet (ARP). */
export function innerSegment(datagram: Buffer): LoggedSegment | null {
  const ip = 8 + 14;
  if (datagram.length < ip + 40 || datagram.readUInt16BE(ip - 2) !== 0x0800 || datagram[ip + 9] !== 6) return null;
  const tcp = ip + (datagram[ip]! & 15) * 4;
  const data = tcp + (datagram[tcp + 12]! >> 4) * 4;
  return {
    srcPort: datagram.readUInt16BE(tcp), dstPort: datagram.readUInt16BE(tcp + 2), seq: datagram.readUInt32BE(tcp + 4),
    length: ip + datagram.readUInt16BE(ip + 2) - data, syn: (datagram[tcp + 13]! & 2) !== 0,
    fin: (datagram[tcp + 13]! & 1) !== 0, sentMs: null,
  };
}

const MAX_HELD = 5;
const MAX_HOLD_MS = 20;
const RELEASE_EVERY_MS = 5;

/** Decides over each datagram; `send` gets what goes on, in the order it goes on. */
export class BadStretch {
  readonly log = { received: 0, dropped: 0, reordered: 0, segments: [] as LoggedSegment[] };

  #held: { datagram: Buffer; segment: LoggedSegment | null; after: number; dueMs: number }[] = [];
  readonly #next: () => number;
  readonly #options: Pick<RelayOptions, 'dropShare' | 'reorderShare' | 'seed'>;
  readonly #send: (datagram: Buffer) => void;

  constructor(options: Pick<RelayOptions, 'dropShare' | 'reorderShare' | 'seed'>, send: (datagram: Buffer) => void) {
    this.#options = options;
    this.#send = send;
    this.#next = random(options.seed);
  }

  datagram(datagram: Buffer, nowMs: number): void {
    this.log.received++;
    const dropped = this.#next() < this.#options.dropShare;
    const segment = innerSegment(datagram);
    if (segment && (segment.length > 0 || segment.syn || segment.fin)) this.log.segments.push(segment);
    if (dropped) {
      this.log.dropped++;
    } else if (this.#next() < this.#options.reorderShare) {
      this.log.reordered++;
      this.#held.push({
        datagram,
        segment,
        after: 1 + Math.floor(this.#next() * MAX_HELD),
        dueMs: nowMs + MAX_HOLD_MS,
      });
      return;
    } else {
      this.#pass(datagram, segment, nowMs);
    }
    for (const one of this.#held) one.after--;
    this.release(nowMs);
  }

  /** Sends what was held back long enough. */
  release(nowMs: number): void {
    if (this.#held.length === 0) return;
    const due = this.#held.filter(({ after, dueMs }) => after <= 0 || dueMs <= nowMs);
    this.#held = this.#held.filter((one) => !due.includes(one));
    for (const { datagram, segment } of due) this.#pass(datagram, segment, nowMs);
  }

  #pass(datagram: Buffer, segment: LoggedSegment | null, nowMs: number): void {
    if (segment) segment.sentMs = nowMs;
    this.#send(datagram);
  }
}

if (process.argv[2]?.startsWith('{')) {
  const options = JSON.parse(process.argv[2]) as RelayOptions;
  const socket = createSocket({ type: 'udp4', sendBufferSize: 4 * 1024 * 1024 });
  const stretch = new BadStretch(options, (datagram) => socket.send(datagram, options.targetPort, options.targetHost));
  // Read by the rebuilder's own receiver: node:dgram cannot ask for a buffer that lasts while a busy machine lets this
  // process wait.
  const receiver = new VxlanSocket({ host: '0.0.0.0', port: options.listenPort, receiveBufferBytes: 128 * 1024 * 1024, ledger: new Ledger() });
  await receiver.start({
    frame: (_link, bytes, start, end) => stretch.datagram(Buffer.from(bytes.subarray(start, end)), Date.now()),
    batchEnd: () => undefined,
  });
  const timer = setInterval(() => stretch.release(Date.now()), RELEASE_EVERY_MS);
  process.stdout.write('ready\n');
  process.stdin.resume();
  process.stdin.on('end', () => {
    clearInterval(timer);
    void receiver.stop();
    stretch.release(Infinity);
    writeFileSync(options.file, JSON.stringify(stretch.log));
    socket.close();
  });
}
