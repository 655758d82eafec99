import { type CounterName, INDEX, type Ledger } from '../ledger.ts';
import { type Packet, TcpFlag } from '../wire/packet.ts';
import { Connection, LINGER_MS } from './connection.ts';
import type { ConnectionHandler } from './connection-owner.ts';
import { ConnectionOrder } from './connection-order.ts';
import { type End, hashOf } from './flow-key.ts';
import { HalfOpen, NONE } from './half-open.ts';
import type { StreamContext } from './stream-context.ts';
import { TimeWait } from './time-wait.ts';

interface FlowLimits {
  /** Connections known at a time. */
  flows: number;
  /** A connection without packets is forgotten after this long. */
  idleTimeoutMs: number;
}

const FIRST_BUCKETS = 1024;
/**
 * How exactly the order of use is kept, as a share of the idle timeout: moving a connection to its end with every
 * packet would touch three others.
 */
const TOUCH_SHARE = 1 / 16;
/** How often finished connections are looked at: thousands linger, and a batch arrives every other millisecond. */
const CLOSING_MS = 100;
/** … and those with a hole before a FIN, which may be filled, or given up. */
const ENDING_MS = 1000;
const STREAM_BYTES = INDEX['tcp.stream_bytes'];
const SEGMENTS = INDEX['tcp.segments'];

/** All connections, found by VNI, addresses and ports; the one unused for longest makes room for a new one. */
export class FlowTable {
  #buckets: (Connection | null)[] = new Array<Connection | null>(FIRST_BUCKETS).fill(null);
  #mask = FIRST_BUCKETS - 1;
  #size = 0;
  /** SYNs that nothing followed: of a flood of them one makes room for the next, before any connection does. */
  readonly #halfOpen: HalfOpen;
  readonly #order = new ConnectionOrder();
  readonly #timeWait: TimeWait;
  /** Finished ones, found so or looked at longest ago first: each is looked at once a LINGER_MS. */
  readonly #closing = new Set<Connection>();
  #lastClosingMs = 0;
  /** A FIN came whose turn has not come. Those that one end has finished may be open for hours: they are not here. */
  readonly #ending = new Set<Connection>();
  #lastEndingMs = 0;
  /** Which end of the connection that was found sent the packet; 'a' = none was found, and the sender is its first. */
  #end: End = 'a';
  readonly #limits: FlowLimits;
  readonly #touchMs: number;
  readonly #context: StreamContext;
  readonly #handler: ConnectionHandler<Connection>;
  readonly #ledger: Ledger;

  constructor(limits: FlowLimits, context: StreamContext, handler: ConnectionHandler<Connection>) {
    this.#limits = limits;
    this.#halfOpen = new HalfOpen(context.connections);
    this.#touchMs = Math.floor(limits.idleTimeoutMs * TOUCH_SHARE);
    this.#context = context;
    this.#timeWait = new TimeWait(context.history, context.ledger);
    this.#handler = handler;
    this.#ledger = context.ledger;
    context.strays = this;
  }

  get size(): number {
    return this.#size + this.#halfOpen.size;
  }

  /**
   * One TCP segment, to its connection; each ends in one packet counter, and its data in byte counters or in a stream.
   */
  packet(packet: Packet, nowMs: number): void {
    packet.timeMs = nowMs;
    this.#setTime(nowMs);
    const hash = hashOf(packet);
    let connection = this.#find(packet, hash);
    const length = packet.dataEnd - packet.dataStart;
    this.#ledger.values[STREAM_BYTES]! += length;
    if (connection === null) {
      connection = this.#begin(packet, hash, length, nowMs);
      if (connection === null) return;
    } else if (nowMs - connection.touchedMs > this.#touchMs) {
      this.#touch(connection, nowMs);
    }
    let outcome = connection.packet(packet, this.#end, nowMs);
    if (outcome === 'reopened') {
      this.#ledger.count('tcp.reopened');
      const candidate = connection.takeCandidate();
      const syn = connection.reopenedBy;
      const wasAnswered = connection.fromA.peerSent && connection.fromB.peerSent;
      if (connection.hasData && !wasAnswered) this.#timeWait.remember(connection, nowMs);
      this.#remove(connection, nowMs);
      connection = candidate === null ? this.#add(packet, hash, nowMs, syn) : this.#insert(candidate, nowMs);
      if (wasAnswered) connection.fromA.awaitAnswer(packet);
      outcome = connection.packet(packet, connection.isFromA(packet) ? 'a' : 'b', nowMs);
    }
    this.#context.history.settle();
    if (connection.beganAside) this.#ledger.count('tcp.candidate_bytes', length);
    if (length > 0 && !connection.hasData) {
      connection.hasData = true;
      this.#order.touch(connection);
    }
    // What a connection that began aside refuses is counted aside.
    if (outcome === 'taken' || connection.beganAside) this.#ledger.values[SEGMENTS]!++;
    if ((packet.flags & (TcpFlag.fin | TcpFlag.rst)) === 0) return;
    if (connection.closing) this.#linger(connection, nowMs);
    else if (connection.awaitsFin) this.#ending.add(connection);
  }

  /** Looks after what waits: call it every few ms. */
  expire(nowMs: number): void {
    this.#setTime(nowMs);
    this.#context.timers.expire(nowMs);
    if (nowMs - this.#lastEndingMs >= ENDING_MS) this.#findClosing(nowMs);
    if (nowMs - this.#lastClosingMs >= CLOSING_MS) this.#removeClosed(nowMs);
    while (nowMs - this.#halfOpen.oldestMs >= this.#limits.idleTimeoutMs) {
      this.#ledger.count('tcp.flow_idle_timeout');
      this.#halfOpen.removeOldest();
    }
    const beforeMs = nowMs - this.#limits.idleTimeoutMs;
    for (let one = this.#order.untouchedSince(beforeMs); one !== null; one = this.#order.untouchedSince(beforeMs)) {
      this.#removeIdle(one, nowMs);
    }
    // Connections make room for messages, as long as some are between two of them.
    while (this.#context.connections.isShort && this.#removeLeastUsed('tcp.flow_memcap', true, nowMs));
  }

  /** It was not moved to the end of the order of use for long: but with which packet was it used? */
  #removeIdle(connection: Connection, nowMs: number): void {
    const { lastPacketMs } = connection;
    const { idleTimeoutMs } = this.#limits;
    if (!connection.isForgotten(nowMs, idleTimeoutMs)) {
      connection.touchedMs = nowMs - lastPacketMs < idleTimeoutMs ? lastPacketMs : nowMs;
      this.#order.touch(connection);
      return;
    }
    this.#ledger.count('tcp.flow_idle_timeout');
    this.#remove(connection, nowMs);
  }

  #setTime(nowMs: number): void {
    this.#context.nowMs = nowMs;
    if (this.#context.aside !== null) this.#context.aside.nowMs = nowMs;
  }

  /** Those whose FIN has its turn by now: what stands before it came later, or was given up. */
  #findClosing(nowMs: number): void {
    this.#lastEndingMs = nowMs;
    for (const connection of this.#ending) {
      if (connection.awaitsFin) continue;
      this.#ending.delete(connection);
      if (connection.closing) this.#linger(connection, nowMs);
    }
  }

  #linger(connection: Connection, nowMs: number): void {
    if (this.#closing.has(connection)) return;
    connection.lingersMs = nowMs;
    this.#closing.add(connection);
  }

  #removeClosed(nowMs: number): void {
    this.#lastClosingMs = nowMs;
    for (const connection of this.#closing) {
      if (nowMs - connection.lingersMs < LINGER_MS) return;
      this.#closing.delete(connection);
      if (connection.isOver(nowMs)) {
        if (!connection.isContested) this.#timeWait.remember(connection, nowMs);
        this.#remove(connection, nowMs);
      } else if (connection.closing) {
        this.#linger(connection, nowMs);
      }
    }
  }

  /** Ends every connection. */
  flush(nowMs: number): void {
    this.#halfOpen.clear();
    for (let one = this.#order.first; one !== null; one = this.#order.first) this.#remove(one, nowMs);
  }

  #find(packet: Packet, hash: number): Connection | null {
    for (let c = this.#buckets[hash & this.#mask] ?? null; c !== null; c = c.hashNext) {
      if (c.hash !== hash || c.vni !== packet.vni) continue;
      if (c.isFromA(packet)) {
        this.#end = 'a';
        if (c.isInVlan(packet.vlanTags, 'a')) return c;
      } else if (c.isFromB(packet)) {
        this.#end = 'b';
        if (c.isInVlan(packet.vlanTags, 'b')) return c;
      }
    }
    this.#end = 'a';
    return null;
  }

  /** A packet of no connection that was made. @returns null: none is, and the packet is counted */
  #begin(packet: Packet, hash: number, length: number, nowMs: number): Connection | null {
    const isSyn = (packet.flags & TcpFlag.syn) !== 0;
    const slot = this.#halfOpen.find(packet, hash);
    if (slot !== NONE) {
      if (!this.#halfOpen.isAgain(slot, packet)) return this.#open(slot, packet, hash, nowMs);
      this.#ledger.values[SEGMENTS]!++;
      return null;
    }
    // Without data or SYN there is nothing to follow: mostly the last packets of a connection that is over.
    if (length === 0 && !isSyn) {
      this.#ledger.count('tcp.no_flow');
      return null;
    }
    const ended = this.#timeWait.recall(packet, hash, nowMs);
    if (ended === 'old' || ended === 'refused') {
      this.#ledger.count('tcp.no_flow');
      this.#ledger.count(ended === 'old' ? 'tcp.retransmission_bytes' : 'tcp.refused_bytes', length);
      return null;
    }
    if (!HalfOpen.fits(packet)) {
      const connection = this.#add(packet, hash, nowMs);
      if (ended === 'answered') connection.fromA.awaitAnswer(packet);
      // It is over, but not for its server, which was not seen.
      else if (ended !== null) connection.fromA.goOn(ended);
      return connection;
    }
    this.#makeRoom(nowMs);
    this.#halfOpen.add(packet, hash, nowMs);
    this.#ledger.count('tcp.sessions');
    this.#ledger.values[SEGMENTS]!++;
    return null;
  }

  /** The connection that its sender has by now has no place for it. */
  stray(packet: Packet): void {
    const hash = hashOf(packet);
    const { nowMs } = this.#context;
    const places = this.#timeWait.unseen(packet, hash, nowMs);
    if (places.length === 0) return;
    const connection = this.#find(packet, hash);
    for (const place of places) connection?.beside(place, this.#end);
  }

  /** The connection of a SYN that now has a second packet. */
  #open(slot: number, packet: Packet, hash: number, nowMs: number): Connection {
    const syn = this.#halfOpen.take(slot);
    this.#makeRoom(nowMs);
    const connection = this.#insert(new Connection(syn, hash, this.#context, this.#handler, syn.timeMs), nowMs);
    connection.packet(syn, 'a', syn.timeMs);
    this.#end = connection.isFromA(packet) ? 'a' : 'b';
    connection.isInVlan(packet.vlanTags, this.#end);
    return connection;
  }

  #add(packet: Packet, hash: number, nowMs: number, syn: Connection['reopenedBy'] = null): Connection {
    this.#makeRoom(nowMs);
    const connection = this.#insert(new Connection(packet, hash, this.#context, this.#handler, nowMs, syn), nowMs);
    this.#ledger.count('tcp.sessions');
    if (connection.client === null && connection.claimedClient === null) this.#ledger.count('tcp.midstream_pickups');
    return connection;
  }

  #insert(connection: Connection, nowMs: number): Connection {
    const { hash } = connection;
    connection.touchedMs = nowMs;
    if (this.#size > this.#buckets.length) this.#grow();
    const bucket = hash & this.#mask;
    connection.hashNext = this.#buckets[bucket] ?? null;
    this.#buckets[bucket] = connection;
    this.#size++;
    this.#order.link(connection);
    return connection;
  }

  /** For one more. */
  #makeRoom(nowMs: number): void {
    const { connections } = this.#context;
    while (this.size >= this.#limits.flows && this.#removeLeastUsed('tcp.flow_emerg_mode_over', false, nowMs));
    while (connections.isShort && this.#removeLeastUsed('tcp.flow_memcap', false, nowMs));
  }

  /**
   * A SYN that nothing followed makes room before any connection does.
   * @param isIdle none that is in the middle of a message
   * @returns false: there is none to remove
   */
  #removeLeastUsed(reason: CounterName, isIdle: boolean, nowMs: number): boolean {
    const one = this.#halfOpen.size > 0 ? null : this.#order.leastUsed(isIdle);
    if (one === null && this.#halfOpen.size === 0) return false;
    this.#ledger.count(reason);
    if (one === null) this.#halfOpen.removeOldest();
    else this.#remove(one, nowMs);
    return true;
  }

  /**
   * Forgotten before it ends, so that a fault in its end is met only once; what is left of it is then dropped silently.
   */
  #remove(connection: Connection, nowMs: number): void {
    this.#forget(connection);
    try {
      connection.end(nowMs);
    } catch (fault) {
      connection.abandon();
      throw fault;
    }
  }

  #forget(connection: Connection): void {
    this.#closing.delete(connection);
    this.#ending.delete(connection);
    this.#order.unlink(connection);
    const bucket = connection.hash & this.#mask;
    let c = this.#buckets[bucket] ?? null;
    if (c === connection) {
      this.#buckets[bucket] = connection.hashNext;
    } else {
      while (c !== null && c.hashNext !== connection) c = c.hashNext;
      if (c !== null) c.hashNext = connection.hashNext;
    }
    this.#size--;
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = new Array<Connection | null>(old.length * 4).fill(null);
    this.#mask = this.#buckets.length - 1;
    for (const head of old) {
      for (let c = head; c !== null;) {
        const next: Connection | null = c.hashNext;
        const bucket = c.hash & this.#mask;
        c.hashNext = this.#buckets[bucket] ?? null;
        this.#buckets[bucket] = c;
        c = next;
      }
    }
  }

  #touch(connection: Connection, nowMs: number): void {
    connection.touchedMs = nowMs;
    this.#order.touch(connection);
  }

  /** A fault occurred while the packet was handled: drops its connection silently, so that it is not met again. */
  abandon(packet: Packet): void {
    this.#context.history.settle();
    const connection = this.#find(packet, hashOf(packet));
    if (connection === null) return;
    this.#forget(connection);
    connection.abandon();
  }
}
