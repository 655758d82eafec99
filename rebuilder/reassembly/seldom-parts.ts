import { type Packet, TcpFlag } from '../wire/packet.ts';
import type { DataSequence } from './data-sequence.ts';
import { MissingBytes } from './missing-bytes.ts';
import { Receiver } from './receiver.ts';
import type { SegmentQueue } from './segments.ts';
import { Waiting } from './timers.ts';
import { Unproven } from './unproven.ts';

/** In place of those that were not made. Nobody tells them anything. */
const NOBODY = new Receiver();
const NOTHING_MISSING = new MissingBytes();

/**
 * What one direction of a connection is told of seldom, or never while only the other one is seen: made when there is
 * something to tell, because whoever floods makes connections by the hundred thousand.
 */
export abstract class SeldomParts extends Waiting {
  /** Who its segments go to; to tell it something take `known`. */
  receiver: Receiver = NOBODY;
  /** null = all that was read is proven, or nobody is there to prove it. */
  unproven: Unproven | null = null;
  /** Of Multipath TCP, where its receiver reads what; null = as the sequence numbers say. */
  dataSequence: DataSequence | null = null;
  /** What waits behind a hole. */
  waiting: SegmentQueue | null = null;
  #missing: MissingBytes | null = null;

  /** Bytes that wait behind a hole. */
  get queuedBytes(): number {
    return this.waiting?.bytes ?? 0;
  }

  known(): Receiver {
    if (this.receiver === NOBODY) this.receiver = new Receiver();
    return this.receiver;
  }

  /** What it took of another connection with the same numbers says nothing of this one. */
  forgetReceiver(): void {
    this.receiver = NOBODY;
  }

  distrust(): Unproven {
    return this.unproven ??= new Unproven();
  }

  /**
   * A SYN opens it where both ends of another connection were seen: until a SYN-ACK answers, its receiver may be in the
   * old one (RFC 9293 3.10.7.4), and drop what comes with the SYN.
   */
  awaitAnswer({ flags }: Packet): void {
    if ((flags & (TcpFlag.syn | TcpFlag.ack)) === TcpFlag.syn) this.distrust().isUnanswered = true;
  }

  /** To tell it something take `missed`. */
  protected get missing(): MissingBytes {
    return this.#missing ?? NOTHING_MISSING;
  }

  protected missed(): MissingBytes {
    return this.#missing ??= new MissingBytes();
  }
}
