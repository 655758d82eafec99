/**
 * The calls of libpcap that live capture and filters need, bound with koffi: nothing is compiled at installation,
 * libpcap's run-time package is enough. Handles, pointers and C functions are numbers (bigint); the caller keeps
 * buffers reachable while C may use them.
 */
export interface Libpcap {
  create(device: string, error: Uint8Array): bigint;
  setSnapLength(capture: bigint, bytes: number): number;
  setPromiscuous(capture: bigint, on: number): number;
  setTimeout(capture: bigint, ms: number): number;
  setBufferSize(capture: bigint, bytes: number): number;
  /** 0 = fine, above = a warning, below = one of PcapError. */
  activate(capture: bigint): number;
  setNonBlock(capture: bigint, on: number, error: Uint8Array): number;
  selectableFd(capture: bigint): number;
  dataLink(capture: bigint): number;
  lastError(capture: bigint): string;
  /**
   * Calls `callback(user, header, bytes)` for at most `count` packets that wait. How many, or below 0: lastError()
   * tells.
   */
  dispatch(capture: bigint, count: number, callback: bigint, user: bigint): number;
  /** Three 32-bit counters: received, dropped for want of room, dropped by the interface. */
  stats(capture: bigint, counters: Uint32Array): number;
  /** A handle that captures nothing, to compile filters for. */
  openDead(link: number, snapLength: number): bigint;
  compile(capture: bigint, program: Uint8Array, expression: string, optimise: number, netmask: number): number;
  setFilter(capture: bigint, program: Uint8Array): number;
  freeCode(program: Uint8Array): void;
  close(capture: bigint): void;
  /**
   * Writes packets to an open FILE as records of a pcap file; 0n = failed. The result is `user` for the callback
   * `dump`.
   */
  dumpTo(capture: bigint, file: bigint): bigint;
  /** The address of pcap_dump, for dispatch(). */
  readonly dump: bigint;
  version(): string;
  // --- of the C library
  /** Opens a buffer as a FILE for writing, without any buffer of its own; 0n = failed. */
  openMemory(buffer: Uint8Array): bigint;
  rewind(file: bigint): void;
  position(file: bigint): number;
  closeFile(file: bigint): void;
  copy(to: Uint8Array, from: bigint, bytes: number): void;
  /** Calls back from the event loop each time the descriptor is readable. */
  whenReadable(fd: number, callback: () => void): { stop(): void; start(): void; close(): void };
}

export const PcapError = {
  noSuchDevice: -5,
  permissionDenied: -8,
  notUp: -9,
  promiscuousDenied: -11,
} as const;

export const ERROR_BUFFER_SIZE = 256;
/** struct bpf_program: a 32-bit count and, aligned, a pointer to the instructions. */
export const BPF_PROGRAM_SIZE = 16;

const NO_BUFFERING = 2;

/** Debian's package calls the library 0.8 for historical reasons, everybody else 1. */
const NAMES: readonly string[] = process.platform === 'darwin'
  ? ['/usr/lib/libpcap.A.dylib']
  : ['libpcap.so.1', 'libpcap.so.0.8', 'libpcap.so'];

let loading: Promise<Libpcap | null> | undefined;

/** null = not on this machine (or a system that koffi does not know). */
export function loadLibpcap(): Promise<Libpcap | null> {
  loading ??= bind();
  return loading;
}

async function bind(): Promise<Libpcap | null> {
  if (process.platform === 'win32') return null;
  try {
    const { default: koffi } = await import('koffi');
    if (typeof koffi.node?.poll !== 'function') return null;
    const library = openFirst(NAMES, (name) => koffi.load(name));
    if (library === null) return null;
    const c = koffi.load(null);
    const fmemopen: (buffer: bigint, size: number, mode: string) => bigint = c.func('uintptr_t fmemopen(uintptr_t, size_t, const char *)');
    const setvbuf: (file: bigint, buffer: bigint, mode: number, size: number) => number = c.func('int setvbuf(uintptr_t, uintptr_t, int, size_t)');
    const memcpy: (to: bigint, from: bigint, bytes: number) => void = c.func('void *memcpy(uintptr_t, uintptr_t, size_t)');
    const ftell: (file: bigint) => number | bigint = c.func('long ftell(uintptr_t)');
    const handle = (value: number | bigint): bigint => BigInt(value);
    const create: (device: string, error: Uint8Array) => number | bigint = library.func('uintptr_t pcap_create(const char *, void *)');
    const openDead: (link: number, snapLength: number) => number | bigint = library.func('uintptr_t pcap_open_dead(int, int)');
    const dumpTo: (capture: bigint, file: bigint) => number | bigint = library.func('uintptr_t pcap_dump_fopen(uintptr_t, uintptr_t)');
    return {
      create: (device, error) => handle(create(device, error)),
      setSnapLength: library.func('int pcap_set_snaplen(uintptr_t, int)'),
      setPromiscuous: library.func('int pcap_set_promisc(uintptr_t, int)'),
      setTimeout: library.func('int pcap_set_timeout(uintptr_t, int)'),
      setBufferSize: library.func('int pcap_set_buffer_size(uintptr_t, int)'),
      activate: library.func('int pcap_activate(uintptr_t)'),
      setNonBlock: library.func('int pcap_setnonblock(uintptr_t, int, void *)'),
      selectableFd: library.func('int pcap_get_selectable_fd(uintptr_t)'),
      dataLink: library.func('int pcap_datalink(uintptr_t)'),
      lastError: library.func('const char *pcap_geterr(uintptr_t)'),
      dispatch: library.func('int pcap_dispatch(uintptr_t, int, uintptr_t, uintptr_t)'),
      stats: library.func('int pcap_stats(uintptr_t, void *)'),
      openDead: (link, snapLength) => handle(openDead(link, snapLength)),
      compile: library.func('int pcap_compile(uintptr_t, void *, const char *, int, uint32_t)'),
      setFilter: library.func('int pcap_setfilter(uintptr_t, void *)'),
      freeCode: library.func('void pcap_freecode(void *)'),
      close: library.func('void pcap_close(uintptr_t)'),
      dumpTo: (capture, file) => handle(dumpTo(capture, file)),
      dump: handle(koffi.address(library.symbol('pcap_dump'))),
      version: library.func('const char *pcap_lib_version()'),
      openMemory(buffer) {
        const file = handle(fmemopen(koffi.address(buffer), buffer.length, 'wb'));
        if (file !== 0n) setvbuf(file, 0n, NO_BUFFERING, 0);
        return file;
      },
      rewind: c.func('void rewind(uintptr_t)'),
      position: (file) => Number(ftell(file)),
      closeFile: c.func('int fclose(uintptr_t)'),
      copy: (to, from, bytes) => { memcpy(koffi.address(to), from, bytes); },
      whenReadable(fd, callback) {
        const options = { readable: true };
        const watch = koffi.node.poll(fd, options, callback);
        return { start: () => watch.start(options, callback), stop: () => watch.stop(), close: () => watch.close() };
      },
    };
  } catch {
    return null; // koffi is not installed, or libpcap is older than 1.0 and lacks one of these calls
  }
}

function openFirst<Library>(names: readonly string[], open: (name: string) => Library): Library | null {
  for (const name of names) {
    try {
      return open(name);
    } catch {
      // the next one
    }
  }
  return null;
}
