import { type Packet, TcpFlag } from '../wire/packet.ts';
import type { End } from './flow-key.ts';
import type { HalfStream } from './half-stream.ts';
import { MAX_WINDOW_BYTES, NEAR_BYTES } from './missing-bytes.ts';
import { advance, distance } from './sequence.ts';

/** So much may stand between a SYN and what its SYN-ACK acknowledges: data that came with the SYN, at most a packet. */
const MOST_SYN_BYTES = 65_536;

/** The SYN that opened a connection, and the SYN-ACK that answered it, as far as they were seen. */
export class Handshake {
  /** Who sent the SYN. */
  readonly opener: End;
  /** Sequence number of the SYN. */
  readonly isn: number;
  /** The SYN was not seen: an answer has said so, which may be of another connection. */
  isClaimed: boolean;
  /** Bytes of the opener's had been read when the SYN came: to nobody who had the connection that it opens. */
  readonly #isBehindData: boolean;
  /** Sequence number of the SYN-ACK; null = it was not seen. */
  #answerIsn: number | null = null;

  constructor(opener: End, isn: number, isClaimed: boolean, isBehindData: boolean) {
    this.opener = opener;
    this.isn = isn;
    this.isClaimed = isClaimed;
    this.#isBehindData = isBehindData;
  }

  isBegunBy(end: End, isn: number): boolean {
    return end === this.opener && isn === this.isn;
  }

  /**
   * Is `seq` no place in the connection? An opener's SYN that nobody has answered yet, or a SYN-ACK alone, says where
   * that begins.
   * @param half what `end` sends
   */
  isOutside(end: End, seq: number, half: HalfStream): boolean {
    const isOpener = end === this.opener;
    const isn = isOpener ? this.isn : this.#answerIsn;
    if (isn === null || (isOpener ? this.#answerIsn !== null : !this.isClaimed)) return false;
    const into = distance(seq, isn);
    // What was read since is of the connection, however much it is. The SYN's own number is that of no byte.
    return (into <= 0 || into >= MAX_WINDOW_BYTES) && !half.isWithin(seq);
  }

  /** … and does this packet of it bring data there, and not the byte that some hosts ask with whether a peer lives? */
  bringsOutside(end: End, { seq, bytes, dataStart, dataEnd }: Packet, half: HalfStream): boolean {
    const isProbe = dataEnd - dataStart === 1 && bytes[dataStart] === 0;
    return this.isOutside(end, seq, half) && !isProbe;
  }

  /** Does a packet from `end` acknowledge a place where the `other` stream is not, as far as that was said? */
  isElsewhere(end: End, { flags, ack }: Packet, other: HalfStream): boolean {
    return (flags & TcpFlag.ack) !== 0 && this.isOutside(end === 'a' ? 'b' : 'a', ack, other);
  }

  /**
   * Is this SYN-ACK from `end` of the connection? Else its sender has another one by now, or had none.
   * @param isInUse bytes of the opener's were read, and no RST came behind them
   */
  isAnsweredBy({ seq, ack }: Packet, end: End, isInUse: boolean): boolean {
    const ahead = distance(advance(ack, -1), this.isn);
    if (end === this.opener || ahead < 0 || ahead >= MOST_SYN_BYTES) return false;
    if (this.#answerIsn === null) return ahead !== 0 || !this.#isBehindData;
    // With another number it answers the same SYN, but of a server that had no such connection any more.
    return seq === this.#answerIsn || (ahead === 0 && isInUse);
  }

  /**
   * Does this RST from `end` refuse one packet of the opener's, in a handshake that goes on? Without the flag ACK it
   * answers a packet; whoever waits for the last one of a handshake keeps the connection (Linux: tcp_check_req, where
   * data of the SYN were taken; all, where a cookie holds what is known of it).
   * @param opener what the opener sends
   */
  isRefusal({ flags }: Packet, end: End, opener: HalfStream | null): boolean {
    return end !== this.opener && (flags & TcpFlag.ack) === 0 && this.#answerIsn !== null
      && opener?.receiver.hasTaken === false;
  }

  answered(isn: number): void {
    this.#answerIsn = isn;
  }
}

/**
 * The first SYN that was seen, also when data were captured first: the stream begins with it.
 * @returns null: those are of another connection, or its receiver was in one before
 */
export function begunBy(syn: Packet, end: End, half: HalfStream): Handshake | null {
  const firstSeq = advance(syn.seq, 1);
  // What waits to be known for the beginning is not of a connection that begins far from it.
  if (!half.mayBeginAt(firstSeq)) half.pickUp();
  const before = distance(half.nextSeq, firstSeq);
  if (half.started && (before < 0 || before >= NEAR_BYTES || half.hasBegunBefore(firstSeq))) return null;
  if ((half.ackedUpTo ?? firstSeq) !== firstSeq) return null;
  const handshake = new Handshake(end, syn.seq, false, half.hasRead);
  half.startAt(firstSeq);
  return handshake;
}
