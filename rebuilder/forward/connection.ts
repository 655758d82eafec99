import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Address } from './address-book.ts';
import { releaseDelivery, Trait } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import { ResponseFramer } from './response-framer.ts';
import type { Slab } from './slab.ts';

/** Why a connection is no more. `announced`: the peer had said that it would close; `idle`: nobody needed it. */
export type End = 'announced' | 'idle' | 'connect_failed' | 'lost' | 'timeout' | 'bad_response' | 'stopped';

/** The pool that a connection belongs to. */
export interface ConnectionOwner {
  opened(connection: Connection): void;
  /** `delivery` got its final response, which `connection.framer` has the status of. */
  answered(connection: Connection, delivery: Delivery): void;
  /** All bytes that had arrived are read; `count` requests were answered by them. */
  progressed(connection: Connection, count: number): void;
  /** The kernel has taken all that it had not taken at once. */
  flushed(connection: Connection): void;
  /** The last call. What is unanswered is still chained from `connection.first`. */
  ended(connection: Connection, end: End, detail: string): void;
}

/** Read into by all connections of the thread: each read is used up before the next one begins. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
const NOTHING = new Uint8Array(0);

/** One connection to the endpoint: requests out in batches, responses framed in the same order (RFC 9112, 9.3.2). */
export class Connection {
  readonly address: Address;
  readonly framer = new ResponseFramer();
  /** The first request without its final response; the others follow by `next`. */
  first: Delivery | null = null;
  inFlight = 0;
  isOpen = false;
  hasOpened = false;
  /** Nothing may be sent until all is answered. */
  isExclusive = false;
  /** The kernel has not taken all of the last batch yet. */
  isBlocked = false;
  /** Takes nothing new and closes when all is answered. */
  isDraining = false;
  hasAnswered = false;
  /** When it began to connect, or to wait for the response to `first`, or to be idle. */
  sinceMs: number;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  /** One request a connection. */
  readonly #isSingle: boolean;
  #last: Delivery | null = null;
  #isEnded = false;
  #error = '';
  /** Answered before the kernel had all of their bytes: their memory cannot be used again yet. */
  #parked: Delivery | null = null;
  #batchSlab: Slab | null = null;
  #batchStart = 0;
  #batchEnd = 0;
  #isCorked = false;

  constructor(owner: ConnectionOwner, address: Address, port: number, isSingle: boolean, nowMs: number) {
    this.#owner = owner;
    this.address = address;
    this.#isSingle = isSingle;
    this.sinceMs = nowMs;
    const socket = connect({
      host: address.ip,
      port,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (size: number): boolean => {
          this.#read(size);
          return true;
        },
      },
    });
    this.#socket = socket;
    socket.on('connect', () => {
      if (this.#isEnded) return;
      this.isOpen = true;
      this.hasOpened = true;
      owner.opened(this);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error.code ?? error.message;
    });
    socket.on('end', () => this.#closedByPeer());
    socket.on('close', () => this.#closedByPeer());
  }

  /** Adds a request to the batch that `send` will write. */
  add(delivery: Delivery): void {
    delivery.next = null;
    if (this.#last === null) this.first = delivery;
    else this.#last.next = delivery;
    this.#last = delivery;
    this.inFlight++;
    if (delivery.slab === this.#batchSlab && delivery.start === this.#batchEnd) {
      this.#batchEnd = delivery.end;
      return;
    }
    if (this.#batchSlab !== null) {
      // Requests that do not lie side by side become one gathering write.
      if (!this.#isCorked) this.#socket.cork();
      this.#isCorked = true;
      this.#write();
    }
    this.#batchSlab = delivery.slab;
    this.#batchStart = delivery.start;
    this.#batchEnd = delivery.end;
  }

  #write(): void {
    this.#socket.write(this.#batchSlab!.bytes.subarray(this.#batchStart, this.#batchEnd));
    this.#batchSlab = null;
  }

  send(): void {
    this.#write();
    if (this.#isCorked) {
      this.#isCorked = false;
      this.#socket.uncork();
    }
    if (this.#socket.writableLength > 0) {
      this.isBlocked = true;
      this.#socket.write(NOTHING, () => this.#flushed());
    }
  }

  #flushed(): void {
    if (this.#isEnded) return;
    this.isBlocked = false;
    this.#releaseParked();
    this.#owner.flushed(this);
  }

  /** Frees an answered request as soon as its memory is no longer needed. */
  discard(delivery: Delivery): void {
    if (!this.isBlocked) {
      releaseDelivery(delivery);
      return;
    }
    delivery.next = this.#parked;
    this.#parked = delivery;
  }

  #releaseParked(): void {
    while (this.#parked !== null) {
      const delivery = this.#parked;
      this.#parked = delivery.next;
      releaseDelivery(delivery);
    }
  }

  /** Closes at once. */
  end(end: End, detail: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.isOpen = false;
    // Closes the descriptor before it returns, so that no byte is read from our memory any more.
    this.#socket.destroy();
    this.#releaseParked();
    this.#owner.ended(this, end, detail);
  }

  #read(size: number): void {
    let at = 0;
    let count = 0;
    while (at < size && !this.#isEnded) {
      const first = this.first;
      if (first === null) {
        // Nobody asked: a 408 to an idle connection, or a response too many. Whatever it is, the next response would
        // not be ours.
        this.end('announced', 'the endpoint spoke without being asked');
        return;
      }
      at = this.framer.read(READ_BUFFER, at, size, (first.traits & Trait.bodyless) !== 0);
      if (this.framer.failed) {
        this.end('bad_response', 'the endpoint\'s answer is not HTTP/1');
        return;
      }
      if (!this.framer.done) break;
      count++;
      this.#answer(first);
    }
    if (!this.#isEnded) this.#owner.progressed(this, count);
  }

  #answer(first: Delivery): void {
    this.hasAnswered = true;
    this.first = first.next;
    first.next = null;
    if (this.first === null) {
      this.#last = null;
      this.isExclusive = false;
    }
    this.inFlight--;
    const lives = this.framer.keepAlive && !this.#isSingle;
    this.#owner.answered(this, first);
    this.framer.reset();
    if (!lives) this.end('announced', 'the endpoint closes behind each response');
  }

  #closedByPeer(): void {
    if (this.#isEnded) return;
    if (!this.isOpen) {
      this.end('connect_failed', this.#error === '' ? 'the connection was closed' : this.#error);
      return;
    }
    if (this.first !== null && this.#error === '' && this.framer.end()) {
      this.#answer(this.first);
      this.end('announced', 'the endpoint closed behind its response');
      return;
    }
    this.end(this.first === null ? 'idle' : 'lost', this.#error === '' ? 'the endpoint closed the connection' : this.#error);
  }
}
