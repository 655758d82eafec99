import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { errorName, type Libc, Linux } from './libc.ts';

/** A bound UDP socket by its descriptor, which every thread of the process may read from. */
export interface UdpSocket {
  readonly fd: number;
  readonly port: number;
  /**
   * Bytes the kernel grants to queued datagrams, its bookkeeping included; what was asked for is doubled by it first
   * (man 7 socket).
   */
  readonly grantedBytes: number;
}

export interface UdpSocketOptions {
  /** What is spoken there: its section of the configuration is named in mistakes. */
  readonly tunnel: string;
  /** IPv4 or IPv6 address; empty or `::` takes both families. */
  readonly host: string;
  /** 0 = the kernel chooses. */
  readonly port: number;
  readonly receiveBufferBytes: number;
  /** Several sockets share the port, see socket-group.ts. */
  readonly reusePort?: boolean;
}

/** Opens and binds without blocking mode. Throws one sentence that says what to do. */
export function openUdpSocket(libc: Libc, given: UdpSocketOptions): UdpSocket {
  const options = { ...given, host: bindAddress(given.host) };
  const family = isIPv6(options.host) ? Linux.AF_INET6 : Linux.AF_INET;
  const fd = libc.socket(family, Linux.SOCK_DGRAM | Linux.SOCK_CLOEXEC | Linux.SOCK_NONBLOCK, 0);
  if (fd < 0) throw new Error(`cannot open a UDP socket: ${errorName(libc.errno())}`);
  try {
    if (family === Linux.AF_INET6) libc.setsockopt(fd, Linux.IPPROTO_IPV6, Linux.IPV6_V6ONLY, Uint32Array.of(0), 4);
    if (options.reusePort) libc.setsockopt(fd, Linux.SOL_SOCKET, Linux.SO_REUSEPORT, Uint32Array.of(1), 4);
    const wanted = Uint32Array.of(options.receiveBufferBytes);
    // FORCE needs CAP_NET_ADMIN and passes net.core.rmem_max; the plain option is silently cut to it.
    if (libc.setsockopt(fd, Linux.SOL_SOCKET, Linux.SO_RCVBUFFORCE, wanted, 4) < 0) {
      libc.setsockopt(fd, Linux.SOL_SOCKET, Linux.SO_RCVBUF, wanted, 4);
    }
    const address = encodeSocketAddress(options.host, options.port);
    if (libc.bind(fd, address, address.length) < 0) throw new Error(bindFailure(options, errorName(libc.errno())));
    const granted = new Uint32Array(1);
    libc.getsockopt(fd, Linux.SOL_SOCKET, Linux.SO_RCVBUF, granted, Uint32Array.of(4));
    libc.getsockname(fd, address, Uint32Array.of(address.length));
    return { fd, port: (address[2]! << 8) | address[3]!, grantedBytes: granted[0]! };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** The address that stands for all of them, of the families this machine has, when none is given. */
export function bindAddress(host: string): string {
  return host !== '' ? host : existsSync('/proc/net/if_inet6') || process.platform !== 'linux' ? '::' : '0.0.0.0';
}

/** struct sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes) of a little-endian Linux. */
export function encodeSocketAddress(host: string, port: number): Uint8Array {
  const ip = ipaddr.parse(host);
  const bytes = ip.toByteArray();
  const address = new Uint8Array(bytes.length === 16 ? 28 : 16);
  address[0] = bytes.length === 16 ? Linux.AF_INET6 : Linux.AF_INET;
  address[2] = port >>> 8;
  address[3] = port & 0xff;
  address.set(bytes, bytes.length === 16 ? 8 : 4);
  return address;
}

/** One sentence for the person who configured the address, from the error's code. */
export function bindFailure({ tunnel, host, port }: Pick<UdpSocketOptions, 'tunnel' | 'host' | 'port'>, code: string): string {
  const where = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return `cannot listen on UDP ${where}: another process already does (\`ss -ulnp\` names it); stop it or choose another tcp_stream.from_${tunnel}.listen_addr`;
    case 'EACCES':
    case 'EPERM':
      return `cannot listen on UDP ${where}: not permitted; ports under 1024 need root or CAP_NET_BIND_SERVICE`;
    case 'EADDRNOTAVAIL':
      return `cannot listen on UDP ${where}: no interface of this machine has that address; 0.0.0.0 listens on all`;
    case 'EAFNOSUPPORT':
      return `cannot listen on UDP ${where}: this machine has no ${isIPv6(host) ? 'IPv6' : 'IPv4'}`;
    default:
      return `cannot listen on UDP ${where}: ${code}`;
  }
}

/**
 * Datagrams the kernel dropped for this socket since it was opened, modulo 2^32: its queue was full, or a checksum
 * wrong.
 */
export function readKernelDrops(libc: Libc, fd: number, scratch: Uint32Array): number {
  const length = Uint32Array.of(4 * Linux.SK_MEMINFO_VARS);
  return libc.getsockopt(fd, Linux.SOL_SOCKET, Linux.SO_MEMINFO, scratch, length) < 0
    ? 0
    : scratch[Linux.SK_MEMINFO_DROPS]!;
}
