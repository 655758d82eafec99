// A Linux kernel as a real TCP server, and a packet socket that plays the client: run inside a network namespace of its
// own.
import { writeFileSync } from 'node:fs';
import koffi from 'koffi';
import type { ServerTraits } from './game.ts';

const libc = koffi.load(null);
const socket = libc.func('int socket(int family, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint32_t length)');
const listen = libc.func('int listen(int fd, int backlog)');
const accept4 = libc.func('int accept4(int fd, void *address, void *length, int flags)');
const recv = libc.func('int64_t recv(int fd, void *buffer, uint64_t length, int flags)');
const send = libc.func('int64_t send(int fd, const void *buffer, uint64_t length, int flags)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t length)');
const shutdown = libc.func('int shutdown(int fd, int how)');
const close = libc.func('int close(int fd)');
const nameToIndex = libc.func('uint32_t if_nametoindex(const char *name)');

const [AF_INET6, AF_PACKET] = [10, 17] as const;
const [SOCK_STREAM, SOCK_RAW] = [1, 3] as const;
const SOCK_NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const ETH_P_ALL = 0x0003;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
const [SOL_SOCKET, SO_LINGER, SO_RCVBUFFORCE] = [1, 13, 33] as const;
const [IPPROTO_TCP, IPPROTO_MPTCP, TCP_FASTOPEN] = [6, 262, 23] as const;
const SHUT_WR = 1;
/** Of net.ipv4.tcp_fastopen: a client's; and a server's, which asks for no cookie. */
const [FAST_OPEN_CLIENT, FAST_OPEN_SERVER] = [1, 0x203] as const;

export const SERVER_PORT = 80;
/** Of the server that speaks Multipath TCP. */
export const MULTIPATH_PORT = 81;

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function must(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
  return result;
}

/** Frames to and from the kernel: what is sent arrives before `send` returns, and the answers wait to be read. */
export class PacketSocket {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(70_000);

  constructor() {
    this.#fd = must(socket(AF_PACKET, SOCK_RAW, 0x0300), 'packet socket');
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(ETH_P_ALL, 2);
    address.writeInt32LE(nameToIndex('client'), 4);
    must(bind(this.#fd, address, address.length), 'bind to the interface');
    must(setsockopt(this.#fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, Buffer.from([1, 0, 0, 0]), 4), 'PACKET_IGNORE_OUTGOING');
    setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, Buffer.from([0, 0, 0, 2]), 4);
  }

  send(frame: Uint8Array): void {
    must(Number(send(this.#fd, frame, frame.length, 0)), 'send a frame');
  }

  /** The next frame that passed; null = none yet. */
  receive(): Buffer | null {
    const length = Number(recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT));
    return length < 0 ? null : Buffer.from(this.#buffer.subarray(0, length));
  }
}

/** A listening socket of both families, on SERVER_PORT or MULTIPATH_PORT. */
export class Listener {
  readonly #fd: number;
  #fastOpen: boolean | null = null;

  constructor(port: number) {
    const protocol = port === MULTIPATH_PORT ? IPPROTO_MPTCP : IPPROTO_TCP;
    this.#fd = must(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, protocol), 'socket');
    const address = Buffer.alloc(28);
    address.writeUInt16LE(AF_INET6, 0);
    address.writeUInt16BE(port, 2);
    must(bind(this.#fd, address, address.length), 'bind');
    if (port === SERVER_PORT) must(setsockopt(this.#fd, IPPROTO_TCP, TCP_FASTOPEN, int32(4096), 4), 'TCP_FASTOPEN');
    must(listen(this.#fd, 4096), 'listen');
  }

  /** How it takes the next connection. */
  behave({ fastOpen = false }: ServerTraits = {}): void {
    if (fastOpen === this.#fastOpen) return;
    writeFileSync('/proc/sys/net/ipv4/tcp_fastopen', `${fastOpen ? FAST_OPEN_SERVER : FAST_OPEN_CLIENT}`);
    this.#fastOpen = fastOpen;
  }

  accept(): Accepted | null {
    const fd = accept4(this.#fd, null, null, SOCK_NONBLOCK);
    return fd < 0 ? null : new Accepted(fd);
  }
}

/** What the application holds of a connection. */
export class Accepted {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(1 << 16);
  readonly #read: Buffer[] = [];

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Reads what is there. @param closes at its end, the application closes its own */
  readAll(closes: boolean): void {
    for (;;) {
      const length = Number(recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT));
      if (length === 0 && closes) shutdown(this.#fd, SHUT_WR);
      if (length <= 0) return;
      this.#read.push(Buffer.from(this.#buffer.subarray(0, length)));
    }
  }

  /** All bytes that were read so far. */
  get stream(): string {
    return Buffer.concat(this.#read).toString('latin1');
  }

  write(text: string): void {
    send(this.#fd, Buffer.from(text, 'latin1'), text.length, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /** Ends it with an RST, so that nothing of it is left. */
  abort(): void {
    setsockopt(this.#fd, SOL_SOCKET, SO_LINGER, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]), 8);
    close(this.#fd);
  }
}
