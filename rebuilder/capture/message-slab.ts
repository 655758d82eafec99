import { frameMemory } from './frame-memory.ts';
import type { Libc } from './libc.ts';

/**
 * Memory for one recvmmsg call: `slots` buffers, each as long as the longest UDP payload, and the array of struct
 * mmsghdr that points at them (the 64-bit Linux layout):
 *
 *     mmsghdr (64 bytes)  0 name  8 namelen  16 iov  24 iovlen  32 control  40 controllen  48 flags
 *                        56 len (of the received datagram)
 *     iovec   (16 bytes)  0 base  8 len
 *
 * The kernel hands out pages at their first use, so slots cost what the datagrams fill: 1 MiB for packets of 1,500
 * bytes, 16 MiB when all were 64 KiB.
 */
const HEADER_BYTES = 64;
const NAME_BYTES = 28; // struct sockaddr_in6, the longer one
const IOVEC_BYTES = 16;
const MAX_UDP_PAYLOAD = 65_535;
/**
 * 64 KiB and an odd number of cache lines, so that the first bytes of the slots do not compete for the same cache sets.
 */
const SLOT_BYTES = 65_536 + 192;
/**
 * Slots begin two bytes past a multiple of four: the IPv4 header behind VXLAN (8) and Ethernet (14) is then aligned.
 */
const SLOT_OFFSET = 2;

export class MessageSlab {
  readonly slots: number;
  /** All slots; datagram i begins at `startOf(i)`. */
  readonly bytes: Uint8Array;
  readonly headers: bigint;
  // Held for the kernel's sake: nothing else keeps these buffers from the garbage collector.
  readonly #words: Uint32Array;
  readonly #names: Uint8Array;
  readonly #iovecs: Uint8Array;

  constructor(libc: Libc, slots: number) {
    this.slots = slots;
    this.bytes = frameMemory(slots * SLOT_BYTES + SLOT_OFFSET);
    // An explicit ArrayBuffer: V8 keeps typed arrays of up to 64 bytes in its own heap, where they move.
    this.#names = new Uint8Array(new ArrayBuffer(slots * NAME_BYTES));
    this.#iovecs = new Uint8Array(new ArrayBuffer(slots * IOVEC_BYTES));
    const headers = new Uint8Array(new ArrayBuffer(slots * HEADER_BYTES));
    this.#words = new Uint32Array(headers.buffer);
    this.headers = libc.addressOf(headers);
    const iovecAddress = libc.addressOf(this.#iovecs);
    const nameAddress = libc.addressOf(this.#names);
    const bytesAddress = libc.addressOf(this.bytes);
    const headerView = new DataView(headers.buffer);
    const iovecView = new DataView(this.#iovecs.buffer);
    for (let i = 0; i < slots; i++) {
      iovecView.setBigUint64(i * IOVEC_BYTES, bytesAddress + BigInt(this.startOf(i)), true);
      iovecView.setBigUint64(i * IOVEC_BYTES + 8, BigInt(MAX_UDP_PAYLOAD), true);
      headerView.setBigUint64(i * HEADER_BYTES, nameAddress + BigInt(i * NAME_BYTES), true);
      headerView.setUint32(i * HEADER_BYTES + 8, NAME_BYTES, true);
      headerView.setBigUint64(i * HEADER_BYTES + 16, iovecAddress + BigInt(i * IOVEC_BYTES), true);
      headerView.setBigUint64(i * HEADER_BYTES + 24, 1n, true);
    }
  }

  startOf(i: number): number {
    return SLOT_OFFSET + i * SLOT_BYTES;
  }

  /** Bytes that datagram i had (MSG_TRUNC asks for the true length, also of one that did not fit its slot). */
  lengthOf(i: number): number {
    return this.#words[i * 16 + 14]!;
  }

  /** One past the last byte of datagram i that is in its slot. */
  endOf(i: number): number {
    const length = this.lengthOf(i);
    return this.startOf(i) + (length > MAX_UDP_PAYLOAD ? MAX_UDP_PAYLOAD : length);
  }

  /**
   * The sender's IPv4 address as a signed 32-bit number, also when it came IPv4-mapped over an IPv6 socket; 0 = IPv6.
   */
  sourceOf(i: number): number {
    const names = this.#names;
    const at = i * NAME_BYTES;
    if (names[at] === 2) {
      return (names[at + 4]! << 24) | (names[at + 5]! << 16) | (names[at + 6]! << 8) | names[at + 7]!;
    }
    if (names[at + 18] !== 0xff || names[at + 19] !== 0xff) return 0;
    for (let k = at + 8; k < at + 18; k++) if (names[k] !== 0) return 0;
    return (names[at + 20]! << 24) | (names[at + 21]! << 16) | (names[at + 22]! << 8) | names[at + 23]!;
  }

  /** Makes the first `count` slots ready again: the kernel wrote the length of the name into each. */
  rearm(count: number): void {
    for (let i = 0; i < count; i++) this.#words[i * 16 + 2] = NAME_BYTES;
  }
}
