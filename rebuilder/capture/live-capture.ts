import { networkInterfaces } from 'node:os';
import { isSupportedLink, linkTypeOf } from './capture-format.ts';
import type { FrameSink } from './frame-source.ts';
import { InterfaceError, RIGHTS_MISSING } from './interface-error.ts';
import { BPF_PROGRAM_SIZE, ERROR_BUFFER_SIZE, PcapError, type Libpcap } from './libpcap.ts';

export interface LiveCaptureOptions {
  /** Name of an interface, or `any`. */
  readonly device: string;
  /** BPF expression; empty = every packet. */
  readonly filter: string;
  readonly snapLengthBytes: number;
  readonly promiscuous: boolean;
  /** Ring between the kernel and us. */
  readonly bufferBytes: number;
}

/** Packets gather for this long before the kernel wakes us. */
const GATHER_MS = 10;
const SLAB_BYTES = 4 * 1024 * 1024;
/** What pcap_dump writes in front of each packet: seconds, microseconds, captured and original length. */
const RECORD_HEADER = 16;
const NO_NETMASK = 0xffff_ffff;

/**
 * One open libpcap handle. libpcap copies a batch of packets itself: its own pcap_dump writes them, as records of a
 * pcap file, into a FILE that is our slab. One foreign call a batch, not several for each packet.
 */
export class LiveCapture {
  readonly fd: number;
  readonly link: number;
  readonly #libpcap: Libpcap;
  readonly #capture: bigint;
  readonly #batch: number;
  readonly #slab: Uint8Array;
  readonly #words: DataView;
  readonly #file: bigint;
  readonly #dumper: bigint;
  readonly #counters = new Uint32Array(3);

  /** Throws InterfaceError. */
  static open(libpcap: Libpcap, options: LiveCaptureOptions): LiveCapture {
    const error = new Uint8Array(ERROR_BUFFER_SIZE);
    const capture = libpcap.create(options.device, error);
    if (capture === 0n) throw new InterfaceError(`interface ${options.device}: ${text(error)}`);
    try {
      return new LiveCapture(libpcap, capture, options);
    } catch (failure) {
      libpcap.close(capture);
      throw failure;
    }
  }

  private constructor(libpcap: Libpcap, capture: bigint, options: LiveCaptureOptions) {
    this.#libpcap = libpcap;
    this.#capture = capture;
    libpcap.setSnapLength(capture, options.snapLengthBytes);
    libpcap.setPromiscuous(capture, options.promiscuous && options.device !== 'any' ? 1 : 0);
    libpcap.setTimeout(capture, GATHER_MS);
    libpcap.setBufferSize(capture, options.bufferBytes);
    const activated = libpcap.activate(capture);
    if (activated < 0) throw new InterfaceError(`interface ${options.device}: ${this.#explain(activated)}`);
    this.#setFilter(options);
    const error = new Uint8Array(ERROR_BUFFER_SIZE);
    if (libpcap.setNonBlock(capture, 1, error) !== 0) throw new InterfaceError(`interface ${options.device}: ${text(error)}`);
    this.fd = libpcap.selectableFd(capture);
    this.link = linkTypeOf(libpcap.dataLink(capture));
    if (!isSupportedLink(this.link)) {
      throw new InterfaceError(`interface ${options.device}: its link type ${this.link} is not supported; use one that carries Ethernet or IP`);
    }
    const record = RECORD_HEADER + options.snapLengthBytes;
    this.#slab = new Uint8Array(Math.max(SLAB_BYTES, 2 * record));
    this.#words = new DataView(this.#slab.buffer);
    // One record less than fits: the FILE wants a byte more than is written.
    this.#batch = Math.floor(this.#slab.length / record) - 1;
    this.#file = libpcap.openMemory(this.#slab);
    this.#dumper = this.#file === 0n ? 0n : libpcap.dumpTo(capture, this.#file);
    if (this.#dumper === 0n) throw new InterfaceError(`interface ${options.device}: no memory for its packets`);
  }

  /**
   * Delivers a batch of the packets that wait. Their number, and `full` when there may be more; throws InterfaceError
   * when the interface has gone.
   */
  read(sink: FrameSink): { count: number; full: boolean } {
    const libpcap = this.#libpcap;
    libpcap.rewind(this.#file);
    const count = libpcap.dispatch(this.#capture, this.#batch, libpcap.dump, this.#dumper);
    if (count < 0) throw new InterfaceError(libpcap.lastError(this.#capture));
    if (count > 0) this.#deliver(libpcap.position(this.#file), sink);
    return { count, full: count === this.#batch };
  }

  /**
   * Packets dropped since the capture began: for want of room in the ring, and by the interface itself (0 where it does
   * not tell).
   */
  drops(): { ring: number; interface: number } {
    const told = this.#libpcap.stats(this.#capture, this.#counters) === 0;
    return { ring: told ? this.#counters[1]! : 0, interface: told ? this.#counters[2]! : 0 };
  }

  close(): void {
    this.#libpcap.close(this.#capture);
    this.#libpcap.closeFile(this.#file);
  }

  #deliver(end: number, sink: FrameSink): void {
    const words = this.#words;
    for (let at = 0; end - at >= RECORD_HEADER;) {
      // pcap_dump writes in the machine's byte order; koffi and Node.js run on little-endian machines only.
      const captured = words.getUint32(at + 8, true);
      const frame = at + RECORD_HEADER;
      if (captured > end - frame) break;
      const timeMs = words.getUint32(at, true) * 1000 + words.getUint32(at + 4, true) / 1000;
      sink.frame(this.link, this.#slab, frame, frame + captured, words.getUint32(at + 12, true), timeMs, 0);
      at = frame + captured;
    }
  }

  #setFilter({ device, filter }: LiveCaptureOptions): void {
    if (filter === '') return;
    const program = new Uint8Array(BPF_PROGRAM_SIZE);
    const compiled = this.#libpcap.compile(this.#capture, program, filter, 1, NO_NETMASK) === 0;
    if (!compiled) throw new InterfaceError(`interface ${device}: filter "${filter}": ${this.#libpcap.lastError(this.#capture)}`);
    const set = this.#libpcap.setFilter(this.#capture, program) === 0;
    this.#libpcap.freeCode(program);
    if (!set) throw new InterfaceError(`interface ${device}: filter "${filter}": ${this.#libpcap.lastError(this.#capture)}`);
  }

  #explain(error: number): string {
    switch (error) {
      case PcapError.noSuchDevice: return `there is no such interface (there are: ${[...Object.keys(networkInterfaces()), 'any'].join(', ')})`;
      case PcapError.permissionDenied:
      case PcapError.promiscuousDenied: return RIGHTS_MISSING;
      case PcapError.notUp: return 'is down; bring it up with: ip link set INTERFACE up';
      default: return this.#libpcap.lastError(this.#capture);
    }
  }
}

function text(buffer: Uint8Array): string {
  return Buffer.from(buffer.subarray(0, Math.max(0, buffer.indexOf(0)))).toString('utf8');
}
