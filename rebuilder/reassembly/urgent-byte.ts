import { type Packet, TcpFlag } from '../wire/packet.ts';
import { advance, distance } from './sequence.ts';
import type { Provenance } from './provenance.ts';
import type { StreamSink } from './stream-sink.ts';

/** Of a segment without the flag URG. */
export const NOT_URGENT = -1;

/**
 * Offset of the byte that a segment's urgent pointer marks from its first byte on (RFC 6093 2.1: the pointer stands
 * behind it, as Linux reads it).
 */
export function urgentOffset({ flags, urgentPointer }: Packet): number {
  return (flags & TcpFlag.urg) === 0 ? NOT_URGENT : Math.max(0, urgentPointer - 1);
}

/**
 * The byte that an urgent pointer marks: Linux takes it out of the stream (net/ipv4/tcp_input.c, tcp_check_urg; tcp.c,
 * tcp_recvmsg). A newer pointer replaces one whose byte has not been read yet; a pointer to what was read before is
 * ignored.
 */
export class UrgentByte {
  #seq = 0;
  #isAhead = false;

  /** Would `mark` change something? */
  isNew(seq: number, nextSeq: number): boolean {
    if (distance(seq, nextSeq) < 0) return false;
    return !this.#isAhead || distance(this.#seq, nextSeq) < 0 || distance(seq, this.#seq) > 0;
  }

  /** @returns false: it changes nothing */
  mark(seq: number, nextSeq: number): boolean {
    if (!this.isNew(seq, nextSeq)) return false;
    this.#seq = seq;
    this.#isAhead = true;
    return true;
  }

  /** Takes the mark away, if it is in so many bytes at `seq`. @returns its offset in them; NOT_URGENT = it is not */
  takeOut(seq: number, length: number): number {
    const offset = this.#isAhead ? distance(this.#seq, seq) : -1;
    if (offset < 0 || offset >= length) return NOT_URGENT;
    this.#isAhead = false;
    return offset;
  }

  copyFrom(other: UrgentByte): void {
    this.#seq = other.#seq;
    this.#isAhead = other.#isAhead;
  }

  /** Hands the bytes to the sink without the marked one. @returns whether that was among them */
  hand(sink: StreamSink, bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): boolean {
    const offset = this.#isAhead ? distance(this.#seq, seq) : -1;
    if (offset < 0 || offset >= end - start) {
      sink.data(bytes, start, end, seq, from);
      return false;
    }
    this.#isAhead = false;
    const at = start + offset;
    if (at > start) sink.data(bytes, start, at, seq, from);
    if (at + 1 < end) sink.data(bytes, at + 1, end, advance(seq, offset + 1), from);
    return true;
  }
}
