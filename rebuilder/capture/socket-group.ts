import { flowHashProgram } from './flow-hash.ts';
import { errorName, type Libc, Linux } from './libc.ts';
import { openUdpSocket, type UdpSocket, type UdpSocketOptions } from './udp-socket.ts';

/**
 * One UDP port shared by several sockets, one a worker: the kernel gives each datagram to the socket that flow-hash.ts
 * names.
 *
 * The group is opened and held by the main thread; workers only read from its descriptors. So a worker that dies and is
 * replaced loses nothing that the kernel has queued, and the sockets keep their places (the last of a group takes that
 * of a closed one).
 */
export interface SocketGroup {
  readonly port: number;
  /** sockets[i] is that of worker i. */
  readonly sockets: readonly UdpSocket[];
  close(): void;
}

export function openSocketGroup(
  libc: Libc, tunnel: 'vxlan' | 'geneve', workers: number, given: Omit<UdpSocketOptions, 'tunnel' | 'reusePort'>,
): SocketGroup {
  const options = { ...given, tunnel };
  // SO_REUSEPORT also lets a second process of the same user join in and take half the traffic: find out first whether
  // the port is free.
  const probe = openUdpSocket(libc, options);
  // With one worker there is nothing to spread: an ordinary socket, also where the kernel takes no program for a group.
  if (workers === 1) return { port: probe.port, sockets: [probe], close: () => libc.close(probe.fd) };
  libc.close(probe.fd);
  const sockets: UdpSocket[] = [];
  const close = (): void => {
    for (const { fd } of sockets.splice(0)) libc.close(fd);
  };
  try {
    for (let i = 0; i < workers; i++) {
      sockets.push(openUdpSocket(libc, { ...options, port: probe.port, reusePort: true }));
      if (i === 0) attach(libc, sockets[0]!.fd, flowHashProgram(tunnel, workers));
    }
  } catch (error) {
    close();
    throw error;
  }
  return { port: probe.port, sockets, close };
}

/** Gives the group of a bound socket its program. */
function attach(libc: Libc, fd: number, program: Uint8Array): void {
  // struct sock_fprog: u16 number of instructions, six bytes of padding, pointer to them.
  const fprog = new Uint8Array(16);
  const view = new DataView(fprog.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, libc.addressOf(program), true);
  const result = libc.setsockopt(fd, Linux.SOL_SOCKET, Linux.SO_ATTACH_REUSEPORT_CBPF, fprog, fprog.length);
  if (result < 0) {
    throw new Error(`cannot spread a UDP port over several workers: ${errorName(libc.errno())}; set workers to 1`);
  }
  // The kernel has copied the program by now; naming it here keeps it from the garbage collector until then.
  program.fill(0);
}
