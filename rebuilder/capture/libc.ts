import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';

/**
 * The few Linux calls that node:dgram does not offer (recvmmsg, socket options, an open socket shared by threads),
 * bound with koffi. Pointers are numbers of bytes in memory (`addressOf`): the caller keeps the buffer reachable while
 * the kernel may use it.
 */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, address: Uint8Array, length: Uint32Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array | Uint32Array, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Uint32Array, length: Uint32Array): number;
  /** How many messages came; -1 = see errno. Never waits when flags has MSG_DONTWAIT. */
  recvmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  sendmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  close(fd: number): number;
  /** Gives what malloc keeps free back to the system (malloc_trim(3)); with a libc that has no such call, nothing. */
  trim(): void;
  errno(): number;
  addressOf(buffer: Uint8Array): bigint;
  /**
   * Calls back from the event loop each time the descriptor is readable, until stop(); close() before the descriptor is
   * closed.
   */
  whenReadable(fd: number, callback: () => void): ReadableWatch;
}

export interface ReadableWatch {
  /** (Re)arms the watch. */
  start(): void;
  /** Disarms it; cheap enough to do for each burst. */
  stop(): void;
  close(): void;
}

/** Values of Linux's generic socket ABI (asm-generic/socket.h), the same on x86-64 and arm64. */
export const Linux = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM: 2,
  SOCK_CLOEXEC: 0o2000000,
  SOCK_NONBLOCK: 0o4000,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  SOL_SOCKET: 1,
  SO_RCVBUF: 8,
  SO_REUSEPORT: 15,
  SO_RCVBUFFORCE: 33,
  SO_ATTACH_REUSEPORT_CBPF: 51,
  SO_MEMINFO: 55,
  /** Positions in the array SO_MEMINFO returns (linux/sock_diag.h). */
  SK_MEMINFO_DROPS: 8,
  SK_MEMINFO_VARS: 9,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
} as const;

let loading: Promise<Libc | undefined> | undefined;

/** undefined where koffi is not installed or the system is not a little-endian Linux: callers then use node:dgram. */
export function loadLibc(): Promise<Libc | undefined> {
  loading ??= bindLibc();
  return loading;
}

async function bindLibc(): Promise<Libc | undefined> {
  if (process.platform !== 'linux' || endianness() !== 'LE' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  try {
    const { default: koffi } = await import('koffi');
    if (typeof koffi.node?.poll !== 'function') return undefined;
    const library = koffi.load(null);
    const recvmmsg: (fd: number, messages: bigint, count: number, flags: number, timeout: null) => number =
      library.func('int recvmmsg(int fd, uintptr_t messages, uint32_t count, int flags, void *timeout)');
    const trim = mallocTrim(library);
    return {
      socket: library.func('int socket(int family, int type, int protocol)'),
      bind: library.func('int bind(int fd, const void *address, uint32_t length)'),
      getsockname: library.func('int getsockname(int fd, void *address, void *length)'),
      setsockopt: library.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t length)'),
      getsockopt: library.func('int getsockopt(int fd, int level, int option, void *value, void *length)'),
      recvmmsg: (fd, messages, count, flags) => recvmmsg(fd, messages, count, flags, null),
      sendmmsg: library.func('int sendmmsg(int fd, uintptr_t messages, uint32_t count, int flags)'),
      close: library.func('int close(int fd)'),
      trim: () => void trim?.(0),
      errno: () => koffi.errno(),
      addressOf: (buffer) => koffi.address(buffer),
      whenReadable(fd, callback) {
        const options = { readable: true };
        const handle = koffi.node.poll(fd, options, callback);
        return { start: () => handle.start(options, callback), stop: () => handle.stop(), close: () => handle.close() };
      },
    };
  } catch {
    return undefined; // not installed, no build for this platform, or a libc without these symbols
  }
}

type Trim = (keep: number) => number;

/** null = not glibc. */
function mallocTrim(library: { func(definition: string): Trim }): Trim | null {
  try {
    return library.func('int malloc_trim(size_t keep)');
  } catch {
    return null;
  }
}

/** `EADDRINUSE` for 98. */
export function errorName(errno: number): string {
  return getSystemErrorName(-errno);
}
