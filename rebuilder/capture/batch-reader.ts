import type { Ledger } from '../ledger.ts';
import { BEAT_MS, type DatagramReader, describeReceiveBuffer } from './datagram-reader.ts';
import type { FrameSink } from './frame-source.ts';
import { type Libc, Linux, type ReadableWatch } from './libc.ts';
import { MessageSlab } from './message-slab.ts';
import { readKernelDrops, type UdpSocket } from './udp-socket.ts';

const SLOTS = 256;
/** Full slabs read before the event loop has its turn, so that a flood cannot stop delivery and timers. */
const MAX_ROUNDS = 4;
/** Pause between two reads while datagrams keep coming: packets gather, so that one call and one write serve many. */
const GATHER_MS = 2;
/** The longest pause: of a worker that few datagrams reach. A wake-up costs as much as ten of them. */
const MAX_GATHER_MS = 5;
/** With fewer datagrams in a read the pause grows, with more than three times as many it shrinks. */
const FEW = 40;
/**
 * Nothing came for this long: all that streams wait for has been given up, so that time may pass in longer steps, at
 * less cost.
 */
const QUIET_MS = 5000;
const QUIET_BEAT_MS = 500;

/**
 * Reads a UDP socket with recvmmsg, up to 256 datagrams a call, on the event loop's thread.
 *
 * Waiting is adaptive. Quiet: the event loop watches the descriptor, which costs nothing. Datagrams came: the watch is
 * off and a timer reads every 2 ms, or up to 5 when few come in that time (a wake-up for each packet would cost more
 * than the packet). The slab came back full: read again as soon as the loop allows.
 */
export class BatchReader implements DatagramReader {
  readonly port: number;
  readonly #libc: Libc;
  readonly #socket: UdpSocket;
  readonly #sink: FrameSink;
  readonly #link: number;
  readonly #ledger: Ledger;
  readonly #owned: boolean;
  readonly #wantedBytes: number;
  readonly #slab: MessageSlab;
  readonly #watch: ReadableWatch;
  readonly #memInfo = new Uint32Array(Linux.SK_MEMINFO_VARS);
  #beat: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #gatherMs = GATHER_MS;
  #lastBatchEndMs: number;
  #lastFrameMs: number;
  #kernelDrops = 0;
  #stopped = false;

  constructor(
    libc: Libc, socket: UdpSocket,
    options: { link: number; ledger: Ledger; receiveBufferBytes: number; owned: boolean }, sink: FrameSink,
  ) {
    this.#libc = libc;
    this.#socket = socket;
    this.#sink = sink;
    this.port = socket.port;
    this.#link = options.link;
    this.#ledger = options.ledger;
    this.#owned = options.owned;
    this.#wantedBytes = options.receiveBufferBytes;
    this.#slab = new MessageSlab(libc, SLOTS);
    this.#lastBatchEndMs = Date.now();
    this.#lastFrameMs = this.#lastBatchEndMs;
    this.#watch = libc.whenReadable(socket.fd, () => {
      if (this.#stopped) return;
      this.#watch.stop();
      // Not here: an exception that leaves koffi's callback ends the whole process, not just this worker's thread.
      this.#immediate = setImmediate(this.#read);
    });
    this.#beat = setTimeout(this.#onBeat, BEAT_MS);
  }

  describe(): string {
    // The kernel doubles the value it is given (man 7 socket).
    return `recvmmsg, ${describeReceiveBuffer(this.#socket.grantedBytes / 2, this.#wantedBytes)}`;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#beat);
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#watch.close();
    this.#countKernelDrops();
    if (this.#owned) this.#libc.close(this.#socket.fd);
  }

  readonly #read = (): void => {
    let count = 0;
    let total = 0;
    for (let round = 0; round < MAX_ROUNDS && !this.#stopped; round++) {
      count = this.#readBatch();
      total += count;
      if (count < SLOTS) break;
    }
    if (this.#stopped) return;
    if (total > 0) this.#endBatch();
    if (this.#stopped) return;
    if (count === SLOTS) this.#immediate = setImmediate(this.#read);
    else if (total > 0) this.#gather(total);
    else this.#watch.start();
  };

  #gather(total: number): void {
    if (total < FEW) this.#gatherMs = Math.min(MAX_GATHER_MS, this.#gatherMs + 1);
    else if (total > 3 * FEW) this.#gatherMs = Math.max(GATHER_MS, this.#gatherMs - 1);
    this.#timer = setTimeout(this.#read, this.#gatherMs);
  }

  #readBatch(): number {
    const slab = this.#slab;
    const sink = this.#sink;
    const link = this.#link;
    const count = this.#libc.recvmmsg(this.#socket.fd, slab.headers, SLOTS, Linux.MSG_DONTWAIT | Linux.MSG_TRUNC);
    // EAGAIN: nothing there; an ICMP error of a peer ends here too and means nothing to a receiver
    if (count <= 0) return 0;
    const now = Date.now();
    this.#lastFrameMs = now;
    for (let i = 0; i < count; i++) {
      sink.frame(link, slab.bytes, slab.startOf(i), slab.endOf(i), slab.lengthOf(i), now, slab.sourceOf(i));
    }
    slab.rearm(count);
    return count;
  }

  #endBatch(): void {
    this.#lastBatchEndMs = Date.now();
    this.#sink.batchEnd(this.#lastBatchEndMs);
  }

  readonly #onBeat = (): void => {
    this.#countKernelDrops();
    const now = Date.now();
    if (now - this.#lastBatchEndMs >= BEAT_MS) this.#endBatch();
    if (!this.#stopped) {
      this.#beat = setTimeout(this.#onBeat, now - this.#lastFrameMs > QUIET_MS ? QUIET_BEAT_MS : BEAT_MS);
    }
  };

  #countKernelDrops(): void {
    const drops = readKernelDrops(this.#libc, this.#socket.fd, this.#memInfo);
    if (drops !== this.#kernelDrops) this.#ledger.count('capture.kernel_drops', (drops - this.#kernelDrops) >>> 0);
    this.#kernelDrops = drops;
  }
}
