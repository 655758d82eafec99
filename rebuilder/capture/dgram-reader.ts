import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import type { Ledger } from '../ledger.ts';
import { BEAT_MS, type DatagramReader, describeReceiveBuffer } from './datagram-reader.ts';
import type { FrameSink } from './frame-source.ts';
import { dropsOfPort } from './proc-net-udp.ts';
import { bindFailure } from './udp-socket.ts';

const DROPS_BEAT_MS = 1000;

interface DgramReaderOptions {
  readonly tunnel: string;
  readonly host: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  readonly link: number;
  readonly ledger: Ledger;
}

/**
 * The portable way: one event a datagram through node:dgram; a quarter of recvmmsg's packets per second at several
 * times its CPU.
 */
export class DgramReader implements DatagramReader {
  readonly port: number;
  readonly #socket: Socket;
  readonly #sink: FrameSink;
  readonly #ledger: Ledger;
  readonly #wantedBytes: number;
  readonly #beats: readonly NodeJS.Timeout[];
  #lastBatchEndMs = Date.now();
  #batchOpen = false;
  #stopped = false;
  #kernelDrops: number | undefined;

  static async open(options: DgramReaderOptions, sink: FrameSink): Promise<DgramReader> {
    const { tunnel, host, port } = options;
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error: NodeJS.ErrnoException) => {
        socket.close();
        reject(new Error(bindFailure({ tunnel, host, port }, error.code ?? error.message)));
      });
      socket.bind(port, host, resolve);
    });
    socket.removeAllListeners('error');
    try {
      socket.setRecvBufferSize(options.receiveBufferBytes); // cut to net.core.rmem_max by Linux, refused by others
    } catch {
      // describe() tells what there is
    }
    return new DgramReader(socket, options, sink);
  }

  private constructor(socket: Socket, options: DgramReaderOptions, sink: FrameSink) {
    this.#socket = socket;
    this.#sink = sink;
    this.#ledger = options.ledger;
    this.port = socket.address().port;
    this.#wantedBytes = options.receiveBufferBytes;
    socket.on('error', () => {}); // an ICMP error of a peer means nothing to a receiver
    socket.on('message', (datagram: Buffer, sender: RemoteInfo) => {
      sink.frame(options.link, datagram, 0, datagram.length, datagram.length, Date.now(), ipv4Number(sender.address));
      if (this.#batchOpen) return;
      this.#batchOpen = true;
      setImmediate(this.#endBatch);
    });
    this.#beats = [
      setInterval(() => {
        if (Date.now() - this.#lastBatchEndMs >= BEAT_MS) this.#endBatch();
      }, BEAT_MS),
      setInterval(() => void this.#countKernelDrops(), DROPS_BEAT_MS),
    ];
    void this.#countKernelDrops();
  }

  describe(): string {
    const factor = process.platform === 'linux' ? 2 : 1;
    return `node:dgram, ${describeReceiveBuffer(this.#socket.getRecvBufferSize() / factor, this.#wantedBytes)}`;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#beats.forEach(clearInterval);
    await new Promise<void>((resolve) => { this.#socket.close(resolve); });
  }

  readonly #endBatch = (): void => {
    if (this.#stopped) return;
    this.#batchOpen = false;
    this.#lastBatchEndMs = Date.now();
    this.#sink.batchEnd(this.#lastBatchEndMs);
  };

  async #countKernelDrops(): Promise<void> {
    if (process.platform !== 'linux') return;
    let drops: number;
    try {
      const table = this.#socket.address().family === 'IPv6' ? '/proc/net/udp6' : '/proc/net/udp';
      drops = dropsOfPort(await readFile(table, 'latin1'), this.port);
    } catch {
      return; // closed meanwhile, or /proc is not there
    }
    if (this.#kernelDrops !== undefined && drops > this.#kernelDrops) this.#ledger.count('capture.kernel_drops', drops - this.#kernelDrops);
    this.#kernelDrops = drops;
  }
}

/** `10.0.1.7` or `::ffff:10.0.1.7` as a signed 32-bit number; 0 for other addresses. */
function ipv4Number(address: string): number {
  let value = 0;
  let part = 0;
  for (let i = address.startsWith('::ffff:') ? 7 : 0; i < address.length; i++) {
    const c = address.charCodeAt(i);
    if (c === 46) {
      value = (value << 8) | part;
      part = 0;
    } else if (c >= 48 && c <= 57) {
      part = part * 10 + c - 48;
    } else {
      return 0;
    }
  }
  return (value << 8) | part;
}
