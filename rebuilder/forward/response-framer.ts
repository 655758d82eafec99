/**
 * Reads the node's responses (RFC 9112) just as far as forwarding needs: where each ends, its status, whether the
 * connection lives on, and whether the load balancer answered in the node's place. Bodies are skipped, not kept.
 */
const CR = 13;
const LF = 10;
/** A head beyond this is no response of a node. */
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_SIZE_DIGITS = 13;

const name = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const CONTENT_LENGTH = name('content-length:');
const CONNECTION = name('connection:');
const TRANSFER_ENCODING = name('transfer-encoding:');
const SERVER = name('server:');
const EMPTY = new Uint8Array(0);

const State = {
  head: 0, length: 1, chunkSize: 2, chunkExtension: 3, chunkData: 4, chunkEnd: 5, trailer: 6, untilClose: 7, done: 8,
  failed: 9,
} as const;

function startsWith(bytes: Uint8Array, at: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[at + i]!;
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== lower[i]) return false;
  }
  return true;
}

/** Who said it: the Server line tells the load balancer's own answers from the node's. */
export type Speaker = 'node' | 'balancer' | 'unknown';

export class ResponseFramer {
  status = 0;
  /** false: the connection ends behind this response. */
  keepAlive = true;
  /** Only read for statuses of 400 and more. */
  speaker: Speaker = 'unknown';
  #state: number = State.head;
  /** Bytes of the body or chunk still to come; in `chunkSize` the number read so far. */
  #left = 0;
  #digits = 0;
  #trailerLength = 0;
  /** The beginning of a head that came in pieces. */
  #carried: Uint8Array = EMPTY;

  get done(): boolean {
    return this.#state === State.done;
  }

  get failed(): boolean {
    return this.#state === State.failed;
  }

  /** To the next response. */
  reset(): void {
    this.#state = State.head;
    this.#carried = EMPTY;
  }

  /** The peer has closed; true if that completes the response (RFC 9112, 6.3, 8). */
  end(): boolean {
    if (this.#state !== State.untilClose) return false;
    this.#state = State.done;
    return true;
  }

  /**
   * Reads from `at` to at most `end`; returns the offset behind what belongs to this response. Afterwards `done`,
   * `failed`, or more is needed. `bodyless`: it answers HEAD.
   */
  read(bytes: Uint8Array, at: number, end: number, bodyless: boolean): number {
    while (at < end || this.#state === State.done) {
      switch (this.#state) {
        case State.head:
          at = this.#readHead(bytes, at, end, bodyless);
          break;
        case State.length:
        case State.chunkData: {
          const step = Math.min(this.#left, end - at);
          at += step;
          this.#left -= step;
          if (this.#left > 0) return at;
          this.#state = this.#state === State.length ? State.done : State.chunkEnd;
          break;
        }
        case State.untilClose:
          return end;
        case State.done:
        case State.failed:
          return at;
        default:
          this.#chunkByte(bytes[at++]!);
      }
    }
    return at;
  }

  #chunkByte(byte: number): void {
    switch (this.#state) {
      case State.chunkSize: {
        const lower = byte | 0x20;
        const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
        if (digit >= 0) {
          this.#left = this.#left * 16 + digit;
          if (++this.#digits > MAX_SIZE_DIGITS) this.#state = State.failed;
        } else if (this.#digits === 0) {
          this.#state = State.failed;
        } else if (byte === LF) {
          this.#endOfSizeLine();
        } else {
          this.#state = State.chunkExtension;
        }
        break;
      }
      case State.chunkExtension:
        if (byte === LF) this.#endOfSizeLine();
        break;
      case State.chunkEnd:
        if (byte === LF) this.#beginChunk();
        else if (byte !== CR) this.#state = State.failed;
        break;
      case State.trailer:
        if (byte === LF) {
          if (this.#trailerLength === 0) this.#state = State.done;
          this.#trailerLength = 0;
        } else if (byte !== CR) {
          this.#trailerLength++;
        }
        break;
    }
  }

  #beginChunk(): void {
    this.#left = 0;
    this.#digits = 0;
    this.#state = State.chunkSize;
  }

  #endOfSizeLine(): void {
    this.#trailerLength = 0;
    this.#state = this.#left === 0 ? State.trailer : State.chunkData;
  }

  #readHead(bytes: Uint8Array, at: number, end: number, bodyless: boolean): number {
    const held = this.#carried.length;
    if (held === 0) {
      const next = this.#parseHead(bytes, at, end, bodyless);
      if (next >= 0) return next;
      if (this.#state !== State.failed) this.#carry(bytes, at, end);
      return end;
    }
    this.#carry(bytes, at, end);
    const next = this.#parseHead(this.#carried, 0, this.#carried.length, bodyless);
    if (next < 0) return end;
    this.#carried = EMPTY;
    return at + next - held;
  }

  #carry(bytes: Uint8Array, at: number, end: number): void {
    const whole = new Uint8Array(this.#carried.length + end - at);
    whole.set(this.#carried);
    whole.set(bytes.subarray(at, end), this.#carried.length);
    this.#carried = whole;
    if (whole.length > MAX_HEAD_BYTES) this.#state = State.failed;
  }

  /** Returns the offset behind the head, -1 when it is not all there. Sets the state of what follows. */
  #parseHead(bytes: Uint8Array, start: number, end: number, bodyless: boolean): number {
    // HTTP/1.x NNN
    let at = start;
    if (end - at < 13) return -1;
    if (bytes[at] !== 0x48 || bytes[at + 1] !== 0x54 || bytes[at + 2] !== 0x54 || bytes[at + 3] !== 0x50
      || bytes[at + 4] !== 0x2f || bytes[at + 5] !== 0x31 || bytes[at + 6] !== 0x2e || bytes[at + 8] !== 0x20) {
      this.#state = State.failed;
      return -1;
    }
    const minor = bytes[at + 7]! - 0x30;
    const status = (bytes[at + 9]! - 0x30) * 100 + (bytes[at + 10]! - 0x30) * 10 + bytes[at + 11]! - 0x30;
    if (!(status >= 100 && status <= 999)) {
      this.#state = State.failed;
      return -1;
    }
    let length = -1;
    let chunked = false;
    let keepAlive = minor >= 1;
    let invalid = false;
    let speaker: Speaker = 'unknown';
    at += 12;
    for (;;) {
      while (at < end && bytes[at] !== LF) at++;
      if (++at >= end) return -1;
      const byte = bytes[at]!;
      if (byte === LF) break;
      if (byte === CR) {
        if (at + 1 >= end) return -1;
        if (bytes[at + 1] === LF) {
          at++;
          break;
        }
      }
      const first = byte | 0x20;
      if (first === 0x63) {
        if (startsWith(bytes, at, CONTENT_LENGTH)) {
          length = this.#number(bytes, at + CONTENT_LENGTH.length, end);
          invalid ||= length < 0;
        } else if (startsWith(bytes, at, CONNECTION)) {
          let value = at + CONNECTION.length;
          while (bytes[value] === 0x20) value++;
          const option = bytes[value]! | 0x20;
          // close or keep-alive: nothing else is an answer to what we send.
          if (option === 0x63) keepAlive = false;
          else if (option === 0x6b) keepAlive = true;
        }
      } else if (first === 0x74) {
        if (startsWith(bytes, at, TRANSFER_ENCODING)) chunked = true;
      } else if (first === 0x73 && status >= 400 && startsWith(bytes, at, SERVER)) {
        let value = at + SERVER.length;
        while (bytes[value] === 0x20) value++;
        speaker = startsWith(bytes, value, AWS_ELB) ? 'balancer' : 'node';
      }
    }
    at++;
    if (invalid) {
      this.#state = State.failed;
      return at;
    }
    if (status < 200 && status !== 101) {
      // An interim response: the final one follows (RFC 9110, 15.2).
      this.#state = State.head;
      return at;
    }
    this.status = status;
    this.keepAlive = keepAlive && status !== 101;
    this.speaker = speaker;
    if (bodyless || status === 204 || status === 304 || status === 101) {
      this.#state = State.done;
    } else if (chunked) {
      this.#beginChunk();
    } else if (length >= 0) {
      this.#left = length;
      this.#state = length === 0 ? State.done : State.length;
    } else {
      this.keepAlive = false;
      this.#state = State.untilClose;
    }
    return at;
  }

  #number(bytes: Uint8Array, at: number, end: number): number {
    while (at < end && bytes[at] === 0x20) at++;
    const start = at;
    let value = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    return at === start || at - start > 15 ? -1 : value;
  }
}

const AWS_ELB = name('awselb/');
