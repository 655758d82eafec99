import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { Measures } from '../forward/measures.ts';
import { Ledger } from '../ledger.ts';
import { ACCOUNTED_UNITS, total } from '../status/balance.ts';
import { SegmentsUnderWay } from './segments-under-way.ts';
import { YOUNG_MIB } from './worker-heap.ts';
import {
  GAUGE_NAMES, type GaugeName, NUMBERS_BYTES, type ToMain, type ToWorker, type WorkerData, type WorkerInputs,
  WorkerNumbers,
} from './worker-share.ts';

interface WorkersOptions {
  /**
   * What a thread runs: the file this process was started with, a bundle or rebuilder.js; it finds its share with
   * workerShare().
   */
  readonly entry: string | URL;
  /** One for each worker. */
  readonly inputs: readonly WorkerInputs[];
  /** Handed to each worker as it is (structured clone). */
  readonly data: unknown;
  /** How large V8 may let the heap of each grow, MiB. */
  readonly heapMib: number;
  /** Writes what workers have to write; resolves to the number of lines written. */
  readonly writeLines?: (lines: Uint8Array) => Promise<number>;
  /** Told of each report a worker makes. */
  readonly onReport?: (report: unknown) => void;
  /** Told of each worker that died, in one sentence. */
  readonly onDeath: (sentence: string) => void;
  /** How often each is asked whether it still answers, ms. */
  readonly pingMs?: number;
}

interface WorkerState {
  readonly index: number;
  readonly running: boolean;
  /** How often it died. */
  readonly deaths: number;
  /** Why it last died; empty = it did not. */
  readonly lastFault: string;
  /** What it last reported of itself. */
  readonly report: unknown;
}

interface Slot {
  readonly index: number;
  readonly shared: SharedArrayBuffer;
  readonly numbers: WorkerNumbers;
  readonly inputs: WorkerInputs;
  thread: Worker;
  running: boolean;
  /** Segments that other workers gave to it. */
  passed: number;
  deaths: number;
  lastFault: string;
  report: unknown;
  restart: NodeJS.Timeout | undefined;
  /** Questions whether it is there that it has not answered. */
  unanswered: number;
  ping: NodeJS.Timeout | undefined;
}

const PING_MS = 1000;
/** A collection of garbage or a starved machine takes seconds; who is silent for longer will be for ever. */
const MOST_UNANSWERED = 30;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** A worker that ran this long had a fresh start. */
const STABLE_MS = 60_000;

/**
 * Threads that each run a whole pipeline, for all cores. They share nothing but the kernel's socket group, which gives
 * each connection to one of them, and the numbers they count in, which the main thread reads. One that dies is
 * replaced; what it held is counted as lost.
 */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #slots: Slot[] = [];
  readonly #underWayBuffer: SharedArrayBuffer;
  readonly #underWay: SegmentsUnderWay;
  #stopping = false;
  #moment: ReturnType<WorkerNumbers['told']>[] | null = null;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#underWayBuffer = SegmentsUnderWay.buffer(options.inputs.length);
    this.#underWay = new SegmentsUnderWay(this.#underWayBuffer);
  }

  /** Resolves when every worker reads its inputs; rejects with the first one's failure, in its words. */
  async start(): Promise<void> {
    const started = this.#options.inputs.map((inputs, index) => new Promise<void>((resolve, reject) => {
      const shared = new SharedArrayBuffer(NUMBERS_BYTES);
      const slot: Slot = {
        index, shared, numbers: new WorkerNumbers(shared), inputs,
        thread: this.#launch({ index, shared, inputs }),
        running: false, passed: 0, deaths: 0, lastFault: '', report: undefined, restart: undefined,
        unanswered: 0, ping: undefined,
      };
      this.#slots.push(slot);
      this.#attend(slot, resolve, reject);
    }));
    try {
      await Promise.all(started);
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  /** All counters of all workers, of those that died too. They fit the gauges that are read with them. */
  ledger(): Ledger {
    return this.#told().reduce((sum, { ledger }) => sum.plus(ledger), new Ledger());
  }

  /** All that all workers have measured. */
  measures(): Measures {
    const sum = new Measures();
    for (const { numbers } of this.#slots) sum.add(numbers.measures);
    return sum;
  }

  /** Sum over the workers; of `lastPacketMs` the latest. */
  gauge(name: GaugeName): number {
    const values = this.#told().map(({ gauges }) => gauges[GAUGE_NAMES.indexOf(name)] ?? 0);
    return name === 'lastPacketMs' ? Math.max(0, ...values) : values.reduce((sum, value) => sum + value, 0);
  }

  /** What each worker last told, the same for all who ask in one turn of the event loop. */
  #told(): ReturnType<WorkerNumbers['told']>[] {
    if (this.#moment === null) setImmediate(() => { this.#moment = null; }).unref();
    return this.#moment ??= this.#slots.map(({ numbers }) => numbers.told());
  }

  states(): WorkerState[] {
    return this.#slots.map(
      ({ index, running, deaths, lastFault, report }) => ({ index, running, deaths, lastFault, report }));
  }

  /** Asks every worker to deliver what it holds and end; those that have not after `timeoutMs` are ended. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#slots.map(async (slot) => {
      clearTimeout(slot.restart);
      if (!slot.running) return;
      const gone = new Promise<void>((resolve) => { slot.thread.once('exit', () => resolve()); });
      post(slot, { kind: 'stop' });
      const timer = setTimeout(() => void slot.thread.terminate(), timeoutMs);
      await gone;
      clearTimeout(timer);
    }));
  }

  #launch({ index, shared, inputs }: Pick<Slot, 'index' | 'shared' | 'inputs'>): Worker {
    const { entry, data, heapMib, inputs: { length: workers } } = this.#options;
    const workerData: WorkerData = {
      rebuilderWorker: true, index, workers, numbers: shared, underWay: this.#underWayBuffer, inputs, data,
    };
    const resourceLimits = { maxOldGenerationSizeMb: heapMib, maxYoungGenerationSizeMb: YOUNG_MIB };
    return new Worker(entry, { workerData, resourceLimits });
  }

  #attend(slot: Slot, onReady: () => void, onFailure: (error: Error) => void): void {
    const startedMs = Date.now();
    let fault = '';
    let isReady = slot.deaths > 0;
    slot.running = true;
    const { thread } = slot;
    slot.thread.on('message', (message: ToMain) => {
      switch (message.kind) {
        case 'ready':
          isReady = true;
          this.#watch(slot, (silence) => { fault = silence; });
          return onReady();
        case 'pong':
          slot.unanswered = 0;
          return;
        case 'report': return this.#reported(slot, message.report);
        case 'lines': return void this.#write(thread, message.lines);
        case 'segment': return this.#pass(message);
        default: assert.fail(`a worker sent ${JSON.stringify(message satisfies never)}`);
      }
    });
    slot.thread.on('error', (error) => { fault = error.message; });
    slot.thread.on('exit', (code) => {
      slot.running = false;
      clearInterval(slot.ping);
      this.#loseUntaken(slot);
      if (this.#stopping) return this.#tell(slot);
      slot.deaths++;
      slot.lastFault = fault === '' ? `ended by itself with code ${code}` : fault;
      this.#writeOff(slot);
      // A mistake that keeps the first one from starting keeps all of them: start() says it, once, and ends the others.
      if (!isReady) {
        onFailure(new Error(slot.lastFault));
        return;
      }
      // At once, so that its socket does not overflow; slower when it dies again and again.
      const recent = Date.now() - startedMs < STABLE_MS ? slot.deaths : 1;
      const pauseMs = recent === 1 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (recent - 2), LONGEST_PAUSE_MS);
      this.#options.onDeath(`worker ${slot.index} died and is replaced${pauseMs > 0 ? ` in ${pauseMs} ms` : ''}: ${slot.lastFault}`);
      slot.restart = setTimeout(() => {
        slot.thread = this.#launch(slot);
        this.#attend(slot, () => {}, () => {});
      }, pauseMs);
    });
  }

  /** One that does not come back from a packet is ended as if that had been a fault in it. */
  #watch(slot: Slot, onSilence: (sentence: string) => void): void {
    slot.unanswered = 0;
    slot.ping = setInterval(() => {
      if (slot.unanswered++ < MOST_UNANSWERED) return post(slot, { kind: 'ping' });
      clearInterval(slot.ping);
      onSilence(`it has not answered ${MOST_UNANSWERED} times`);
      void slot.thread.terminate();
    }, this.#options.pingMs ?? PING_MS).unref();
  }

  /** In the place of a worker that does not run. */
  #tell(slot: Slot): void {
    slot.numbers.tell();
    this.#moment = null;
  }

  #reported(slot: Slot, report: unknown): void {
    slot.report = report;
    this.#options.onReport?.(report);
  }

  async #write(thread: Worker, lines: Uint8Array): Promise<void> {
    const written = await this.#options.writeLines?.(lines) ?? 0;
    thread.postMessage({ kind: 'written', lines: written } satisfies ToWorker);
  }

  #pass({ to, segment }: Extract<ToMain, { kind: 'segment' }>): void {
    const slot = this.#slots[to];
    assert(slot !== undefined, `a worker passes a segment to worker ${to}`);
    slot.passed++;
    this.#underWay.pass(to, segment.bytes.length);
    if (slot.running) {
      post(slot, { kind: 'segment', segment });
    } else {
      this.#loseUntaken(slot);
      this.#tell(slot);
    }
  }

  /** Segments that were passed on to a worker that does not run any more, and that it has not taken. */
  #loseUntaken({ index, numbers: { ledger }, passed }: Slot): void {
    const untaken = passed - ledger.get('workers.taken_over');
    ledger.count('workers.taken_over', untaken);
    ledger.count('workers.lost_packets', untaken);
    this.#underWay.forget(index);
  }

  /** Counts what a dead worker held as lost, so that the ledger's sums hold: all that came and had not yet ended. */
  #writeOff(slot: Slot): void {
    const { ledger, gauges } = slot.numbers;
    gauges.fill(0);
    ledger.count('workers.died');
    for (const unit of ACCOUNTED_UNITS) {
      const held = total(ledger, 'in', unit) - total(ledger, 'out', unit) - total(ledger, 'lost', unit);
      ledger.count(`workers.lost_${unit}`, held);
    }
    this.#tell(slot);
  }
}

function post(slot: Slot, message: ToWorker): void {
  slot.thread.postMessage(message);
}
