/**
 * Which worker a flow belongs to, twice: as a classic BPF program that the kernel runs for each datagram of an
 * SO_REUSEPORT group, and as a function for a packet at hand. Both give the same worker, and the same one for both
 * directions of a connection:
 *
 *     key    = XOR of the 32-bit words of both inner addresses,
 *              XOR (source port XOR destination port) when it is a whole TCP packet
 *     worker = (key * 0x9E3779B1 mod 2^32 >> 16) mod workers
 *
 * The VNI is not part of it: a packet mirrored at two interfaces reaches one worker, which sees that it is the same.
 * Fragments carry no ports (but the first), so all of a datagram go by addresses, and so do IPv6 packets with
 * extension headers; the worker that has found the ports asks `workerOf` whose they are. What is not IP (ARP), or is
 * behind more tags than the program reads, goes to worker 0.
 */
const MULTIPLIER = 0x9e3779b1;

// Of IANA and IEEE, which wire/ has too, in ethertype.ts and protocol.ts: it reads frames with what stands in this
// folder, and so cannot be read from here.
const TCP = 6;
const UDP = 17;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
// "Transparent Ethernet bridging", what GENEVE says before an Ethernet frame (RFC 8926 3.4)
const ETHERTYPE_BRIDGING = 0x6558;
const VXLAN_PORT = 4789;
const MAX_VLAN_TAGS = 2;

/**
 * The worker of a packet whose ports are known.
 * @param addresses XOR of all 32-bit words of source and destination (IPv4-mapped prefixes cancel out: `Packet`'s eight
 *   will do)
 */
export function workerOf(addresses: number, srcPort: number, dstPort: number, workers: number): number {
  return (Math.imul(addresses ^ srcPort ^ dstPort, MULTIPLIER) >>> 16) % workers;
}

interface Placed { readonly version: 4 | 6; readonly extensionBytes: number; readonly vlan: number }

/**
 * Did the program see the ports of a whole TCP packet?
 * @param extensionBytes of its IP header: options (IPv4), extension headers (IPv6)
 * @param vlan -1 = its frame has no tag
 */
export function isPlacedByPorts({ version, extensionBytes, vlan }: Placed): boolean {
  return (version === 4 || extensionBytes === 0) && vlan < 0;
}

/** struct sock_filter: u16 code, u8 jump if true, u8 jump if false, u32 k. */
const INSTRUCTION_BYTES = 8;

// linux/bpf_common.h
const LD_HALF_AT = 0x28;
const LD_BYTE_AT = 0x30;
const LD_WORD_X = 0x40;
const LD_HALF_X = 0x48;
const LD_BYTE_X = 0x50;
const LD_MEM = 0x60;
const LDX_IMM = 0x01;
const LDX_MEM = 0x61;
const ST = 0x02;
const ADD_K = 0x04;
const ADD_X = 0x0c;
const MUL_K = 0x24;
const AND_K = 0x54;
const LSH_K = 0x64;
const RSH_K = 0x74;
const MOD_K = 0x94;
const XOR_X = 0xac;
const JUMP = 0x05;
const JUMP_EQUAL = 0x15;
const JUMP_SET = 0x45;
const RETURN_K = 0x06;
const RETURN_A = 0x16;
const TAX = 0x07;
const TXA = 0x87;

/** Scratch memory of the program. */
const KEY = 0;
const BASE = 1;

type Label = { at: number };

/** Assembles jumps to places further down, the only ones classic BPF has. */
class Assembler {
  readonly #code: { op: number; k: number; whenTrue: Label | undefined; whenFalse: Label | undefined }[] = [];

  emit(op: number, k = 0): void {
    this.#code.push({ op, k, whenTrue: undefined, whenFalse: undefined });
  }

  /** A jump; a missing label is the next instruction. */
  branch(op: number, k: number, whenTrue: Label | undefined, whenFalse: Label | undefined): void {
    this.#code.push({ op, k, whenTrue, whenFalse });
  }

  goto(label: Label): void {
    this.#code.push({ op: JUMP, k: 0, whenTrue: label, whenFalse: undefined });
  }

  place(label: Label): void {
    label.at = this.#code.length;
  }

  bytes(): Uint8Array {
    const view = new DataView(new ArrayBuffer(this.#code.length * INSTRUCTION_BYTES));
    this.#code.forEach(({ op, k, whenTrue, whenFalse }, i) => {
      const distance = (label: Label | undefined): number => label === undefined ? 0 : label.at - i - 1;
      const far = op === JUMP;
      if (!far && Math.max(distance(whenTrue), distance(whenFalse)) > 255) throw new Error('BPF: a conditional jump is too far');
      view.setUint16(i * INSTRUCTION_BYTES, op, true);
      view.setUint8(i * INSTRUCTION_BYTES + 2, far ? 0 : distance(whenTrue));
      view.setUint8(i * INSTRUCTION_BYTES + 3, far ? 0 : distance(whenFalse));
      view.setUint32(i * INSTRUCTION_BYTES + 4, far ? distance(whenTrue) : k, true);
    });
    return new Uint8Array(view.buffer);
  }
}

/**
 * The program for SO_ATTACH_REUSEPORT_CBPF: returns the position in the group of the socket that gets the datagram. The
 * kernel starts it at the UDP payload, and takes a load behind the end of the datagram as `return 0`.
 */
export function flowHashProgram(tunnel: 'vxlan' | 'geneve', workers: number): Uint8Array {
  const asm = new Assembler();
  const none: Label = { at: 0 };
  if (tunnel === 'vxlan') {
    asm.emit(LDX_IMM, 8);
    ethernet(asm, workers, none);
  } else {
    const ip: Label = { at: 0 };
    // The options: their length in words is in the low six bits of the first byte (RFC 8926 3.4).
    asm.emit(LD_BYTE_AT, 0);
    asm.emit(AND_K, 0x3f);
    asm.emit(LSH_K, 2);
    asm.emit(ADD_K, 8);
    asm.emit(TAX);
    asm.emit(LD_HALF_AT, 2);
    asm.branch(JUMP_EQUAL, ETHERTYPE_BRIDGING, undefined, ip);
    ethernet(asm, workers, none);
    asm.place(ip);
    const v4: Label = { at: 0 };
    const v6: Label = { at: 0 };
    asm.branch(JUMP_EQUAL, ETHERTYPE_IPV4, v4, undefined);
    asm.branch(JUMP_EQUAL, ETHERTYPE_IPV6, v6, undefined);
    asm.goto(none);
    asm.place(v4);
    mirroredThroughGwlb(asm, workers, none);
    ipv4(asm, workers);
    asm.place(v6);
    ipv6(asm, workers);
  }
  asm.place(none);
  asm.emit(RETURN_K, 0);
  return asm.bytes();
}

/** An Ethernet frame at X, with up to two VLAN tags. */
function ethernet(asm: Assembler, workers: number, none: Label): void {
  const v4: Label = { at: 0 };
  const v6: Label = { at: 0 };
  for (let tags = 0; ; tags++) {
    // X stays 12 before the EtherType while tags are passed.
    asm.emit(LD_HALF_X, 12);
    asm.branch(JUMP_EQUAL, ETHERTYPE_IPV4, v4, undefined);
    asm.branch(JUMP_EQUAL, ETHERTYPE_IPV6, v6, undefined);
    if (tags === MAX_VLAN_TAGS) break;
    const tag: Label = { at: 0 };
    const other: Label = { at: 0 };
    asm.branch(JUMP_EQUAL, ETHERTYPE_VLAN, tag, undefined);
    asm.branch(JUMP_EQUAL, ETHERTYPE_QINQ, tag, other);
    asm.place(other);
    asm.goto(none);
    asm.place(tag);
    advance(asm, 4);
  }
  asm.goto(none);
  asm.place(v4);
  advance(asm, 14);
  ipv4(asm, workers);
  asm.place(v6);
  advance(asm, 14);
  ipv6(asm, workers);
}

/**
 * GENEVE{IPv4, UDP 4789, VXLAN, Ethernet}: a mirror session whose target is a GWLB endpoint. Anything else falls
 * through, X as it was.
 */
function mirroredThroughGwlb(asm: Assembler, workers: number, none: Label): void {
  const notVxlan: Label = { at: 0 };
  const whole: Label = { at: 0 };
  asm.emit(TXA);
  asm.emit(ST, BASE);
  asm.emit(LD_BYTE_X, 9);
  asm.branch(JUMP_EQUAL, UDP, undefined, notVxlan);
  asm.emit(LD_HALF_X, 6);
  asm.branch(JUMP_SET, 0x3fff, notVxlan, whole);
  asm.place(whole);
  behindIpv4Header(asm);
  const vxlan: Label = { at: 0 };
  asm.emit(LD_HALF_X, 2);
  asm.branch(JUMP_EQUAL, VXLAN_PORT, vxlan, notVxlan);
  asm.place(vxlan);
  advance(asm, 16); // UDP and VXLAN headers
  ethernet(asm, workers, none);
  asm.place(notVxlan);
  asm.emit(LDX_MEM, BASE);
}

function ipv4(asm: Assembler, workers: number): void {
  const addressesOnly: Label = { at: 0 };
  asm.emit(TXA);
  asm.emit(ST, BASE);
  asm.emit(LD_WORD_X, 12);
  asm.emit(ST, KEY);
  asm.emit(LD_WORD_X, 16);
  xorIntoKey(asm);
  asm.emit(LD_BYTE_X, 9);
  asm.branch(JUMP_EQUAL, TCP, undefined, addressesOnly);
  asm.emit(LD_HALF_X, 6);
  asm.branch(JUMP_SET, 0x3fff, addressesOnly, undefined); // more fragments, or an offset
  behindIpv4Header(asm);
  xorPortsIntoKey(asm);
  asm.place(addressesOnly);
  returnWorker(asm, workers);
}

function ipv6(asm: Assembler, workers: number): void {
  const addressesOnly: Label = { at: 0 };
  asm.emit(TXA);
  asm.emit(ST, BASE);
  asm.emit(LD_WORD_X, 8);
  asm.emit(ST, KEY);
  for (let offset = 12; offset < 40; offset += 4) {
    asm.emit(LD_WORD_X, offset);
    xorIntoKey(asm);
  }
  asm.emit(LD_BYTE_X, 6);
  asm.branch(JUMP_EQUAL, TCP, undefined, addressesOnly);
  advance(asm, 40);
  xorPortsIntoKey(asm);
  asm.place(addressesOnly);
  returnWorker(asm, workers);
}

/** X += k. */
function advance(asm: Assembler, k: number): void {
  asm.emit(TXA);
  asm.emit(ADD_K, k);
  asm.emit(TAX);
}

/** X += length of the IPv4 header at X. */
function behindIpv4Header(asm: Assembler): void {
  asm.emit(LD_BYTE_X, 0);
  asm.emit(AND_K, 0x0f);
  asm.emit(LSH_K, 2);
  asm.emit(ADD_X);
  asm.emit(TAX);
}

/** KEY ^= A; A and X are lost, X is BASE again. */
function xorIntoKey(asm: Assembler): void {
  asm.emit(LDX_MEM, KEY);
  asm.emit(XOR_X);
  asm.emit(ST, KEY);
  asm.emit(LDX_MEM, BASE);
}

/** KEY ^= both ports of the TCP header at X. */
function xorPortsIntoKey(asm: Assembler): void {
  asm.emit(TXA);
  asm.emit(ST, BASE);
  asm.emit(LD_HALF_X, 0);
  xorIntoKey(asm);
  asm.emit(LD_HALF_X, 2);
  xorIntoKey(asm);
}

function returnWorker(asm: Assembler, workers: number): void {
  asm.emit(LD_MEM, KEY);
  asm.emit(MUL_K, MULTIPLIER);
  asm.emit(RSH_K, 16);
  asm.emit(MOD_K, workers);
  asm.emit(RETURN_A);
}
