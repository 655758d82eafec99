import koffi from 'koffi';
import { encodeSocketAddress } from '../rebuilder/capture/udp-socket.ts';

const libc = koffi.load(null);
const socket: (family: number, type: number, protocol: number) => number = libc.func('int socket(int family, int type, int protocol)');
const connect: (fd: number, address: Uint8Array, length: number) => number =
  libc.func('int connect(int fd, const void *address, uint32_t length)');
const sendmmsg: (fd: number, messages: bigint, count: number, flags: number) => number =
  libc.func('int sendmmsg(int fd, uintptr_t messages, uint32_t count, int flags)');
const usleep: (microseconds: number) => number = libc.func('int usleep(uint32_t microseconds)');

const MMSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;
/** Datagrams a call; more would come as bursts that no network sends. */
export const MAX_BATCH = 64;
const PAUSE_US = 150;

/** Sends datagrams that lie in memory to UDP 127.0.0.1:port with sendmmsg. */
export class DatagramSender {
  // Held for the kernel's sake, which reads them.
  readonly #bytes: Buffer;
  readonly #headers: DataView<ArrayBuffer>;
  readonly #iovecs: DataView<ArrayBuffer>;
  readonly #headerAddress: bigint;
  readonly #fd: number;

  constructor(bytes: Buffer, starts: Float64Array, lengths: Uint32Array, from: number, to: number, port: number) {
    const count = to - from;
    this.#bytes = bytes;
    this.#headers = new DataView(new ArrayBuffer(count * MMSGHDR_BYTES + 64));
    this.#iovecs = new DataView(new ArrayBuffer(count * IOVEC_BYTES + 64));
    const bytesAddress = koffi.address(this.#bytes);
    const iovecAddress = koffi.address(new Uint8Array(this.#iovecs.buffer));
    this.#headerAddress = koffi.address(new Uint8Array(this.#headers.buffer));
    for (let i = 0; i < count; i++) {
      this.#iovecs.setBigUint64(i * IOVEC_BYTES, bytesAddress + BigInt(starts[from + i]!), true);
      this.#iovecs.setBigUint64(i * IOVEC_BYTES + 8, BigInt(lengths[from + i]!), true);
      this.#headers.setBigUint64(i * MMSGHDR_BYTES + 16, iovecAddress + BigInt(i * IOVEC_BYTES), true);
      this.#headers.setBigUint64(i * MMSGHDR_BYTES + 24, 1n, true);
    }
    this.#fd = socket(2, 2, 0);
    const address = encodeSocketAddress('127.0.0.1', port);
    if (connect(this.#fd, address, address.length) < 0) throw new Error('cannot send to the port');
  }

  /**
   * Sends up to MAX_BATCH of datagrams [at, end); how many went. 0: an ICMP error of an earlier one (nobody listens any
   * more).
   */
  send(at: number, end: number): number {
    return Math.max(
      0,
      sendmmsg(this.#fd, this.#headerAddress + BigInt(at * MMSGHDR_BYTES), Math.min(MAX_BATCH, end - at), 0),
    );
  }

  /** A moment without work. */
  pause(): void {
    usleep(PAUSE_US);
  }
}
