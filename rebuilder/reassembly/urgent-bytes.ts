import { advance, distance } from './sequence.ts';

/** More than one is waited for by nobody. */
const MAX_MARKED = 8;

/**
 * The bytes that urgent pointers mark (RFC 6093): Linux takes them out of the stream (net/ipv4/tcp_input.c, tcp_check_urg; tcp.c, tcp_recvmsg). A newer
 * pointer takes the place of one whose byte was not read yet.
 */
export class UrgentBytes {
  readonly #marked: number[] = [];

  /**
   * @param pointer offset behind the urgent byte, from `seq` on
   * @returns false: the first reader, which stands at nextSeq, has read it already, or knows it; others may not have
   */
  mark(seq: number, pointer: number, nextSeq: number): boolean {
    const at = advance(seq, pointer > 0 ? pointer - 1 : 0);
    if (this.#marked.includes(at)) return false;
    const last = this.#marked[this.#marked.length - 1];
    if (last !== undefined && distance(last, nextSeq) >= 0) {
      if (distance(at, nextSeq) >= 0 && distance(at, last) <= 0) return false;
      if (distance(at, last) > 0) this.#marked.pop();
    }
    this.#marked.push(at);
    if (this.#marked.length > MAX_MARKED) this.#marked.shift();
    return distance(at, nextSeq) >= 0;
  }

  /** How many of the `length` bytes at `seq` stand before the next marked one; = length when none is marked. */
  before(seq: number, length: number): number {
    let nearest = length;
    for (const at of this.#marked) {
      const offset = distance(at, seq);
      if (offset >= 0 && offset < nearest) nearest = offset;
    }
    return nearest;
  }
}
