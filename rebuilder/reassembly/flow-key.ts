import type { Packet } from '../wire/packet.ts';

/** Which of a connection's two ends: `a` sent the first packet that was captured. */
export type End = 'a' | 'b';

/** A VLAN that is not known yet. */
const ANY_VLAN = -2;

/** What tells a connection from all others: VNI and both ends, as the first packet has them, and its VLANs. */
export class FlowKey {
  readonly vni: number;
  readonly a0: number;
  readonly a1: number;
  readonly a2: number;
  readonly a3: number;
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly b3: number;
  readonly aPort: number;
  readonly bPort: number;
  /** Of hashOf. */
  readonly hash: number;
  /** VLAN tags of each direction (Packet.vlanTags); ANY_VLAN = no packet was seen. */
  #aTags = ANY_VLAN;
  #bTags = ANY_VLAN;

  constructor(packet: Packet, hash: number) {
    this.vni = packet.vni;
    this.a0 = packet.src0;
    this.a1 = packet.src1;
    this.a2 = packet.src2;
    this.a3 = packet.src3;
    this.aPort = packet.srcPort;
    this.b0 = packet.dst0;
    this.b1 = packet.dst1;
    this.b2 = packet.dst2;
    this.b3 = packet.dst3;
    this.bPort = packet.dstPort;
    this.hash = hash;
    this.#aTags = packet.vlanTags;
  }

  isFromA(p: Packet): boolean {
    return this.a3 === p.src3 && this.aPort === p.srcPort && this.b3 === p.dst3 && this.bPort === p.dstPort
      && this.a0 === p.src0 && this.a1 === p.src1 && this.a2 === p.src2
      && this.b0 === p.dst0 && this.b1 === p.dst1 && this.b2 === p.dst2;
  }

  isFromB(p: Packet): boolean {
    return this.b3 === p.src3 && this.bPort === p.srcPort && this.a3 === p.dst3 && this.aPort === p.dstPort
      && this.b0 === p.src0 && this.b1 === p.src1 && this.b2 === p.src2
      && this.a0 === p.dst0 && this.a1 === p.dst1 && this.a2 === p.dst2;
  }

  /**
   * Is it in the VLAN that its packets were in? Some switches tag only one direction of a mirror; two different tags
   * are two networks, and so are some and none in one direction.
   */
  isInVlan(tags: number, end: End): boolean {
    const known = end === 'a' ? this.#aTags : this.#bTags;
    if (known !== ANY_VLAN) return known === tags;
    const other = end === 'a' ? this.#bTags : this.#aTags;
    if (other !== tags && other >= 0 && tags >= 0) return false;
    if (end === 'a') this.#aTags = tags;
    else this.#bTags = tags;
    return true;
  }
}

/** The same for both directions of a connection. */
export function hashOf(packet: Packet): number {
  const { src0, src1, src2, src3, srcPort, dst0, dst1, dst2, dst3, dstPort } = packet;
  const src = mix(mix(src3) + srcPort + Math.imul(src0, K0) + Math.imul(src1, K1) + Math.imul(src2, K2) | 0);
  const dst = mix(mix(dst3) + dstPort + Math.imul(dst0, K0) + Math.imul(dst1, K1) + Math.imul(dst2, K2) | 0);
  return mix(src + dst ^ packet.vni);
}

/** Random for each process, so that no sender can choose addresses and ports that all fall into one bucket. */
const [SEED, K0, K1, K2] = [odd(), odd(), odd(), odd()] as const;

function odd(): number {
  return Math.floor(Math.random() * 0x7fffffff) | 1;
}

/** A hash of one word. */
export function mix(value: number): number {
  let h = value ^ SEED;
  h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
  return h ^ h >>> 16;
}
