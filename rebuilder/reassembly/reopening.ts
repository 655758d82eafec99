import { type Packet, TcpFlag } from '../wire/packet.ts';
import type { HalfStream } from './half-stream.ts';
import { MAX_WINDOW_BYTES, NEAR_BYTES } from './missing-bytes.ts';
import { Receiver } from './receiver.ts';
import { advance, distance } from './sequence.ts';

/** The connection that a SYN would open, read beside the one that it came in. */
interface Candidate {
  /** Of the SYN's sender. */
  readonly fromA: HalfStream;
  packet(packet: Packet, end: 'a', nowMs: number): unknown;
  abandon(): void;
}

/**
 * A SYN in a connection that goes on, for all that is seen. Its server may ignore it (RFC 9293 3.10.7.4, challenge
 * ACK), or have no such connection any more and open it anew: data that follow the SYN are read beside the connection
 * until the server tells which of the two it has.
 */
export class Reopening<C extends Candidate> {
  /** The direction that the SYN came in; null = there is none, or none that counts any more. */
  opener: HalfStream | null = null;
  isn = 0;
  /** What the SYN offers; null = it was not seen, only its answer. */
  offer: Receiver | null = null;
  /** Made by the first data that follow the SYN. */
  candidate: C | null = null;

  /** A SYN with the sequence number `isn`. @param packet null = its answer tells of it */
  syn(isn: number, opener: HalfStream, packet: Packet | null): void {
    if (packet !== null) {
      this.offer = new Receiver();
      this.offer.syn(packet);
    } else if (isn !== this.isn) {
      this.offer = null;
    }
    this.isn = isn;
    this.opener = opener;
  }

  /** Is it the SYN that the peer of `opener` answers? */
  isBy(opener: HalfStream, isn: number): boolean {
    return this.opener === opener && this.isn === isn;
  }

  /** The SYN opened nothing, or no longer matters. */
  forget(): void {
    this.opener = null;
  }

  takeCandidate(): C | null {
    const { candidate } = this;
    this.candidate = null;
    return candidate;
  }

  /**
   * Hands the packet to the candidate if it may be the candidate's.
   * @param half the direction it came in
   * @param open makes the candidate
   * @returns 'proven': the connection is over, the candidate is in its place; 'only there': it is not the connection's
   */
  packet(packet: Packet, half: HalfStream, nowMs: number, open: () => C): 'only there' | 'proven' | 'not there' {
    if (half !== this.opener) return this.#proves(packet, half);
    const into = distance(packet.seq, this.candidate?.fromA.nextSeq ?? advance(this.isn, 1));
    if (into <= -NEAR_BYTES || into >= NEAR_BYTES) return 'not there';
    if (this.candidate === null) {
      if (packet.dataEnd === packet.dataStart || into < 0) return 'not there';
      this.candidate = open();
    }
    this.candidate.packet(packet, 'a', nowMs);
    const intoOld = distance(packet.seq, half.nextSeq);
    const isInOld = half.started && intoOld > -MAX_WINDOW_BYTES && intoOld < MAX_WINDOW_BYTES;
    return isInOld ? 'not there' : 'only there';
  }

  /** What the server acknowledges tells which of the two is its connection. */
  #proves(packet: Packet, { peer }: HalfStream): 'proven' | 'not there' {
    if ((packet.flags & TcpFlag.ack) === 0 || peer === null) return 'not there';
    const { candidate } = this;
    const isOfNew = candidate !== null && distance(packet.ack, advance(this.isn, 1)) > 0
      && distance(packet.ack, candidate.fromA.sentSeq) <= 0;
    const isOfOld = peer.started && peer.isNear(packet.ack);
    if (isOfNew && !isOfOld) return 'proven';
    if (isOfOld && !isOfNew) {
      this.forget();
      this.takeCandidate()?.abandon();
    }
    return 'not there';
  }
}
