/**
 * The mirror: `node send.ts DIR PORT FROM TO PACKETS_PER_SECOND OUTPUT RAMP_MS`. Sends packets FROM..TO of a load to UDP 127.0.0.1:PORT with
 * sendmmsg at a steady rate, all of them in memory beforehand. Writes to OUTPUT when each was sent, in milliseconds of the machine's
 * monotonic clock, and prints how many seconds it took. The rate grows from nothing during the first RAMP_MS.
 */
import { writeFileSync } from 'node:fs';
import koffi from 'koffi';
import { encodeSocketAddress } from '../rebuilder/capture/udp-socket.ts';
import { readPackets } from './load-file.ts';
import { monotonicMs } from './monotonic.ts';

const [dir = '', port = '', first = '', last = '', rate = '', output = '', ramp = '0'] = process.argv.slice(2);
const from = Number(first);
const to = Number(last);
const perMs = Number(rate) / 1000;
const rampMs = Number(ramp);

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
const MAX_BATCH = 64;
const PAUSE_US = 150;
/** What was missed while this process did not run is not made up for by a flood, beyond so much. */
const MAX_DEBT_MS = 10;

const { bytes, starts, lengths } = readPackets(dir);
const count = to - from;
const headers = new DataView(new ArrayBuffer(count * MMSGHDR_BYTES + 64));
const iovecs = new DataView(new ArrayBuffer(count * IOVEC_BYTES + 64));
const bytesAddress = koffi.address(bytes);
const iovecAddress = koffi.address(new Uint8Array(iovecs.buffer));
const headerAddress = koffi.address(new Uint8Array(headers.buffer));
for (let i = 0; i < count; i++) {
  iovecs.setBigUint64(i * IOVEC_BYTES, bytesAddress + BigInt(starts[from + i]!), true);
  iovecs.setBigUint64(i * IOVEC_BYTES + 8, BigInt(lengths[from + i]!), true);
  headers.setBigUint64(i * MMSGHDR_BYTES + 16, iovecAddress + BigInt(i * IOVEC_BYTES), true);
  headers.setBigUint64(i * MMSGHDR_BYTES + 24, 1n, true);
}
const fd = socket(2, 2, 0);
const address = encodeSocketAddress('127.0.0.1', Number(port));
if (connect(fd, address, address.length) < 0) throw new Error('cannot send to the port');

const sentAt = new Float64Array(count);
const begin = monotonicMs();
let clockMs = 0;
let lastMs = begin;
let sent = 0;
while (sent < count) {
  const now = monotonicMs();
  clockMs += Math.min(now - lastMs, MAX_DEBT_MS);
  lastMs = now;
  const due = Math.min(count, Math.floor(perMs * (clockMs < rampMs ? clockMs * clockMs / (2 * rampMs) : clockMs - rampMs / 2)));
  if (due <= sent) {
    usleep(PAUSE_US);
    continue;
  }
  const n = sendmmsg(fd, headerAddress + BigInt(sent * MMSGHDR_BYTES), Math.min(MAX_BATCH, due - sent), 0);
  if (n <= 0) continue; // ECONNREFUSED of an earlier datagram: nobody listens (any more); it counts as lost
  sentAt.fill(now, sent, sent + n);
  sent += n;
}
const end = monotonicMs();
writeFileSync(output, new Uint8Array(sentAt.buffer));
// Naming the buffers here keeps them from the garbage collector while the kernel reads them.
if (bytes.length + iovecs.byteLength + headers.byteLength === 0) throw new Error('nothing was sent');
console.log((end - begin) / 1000);
