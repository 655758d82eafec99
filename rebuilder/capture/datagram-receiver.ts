import { isIPv6 } from 'node:net';
import type { Ledger } from '../ledger.ts';
import { BatchReader } from './batch-reader.ts';
import type { DatagramReader } from './datagram-reader.ts';
import { DgramReader } from './dgram-reader.ts';
import type { FrameSink, FrameSource } from './frame-source.ts';
import { loadLibc } from './libc.ts';
import { bindAddress, openUdpSocket, type UdpSocket } from './udp-socket.ts';

export interface DatagramReceiverOptions {
  /** IPv4 or IPv6 address to bind; empty or `::` takes both families. */
  readonly host: string;
  /** 0 = the kernel chooses; read `port` after start(). */
  readonly port: number;
  readonly ledger: Ledger;
  /** Bytes of datagrams the kernel may hold while we are busy. Default 32 MiB: half a second at 70,000 packets/s. */
  readonly receiveBufferBytes?: number;
  /** A socket already bound and owned by someone else (socket-group.ts): it is read, and left open by stop(). */
  readonly socket?: UdpSocket;
  /** false = node:dgram even where recvmmsg can be had. */
  readonly recvmmsg?: boolean;
}

const DEFAULT_RECEIVE_BUFFER_BYTES = 32 * 1024 * 1024;

/** UDP datagrams of a tunnel, whole up to 65,535 bytes, as frames of one link type. */
export class DatagramReceiver implements FrameSource {
  readonly done: Promise<void>;
  readonly #name: string;
  readonly #link: number;
  readonly #options: DatagramReceiverOptions;
  #reader: DatagramReader | undefined;
  #finish: () => void = () => {};

  /** @param name what describe() and mistakes call it @param link one of LinkType, given with each frame */
  constructor(name: string, link: number, options: DatagramReceiverOptions) {
    this.#name = name;
    this.#link = link;
    this.#options = options;
    this.done = new Promise((resolve) => { this.#finish = resolve; });
  }

  async start(sink: FrameSink): Promise<void> {
    const { port, ledger, socket, receiveBufferBytes = DEFAULT_RECEIVE_BUFFER_BYTES } = this.#options;
    const host = bindAddress(this.#options.host);
    const libc = this.#options.recvmmsg === false ? undefined : await loadLibc();
    if (libc) {
      const bound = socket ?? openUdpSocket(libc, { tunnel: this.#name, host, port, receiveBufferBytes });
      this.#reader = new BatchReader(
        libc,
        bound,
        { link: this.#link, ledger, receiveBufferBytes, owned: socket === undefined },
        sink,
      );
    } else {
      const options = { tunnel: this.#name, host, port, receiveBufferBytes, link: this.#link, ledger };
      this.#reader = await DgramReader.open(options, sink);
    }
  }

  /** The bound port; the configured one before start(). */
  get port(): number {
    return this.#reader?.port ?? this.#options.port;
  }

  describe(): string {
    const host = bindAddress(this.#options.host);
    const where = `${this.#name} ${isIPv6(host) ? `[${host}]` : host}:${this.port}`;
    return this.#reader ? `${where} (${this.#reader.describe()})` : where;
  }

  async stop(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.stop();
    this.#finish();
  }
}
