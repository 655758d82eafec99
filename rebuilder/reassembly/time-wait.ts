import type { Packet } from '../wire/packet.ts';
import { AgingMap } from './aging-map.ts';
import type { Connection } from './connection.ts';
import { MAX_WINDOW_BYTES } from './missing-bytes.ts';
import { advance, distance } from './sequence.ts';

/**
 * What is remembered of one direction of a finished connection: where it ended, and what its sender had acknowledged.
 */
interface Ended { readonly seq: number; readonly ack: number }

interface Remembered {
  readonly aPort: number;
  readonly bPort: number;
  readonly a3: number;
  readonly fromA: Ended;
  readonly fromB: Ended;
  readonly timeMs: number;
}

const MAX_REMEMBERED = 32_768;
/** A sender gives up after about this long (Linux: net.ipv4.tcp_retries2 and orphans). */
const WAIT_MS = 240_000;

/** Connections that were closed: what is sent of them again is no beginning of another one. */
export class TimeWait {
  /** By the connection's hash. */
  readonly #connections = new AgingMap<number, Remembered>();

  remember(connection: Connection, nowMs: number): void {
    const { hash, aPort, bPort, a3, fromA, fromB } = connection;
    this.#connections.set(hash, {
      aPort, bPort, a3, timeMs: nowMs,
      fromA: { seq: fromA.nextSeq, ack: fromA.receiver.lastAck },
      fromB: { seq: fromB.nextSeq, ack: fromB.receiver.lastAck },
    });
    if (this.#connections.size > MAX_REMEMBERED) this.#connections.deleteOldest();
  }

  /**
   * Does the packet bring nothing new to its connection? One that acknowledges less than before may have been refused
   * the first time.
   */
  isOld(packet: Packet, hash: number, nowMs: number): boolean {
    const one = this.#connections.get(hash);
    if (one === undefined || nowMs - one.timeMs > WAIT_MS) return false;
    const isFromA = packet.srcPort === one.aPort && packet.dstPort === one.bPort && packet.src3 === one.a3;
    const { seq, ack } = isFromA ? one.fromA : one.fromB;
    const back = distance(seq, advance(packet.seq, packet.dataEnd - packet.dataStart));
    return back >= 0 && back < MAX_WINDOW_BYTES && distance(packet.ack, ack) >= 0;
  }

  /** The addresses and ports are in use again. */
  forget(hash: number): void {
    this.#connections.delete(hash);
  }
}
