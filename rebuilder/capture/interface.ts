import { BEAT_MS } from './datagram-reader.ts';
import { LinkType, type FrameSink, type FrameSource } from './frame-source.ts';
import type { Ledger } from '../ledger.ts';
import { InterfaceError, LIBPCAP_MISSING } from './interface-error.ts';
import { loadLibpcap, type Libpcap } from './libpcap.ts';
import { LiveCapture, type LiveCaptureOptions } from './live-capture.ts';

interface InterfaceOptions extends Partial<Omit<LiveCaptureOptions, 'device'>> {
  readonly ledger: Ledger;
  /** Told in one sentence when the interface has gone or come back. */
  readonly onNotice?: (sentence: string) => void;
}

const DEFAULT_SNAP_LENGTH = 65_535;
const DEFAULT_BUFFER = 32 * 1024 * 1024;
/** Full batches read before the event loop has its turn. */
const MAX_ROUNDS = 8;
/** A lost interface is looked for again this often. */
const RETRY_MS = 1000;

/** Packets of one network interface (or `any`: all of them), by libpcap. An interface that goes away is waited for. */
export class InterfaceCapture implements FrameSource {
  readonly done: Promise<void>;
  readonly #device: string;
  readonly #options: LiveCaptureOptions;
  readonly #ledger: Ledger;
  readonly #onNotice: (sentence: string) => void;
  #finish: () => void = () => {};
  #libpcap: Libpcap | null = null;
  #sink: FrameSink | null = null;
  #capture: LiveCapture | null = null;
  #watch: ReturnType<Libpcap['whenReadable']> | null = null;
  #beat: NodeJS.Timeout | null = null;
  #lostAtMs = 0;
  #ringDrops = 0;
  #interfaceDrops = 0;

  constructor(device: string, options: InterfaceOptions) {
    const { filter = '', snapLengthBytes = DEFAULT_SNAP_LENGTH, promiscuous = true, bufferBytes = DEFAULT_BUFFER } = options;
    this.#device = device;
    this.#options = { device, filter, snapLengthBytes, promiscuous, bufferBytes };
    this.#ledger = options.ledger;
    this.#onNotice = options.onNotice ?? (() => {});
    this.done = new Promise((resolve) => { this.#finish = resolve; });
  }

  /** Rejects with an InterfaceError: no libpcap, no rights, no such interface, a filter that is none. */
  async start(sink: FrameSink): Promise<void> {
    this.#libpcap = await loadLibpcap();
    if (this.#libpcap === null) throw new InterfaceError(`interface ${this.#device}: capturing ${LIBPCAP_MISSING}`);
    this.#sink = sink;
    this.#open(this.#libpcap);
    this.#beat = setInterval(() => this.#onBeat(), BEAT_MS);
  }

  async stop(): Promise<void> {
    if (this.#beat !== null) clearInterval(this.#beat);
    this.#beat = null;
    if (this.#capture !== null) this.#countDrops(this.#capture);
    this.#close();
    this.#finish();
  }

  describe(): string {
    const { filter, snapLengthBytes } = this.#options;
    const state = this.#capture !== null ? `${linkName(this.#capture.link)}, ` : this.#sink !== null ? 'gone, waited for, ' : '';
    return `interface ${this.#device} (${state}${filter === '' ? 'no filter' : `filter "${filter}"`}, ${snapLengthBytes} bytes of each packet)`;
  }

  #open(libpcap: Libpcap): void {
    const capture = LiveCapture.open(libpcap, this.#options);
    this.#capture = capture;
    this.#ringDrops = 0;
    this.#interfaceDrops = 0;
    this.#watch = libpcap.whenReadable(capture.fd, () => this.#read());
  }

  #close(): void {
    this.#watch?.close();
    this.#watch = null;
    this.#capture?.close();
    this.#capture = null;
  }

  #read(): void {
    const capture = this.#capture;
    const sink = this.#sink;
    if (capture === null || sink === null) return;
    let any = false;
    try {
      for (let round = 0; round < MAX_ROUNDS && this.#capture === capture; round++) {
        const { count, full } = capture.read(sink);
        any ||= count > 0;
        if (!full) break;
      }
    } catch (error) {
      if (!(error instanceof InterfaceError)) throw error;
      this.#lose(error.message);
    }
    if (any) sink.batchEnd(Date.now());
  }

  #onBeat(): void {
    const nowMs = Date.now();
    if (this.#capture === null) {
      if (nowMs - this.#lostAtMs >= RETRY_MS) this.#tryAgain(nowMs);
    } else {
      // Only reading tells that the interface has gone; and when it was down for a while, the event loop has ended the
      // watch.
      this.#read();
      this.#watch?.start();
    }
    if (this.#capture !== null) this.#countDrops(this.#capture);
    this.#sink?.batchEnd(nowMs);
  }

  #lose(reason: string): void {
    if (this.#capture !== null) this.#countDrops(this.#capture);
    this.#close();
    this.#lostAtMs = Date.now();
    this.#ledger.count('capture.interface_lost');
    this.#onNotice(`interface ${this.#device}: ${reason}; waiting for it to come back`);
  }

  #tryAgain(nowMs: number): void {
    if (this.#libpcap === null) return;
    this.#lostAtMs = nowMs;
    try {
      this.#open(this.#libpcap);
      this.#onNotice(`interface ${this.#device}: is back`);
    } catch (error) {
      if (!(error instanceof InterfaceError)) throw error;
    }
  }

  #countDrops(capture: LiveCapture): void {
    const drops = capture.drops();
    this.#ledger.count('capture.kernel_drops', (drops.ring - this.#ringDrops) >>> 0);
    this.#ledger.count('capture.interface_drops', (drops.interface - this.#interfaceDrops) >>> 0);
    this.#ringDrops = drops.ring;
    this.#interfaceDrops = drops.interface;
  }
}

function linkName(link: number): string {
  const name = Object.entries(LinkType).find(([, number]) => number === link)?.[0] ?? String(link);
  return `link type ${name}`;
}
