import assert from 'node:assert/strict';
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { UdpSocket } from '../capture/udp-socket.ts';
import { MEASURE_SLOTS, Measures } from '../forward/measures.ts';
import { COUNTER_NAMES, Ledger } from '../ledger.ts';
import type { Packet } from '../wire/packet.ts';
import { SegmentsUnderWay } from './segments-under-way.ts';
import { ToldNumbers } from './told-numbers.ts';

/**
 * What a worker holds at this moment, one number each in shared memory; the main thread sums them up, `lastPacketMs` by
 * its maximum.
 */
export const GAUGE_NAMES = [
  'flows', 'pendingPackets', 'pendingBytes', 'inFlightRequests', 'inFlightExchanges', 'queueBytes', 'openConnections', 'memoryBytes', 'lastPacketMs',
] as const;
export type GaugeName = (typeof GAUGE_NAMES)[number];

/** The fields of a segment that go with it to another worker. */
const SEGMENT_FIELDS = [
  'vni', 'outerSource', 'version', 'src0', 'src1', 'src2', 'src3', 'dst0', 'dst1', 'dst2', 'dst3', 'ipId', 'protocol', 'payloadStart',
  'payloadEnd', 'missing', 'srcPort', 'dstPort', 'seq', 'ack', 'flags', 'window', 'dataStart', 'dataEnd', 'checksum', 'headerSum', 'vlan', 'geneveVni',
  'cut', 'vlanTags', 'optionsStart', 'urgentPointer', 'ipDoubts', 'wasCounted', 'isToGroup', 'extensionBytes',
] as const satisfies readonly (keyof Packet)[];

/** Those that are places in its bytes. */
const PLACES = ['payloadStart', 'payloadEnd', 'optionsStart', 'dataStart', 'dataEnd'] as const satisfies readonly (typeof SEGMENT_FIELDS)[number][];

/** A segment as another worker took it apart; Object.assign it to a Packet. */
export type Segment = Pick<Packet, 'bytes' | (typeof SEGMENT_FIELDS)[number]>;

/** Sockets a worker reads, bound and held by the main thread. */
export interface WorkerInputs {
  readonly vxlan?: UdpSocket;
  readonly geneve?: UdpSocket;
}

/** What the main thread gives each worker as `workerData`. */
export interface WorkerData {
  readonly rebuilderWorker: true;
  readonly index: number;
  readonly workers: number;
  /** Counters, then gauges, then measures; behind them counters and gauges as they were last told. */
  readonly numbers: SharedArrayBuffer;
  /** Of SegmentsUnderWay, the same for all. */
  readonly underWay: SharedArrayBuffer;
  readonly inputs: WorkerInputs;
  /** What the service passes on, such as its settings. */
  readonly data: unknown;
}

export type ToWorker = { readonly kind: 'stop' } | { readonly kind: 'ping' }
  | { readonly kind: 'segment'; readonly segment: Segment } | { readonly kind: 'written'; readonly lines: number };
export type ToMain = { readonly kind: 'ready' } | { readonly kind: 'pong' }
  | { readonly kind: 'segment'; readonly to: number; readonly segment: Segment }
  | { readonly kind: 'report'; readonly report: unknown } | { readonly kind: 'lines'; readonly lines: Uint8Array };

const COUNTERS_BYTES = COUNTER_NAMES.length * 8;
const MEASURES_AT = COUNTERS_BYTES + GAUGE_NAMES.length * 8;
const TOLD_AT = MEASURES_AT + MEASURE_SLOTS * 8;
/** Counters and gauges. */
const TOLD_COUNT = COUNTER_NAMES.length + GAUGE_NAMES.length;
export const NUMBERS_BYTES = TOLD_AT + ToldNumbers.bytes(TOLD_COUNT);

/** Counters and gauges that a worker counts in, and what it last told of them. */
export class WorkerNumbers {
  readonly ledger: Ledger;
  readonly measures: Measures;
  readonly gauges: Float64Array;
  readonly #all: Float64Array;
  readonly #told: ToldNumbers;

  constructor(numbers: SharedArrayBuffer) {
    this.ledger = new Ledger(new Float64Array(numbers, 0, COUNTER_NAMES.length));
    this.measures = new Measures(new Float64Array(numbers, MEASURES_AT, MEASURE_SLOTS));
    this.gauges = new Float64Array(numbers, COUNTERS_BYTES, GAUGE_NAMES.length);
    this.#all = new Float64Array(numbers, 0, TOLD_COUNT);
    this.#told = new ToldNumbers(numbers, TOLD_AT, TOLD_COUNT);
  }

  /** To be called when gauges and counters fit each other. */
  tell(): void {
    this.#told.tell(this.#all);
  }

  /** What was last told, all of one moment. */
  told(): { ledger: Ledger; gauges: Float64Array } {
    const numbers = this.#told.read();
    return {
      ledger: new Ledger(numbers.subarray(0, COUNTER_NAMES.length)), gauges: numbers.subarray(COUNTER_NAMES.length),
    };
  }
}

/** The worker's end: what it is to do, where it counts, and how it speaks to the others. */
export class WorkerShare {
  readonly index: number;
  readonly workers: number;
  readonly inputs: WorkerInputs;
  readonly data: unknown;
  /** Its counters, which outlive it: one that takes its place counts on. */
  readonly ledger: Ledger;
  readonly measures: Measures;
  readonly #numbers: WorkerNumbers;
  readonly #underWay: SegmentsUnderWay;
  readonly #port: MessagePort;
  #segmentHandler: (segment: Segment) => void = () => {};
  #stopHandler: () => void = () => process.exit();
  readonly #writing: ((lines: number) => void)[] = [];

  constructor(data: WorkerData, port: MessagePort) {
    this.index = data.index;
    this.workers = data.workers;
    this.inputs = data.inputs;
    this.data = data.data;
    this.#numbers = new WorkerNumbers(data.numbers);
    this.ledger = this.#numbers.ledger;
    this.measures = this.#numbers.measures;
    this.#underWay = new SegmentsUnderWay(data.underWay);
    this.#port = port;
    port.on('message', (message: ToWorker) => {
      switch (message.kind) {
        case 'stop': return this.#stopHandler();
        case 'ping': return this.#post({ kind: 'pong' });
        case 'written': return this.#writing.shift()?.(message.lines);
        case 'segment': return this.#segmentHandler(message.segment);
        default: assert.fail(`a worker was sent ${JSON.stringify(message satisfies never)}`);
      }
    });
  }

  /** To be called when packets are read: the service counts as started when all its workers are. */
  ready(): void {
    this.#post({ kind: 'ready' });
  }

  /** Lets the main thread see what is counted, and what is held now. */
  tell(gauges: Readonly<Record<GaugeName, number>>): void {
    for (const [i, name] of GAUGE_NAMES.entries()) this.#numbers.gauges[i] = gauges[name];
    this.#numbers.tell();
  }

  /** Anything the status page shall know of this worker; the last one counts. Structured clone. */
  report(report: unknown): void {
    this.#post({ kind: 'report', report });
  }

  /**
   * Has lines written by the main thread, where the file is, after those of the calls before. Resolves to how many were
   * written.
   */
  writeLines(lines: Uint8Array): Promise<number> {
    return new Promise((resolve) => {
      this.#writing.push(resolve);
      this.#post({ kind: 'lines', lines });
    });
  }

  /**
   * Gives a segment to the worker of its connection, unless too many are under way to that. Its bytes are copied, from
   * its TCP header on.
   */
  handOver(to: number, packet: Packet): void {
    const { bytes, payloadStart: from, payloadEnd } = packet;
    if (!this.#underWay.give(to, payloadEnd - from)) {
      this.ledger.count('workers.queue_full');
      return;
    }
    this.ledger.count('workers.handed_over');
    const segment = Object.fromEntries(SEGMENT_FIELDS.map((name) => [name, packet[name]])) as Omit<Segment, 'bytes'>;
    for (const place of PLACES) segment[place] -= from;
    this.#post({ kind: 'segment', to, segment: { ...segment, bytes: bytes.slice(from, payloadEnd) } });
  }

  /** @param handler gets the segments other workers hand over; they are counted already */
  onSegment(handler: (segment: Segment) => void): void {
    this.#segmentHandler = (segment) => {
      this.ledger.count('workers.taken_over');
      this.#underWay.take(this.index, segment.bytes.length);
      handler(segment);
    };
  }

  /** @param handler is to deliver what is left and then let the thread end (process.exit() ends only this thread) */
  onStop(handler: () => void): void {
    this.#stopHandler = handler;
  }

  #post(message: ToMain): void {
    this.#port.postMessage(message);
  }
}

const isWorkerData = (data: unknown): data is WorkerData => typeof data === 'object' && data !== null && 'rebuilderWorker' in data;

let share: WorkerShare | undefined;

/** undefined in the main thread, and in threads that are not of the rebuilder. */
export function workerShare(): WorkerShare | undefined {
  const data: unknown = workerData;
  if (isMainThread || parentPort === null || !isWorkerData(data)) return undefined;
  share ??= new WorkerShare(data, parentPort);
  return share;
}
