import { IpDoubt } from '../wire/ip-doubt.ts';
import { type Packet, TcpFlag } from '../wire/packet.ts';
import { TcpOptions } from '../wire/tcp-options.ts';
import { advance, distance, isAfter } from './sequence.ts';

/** Why it is not certain that the receiver took a segment: bits, because there may be several reasons. */
export const Doubt = {
  none: 0,
  /** Its checksum is wrong; but the capture may have spoilt it (segmentation offload). */
  checksum: 1,
  /** Options that a receiver without the key, or a careful one, drops it for. */
  options: 2,
  /** Its timestamp is older than the last (PAWS, RFC 7323 5); but the receiver may not use timestamps. */
  timestamp: 4,
  /**
   * It acknowledges what was not sent, or what was acknowledged long ago (RFC 5961 5.2); as far as the other direction
   * is seen.
   */
  acknowledgment: 8,
  /** It goes beyond the window that the receiver had announced: there may have been no room for it. */
  window: 16,
  /** It came with the SYN (RFC 7413): taken if its cookie is right. */
  syn: 32,
  /** Nothing is known of its receiver: the connection was joined in its middle. */
  joined: 64,
  /** A host that takes such a packet may still drop what TCP options say. */
  ...IpDoubt,
} as const;

/** Of whoever drops nothing that only a doubt is cast on. */
export const ALL_DOUBTS = -1;

/** The receiver drops it, whoever it is. */
export const REFUSED = -1;

/** What the capture shows of the host at the other end. */
interface FarEnd {
  /** Packets of it were seen. */
  readonly seen: boolean;
  /** Sequence number behind the last byte it sent; valid when `sent`. */
  readonly sentSeq: number;
  readonly sent: boolean;
}

const options = new TcpOptions();

/** Of a segment's timestamps option (TSval); 0 = it has none. */
export function timestampOf(packet: Packet): number {
  if (packet.dataStart === packet.optionsStart) return 0;
  options.read(packet);
  return options.hasTimestamps ? options.timestamp : 0;
}

/** Doubt.options and of IpDoubt: what is there in its headers that its receiver may drop it for? */
export function headerDoubtsOf(packet: Packet): number {
  if (packet.dataStart === packet.optionsStart) return packet.ipDoubts;
  options.read(packet);
  return packet.ipDoubts | (options.isSigned || options.isMalformed ? Doubt.options : Doubt.none);
}

/** Is there something in its headers that its receiver may drop it for? */
export function hasDoubtfulOptions(packet: Packet): boolean {
  return headerDoubtsOf(packet) !== Doubt.none;
}

/** Of Multipath TCP: MultipathSubtype, -1 = none of it. */
export function multipathOf(packet: Packet): number {
  if (packet.dataStart === packet.optionsStart) return -1;
  options.read(packet);
  return options.multipath;
}

const UNKNOWN_SCALE = -2;
/**
 * Linux takes a timestamp this much older than the last (TCP_PAWS_WINDOW), but not while the handshake is open
 * (tcp_check_req).
 */
const PAWS_WINDOW = 1;

/** Sequence number behind a segment, its FIN counted. */
function endOf({ seq, dataStart, dataEnd, flags }: Packet): number {
  return advance(seq, dataEnd - dataStart + (flags & TcpFlag.fin));
}

export function isOlder(timestamp: number, recent: number, window = PAWS_WINDOW): boolean {
  return distance(recent, timestamp) > window;
}

/** A capture may lack the last announcements: what brings nothing is odd only far beyond them. */
const WINDOW_SLACK = 1 << 22;
/**
 * Where the other direction is not seen, acknowledgments may be this far apart whatever window was announced: packets
 * may be missing.
 */
const LEAST_BOUND = 1 << 18;
/** With a window whose scale is not known. */
const LARGEST_WINDOW = 1 << 30;

/**
 * The host that one direction's segments go to: which of them does it accept? The rules are Linux's
 * (net/ipv4/tcp_input.c: tcp_validate_incoming, tcp_ack, tcp_paws_discard; tcp_minisocks.c: tcp_check_req); the state
 * that they need is known as far as both directions are captured. A segment that only such state rules out is doubted,
 * not refused: the capture may have lost what would explain it.
 */
export class Receiver {
  /** Scale of this direction's own window announcements; -1 = none was offered in its SYN. */
  scale = UNKNOWN_SCALE;
  /** Did the SYN of this direction offer timestamps? null = it was not seen. */
  offersTimestamps: boolean | null = null;
  #timestamp = 0;
  #hasTimestamp = false;
  /** … and one that may have been taken since; 0 = none. */
  #perhapsRecent = 0;
  /** A segment behind the SYN was taken. */
  #hasTaken = false;
  /** Highest acknowledgment number taken, and the first. */
  #acked = 0;
  #firstAck = 0;
  #hasAcked = false;
  /** The largest window this direction announced, bytes, not scaled. */
  #maxWindow = 0;
  /** Right edge of the window that the receiver announced; valid when #hasEdge. */
  #edge = 0;
  #hasEdge = false;
  /** Only the SYN-ACK has announced one. */
  #isFirstEdge = false;

  /** A SYN or SYN-ACK of this direction: what it offers. */
  syn(packet: Packet): void {
    options.read(packet);
    this.scale = options.windowScale;
    this.offersTimestamps = options.hasTimestamps;
    this.#maxWindow = packet.window;
    if (options.hasTimestamps) {
      this.#hasTimestamp = true;
      this.#timestamp = options.timestamp;
    }
  }

  /**
   * A segment of this direction that is no SYN and no RST.
   * @param far the host that is to take it
   * @param other what is known of the direction that comes back from it
   * @param nextSeq what the host expects; valid when `started`
   * @returns REFUSED, or bits of Doubt
   */
  judge(packet: Packet, far: FarEnd, other: Receiver, nextSeq: number, started: boolean): number {
    // Without the flag nothing but a SYN or RST is looked at (RFC 9293 3.10.7.4, fifth step).
    if ((packet.flags & TcpFlag.ack) === 0) return REFUSED;
    let doubts: number = Doubt.none;
    let hasTimestamps = false;
    if (packet.dataStart !== packet.optionsStart) {
      options.read(packet);
      if (options.isSigned || options.isMalformed) doubts |= Doubt.options;
      hasTimestamps = options.hasTimestamps;
      if (hasTimestamps && this.#isOld(options.timestamp, other)) doubts |= Doubt.timestamp;
    }
    if (this.#isOddAck(packet.ack, far, other)) doubts |= Doubt.acknowledgment;
    doubts |= packet.ipDoubts;
    if (this.#hasEdge && this.#isBeyond(packet)) doubts |= Doubt.window;
    if (doubts !== Doubt.none) {
      if (doubts === Doubt.acknowledgment && hasTimestamps && started) this.#mayTakeTimestamp(packet, far, nextSeq);
      return doubts;
    }
    // What ends before what was acknowledged is dropped before anything in it counts (tcp_sequence).
    if (started && distance(endOf(packet), nextSeq) < 0) return Doubt.none;
    this.#take(packet, hasTimestamps && (!started || distance(packet.seq, nextSeq) <= 0));
    return Doubt.none;
  }

  /** The SYN-ACK from the other side: nothing before it was ever sent to acknowledge. Its window is not scaled. */
  opened(packet: Packet, announcer: Receiver): void {
    const firstAck = advance(packet.seq, 1);
    this.#announce(advance(packet.ack, packet.window), announcer);
    this.#isFirstEdge = true;
    this.#firstAck = firstAck;
    if (!this.#hasAcked) this.#acked = firstAck;
    this.#hasAcked = true;
  }

  /** A segment that was doubted was accepted after all: its numbers count. */
  believe(ack: number): void {
    if (!this.#hasAcked) this.#firstAck = ack;
    if (!this.#hasAcked || distance(ack, this.#acked) > 0) this.#acked = ack;
    this.#hasAcked = true;
  }

  /** The first segment that is known to have been accepted. @param timestamp of timestampOf */
  tookFirst(ack: number, timestamp: number): void {
    this.believe(ack);
    this.#hasTaken = true;
    if (timestamp === 0 || (this.#hasTimestamp && !isAfter(timestamp, this.#timestamp))) return;
    this.#timestamp = timestamp;
    this.#hasTimestamp = true;
  }

  /** The receiver announced its window, in a packet that is no SYN. @param announcer its own side */
  announced(packet: Packet, announcer: Receiver): void {
    this.#announce(advance(packet.ack, announcer.#scaled(packet.window, this)), announcer);
  }

  #announce(edge: number, announcer: Receiver): void {
    if (announcer.scale === UNKNOWN_SCALE || this.scale === UNKNOWN_SCALE) return;
    if (this.#hasEdge && !this.#isFirstEdge && distance(edge, this.#edge) <= 0) return;
    this.#isFirstEdge = false;
    this.#edge = edge;
    this.#hasEdge = true;
  }

  /** The last timestamp taken; 0 = none. */
  get recent(): number {
    return this.#hasTimestamp ? this.#timestamp : 0;
  }

  /** Is nothing known of what it took behind the SYN? */
  get knowsSynAlone(): boolean {
    return this.offersTimestamps !== null && !this.#hasTaken && !this.#hasAcked;
  }

  /** Was a segment behind the SYN taken? */
  get hasTaken(): boolean {
    return this.#hasTaken;
  }

  get lastAck(): number {
    return this.#acked;
  }

  /** The window that this direction announces: scaled when both SYNs offered it. */
  #scaled(window: number, other: Receiver): number {
    return this.scale > 0 && other.scale >= 0 ? window << this.scale : window;
  }

  /**
   * Of an acknowledgment without data that comes in order and is of the past, Linux keeps the timestamp where nothing
   * else is odd: before it looks at the number (tcp_rcv_established, the fast path).
   */
  #mayTakeTimestamp({ seq, ack, flags, dataStart, dataEnd }: Packet, far: FarEnd, nextSeq: number): void {
    const isPlain = dataEnd === dataStart && (flags & ~TcpFlag.psh) === TcpFlag.ack;
    if (!isPlain || seq !== nextSeq || (far.sent && isAfter(ack, far.sentSeq))) return;
    if (isAfter(options.timestamp, this.#perhapsRecent || this.#timestamp)) this.#perhapsRecent = options.timestamp;
  }

  #isOld(timestamp: number, other: Receiver): boolean {
    if (!this.#hasTimestamp || this.#timestamp === 0) return false;
    const window = this.#hasTaken ? PAWS_WINDOW : 0;
    const perhaps = this.#perhapsRecent;
    const isOldPerhaps = perhaps !== 0 && isOlder(timestamp, perhaps, window);
    if (!isOldPerhaps && !isOlder(timestamp, this.#timestamp, window)) return false;
    return this.offersTimestamps !== false && other.offersTimestamps !== false;
  }

  #isOddAck(ack: number, far: FarEnd, other: Receiver): boolean {
    if (far.sent && isAfter(ack, far.sentSeq)) return true;
    if (!this.#hasAcked) return false;
    const behind = -distance(ack, this.#acked);
    const received = Math.max(0, distance(this.#acked, this.#firstAck));
    if (far.sent) return behind > Math.min(this.#scaled(this.#maxWindow, other), received);
    // The other direction is not seen: it cannot have sent more than there was room for.
    return Math.abs(behind) > Math.max(this.#windowBound(), LEAST_BOUND);
  }

  /** Of a segment that does not fit Linux takes nothing, since 6.17, or what lies in the window. */
  #isBeyond({ seq, dataStart, dataEnd }: Packet): boolean {
    const length = dataEnd - dataStart;
    return distance(advance(seq, length), this.#edge) > (length === 0 ? WINDOW_SLACK : 0);
  }

  /** As much as it may announce, where the other direction is not seen. */
  #windowBound(): number {
    if (this.scale === UNKNOWN_SCALE) return LARGEST_WINDOW;
    return this.scale > 0 ? this.#maxWindow << this.scale : this.#maxWindow;
  }

  #take(packet: Packet, countsTimestamp: boolean): void {
    const { ack, window } = packet;
    this.#hasTaken = true;
    if (window > this.#maxWindow) this.#maxWindow = window;
    if (!this.#hasAcked) {
      this.#hasAcked = true;
      this.#firstAck = ack;
      this.#acked = ack;
    } else if (distance(ack, this.#acked) > 0) {
      this.#acked = ack;
      // Farther back than any window is far enough; two numbers must not be half of all apart.
      if (distance(ack, this.#firstAck) > LARGEST_WINDOW) this.#firstAck = advance(ack, -LARGEST_WINDOW);
    }
    if (!countsTimestamp) return;
    if (!this.#hasTimestamp || isAfter(options.timestamp, this.#timestamp)) this.#timestamp = options.timestamp;
    if (this.#perhapsRecent !== 0 && !isAfter(this.#perhapsRecent, this.#timestamp)) this.#perhapsRecent = 0;
    this.#hasTimestamp = true;
  }
}
