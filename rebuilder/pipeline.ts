import { isPlacedByPorts } from './capture/flow-hash.ts';
import { type FrameSink, LinkType } from './capture/frame-source.ts';
import { SourceTable } from './capture/source-table.ts';
import { type CounterName, INDEX, Ledger } from './ledger.ts';
import { Budget } from './reassembly/budget.ts';
import type { Connection } from './reassembly/connection.ts';
import type { ConnectionHandler, ConnectionOwner } from './reassembly/connection-owner.ts';
import { ConnectionMemory } from './reassembly/connection-memory.ts';
import { Defragmenter } from './reassembly/defragment.ts';
import { FlowTable } from './reassembly/flow-table.ts';
import { History } from './reassembly/history.ts';
import { ReadingsInUse } from './reassembly/readings-in-use.ts';
import type { StreamContext } from './reassembly/stream-context.ts';
import { Timers } from './reassembly/timers.ts';
import { Emitter, type PipelineTime, reportFault } from './exchange/emitter.ts';
import type { ExchangeSink } from './exchange/exchange-sink.ts';
import { HttpConnection } from './exchange/http-connection.ts';
import type { HttpContext } from './exchange/http-context.ts';
import { http1Context } from './http1/http1-context.ts';
import { ResponseWaits } from './exchange/response-waits.ts';
import { WaitingRequests } from './exchange/waiting-requests.ts';
import { decapsulate, decapsulatePayload } from './wire/decapsulate.ts';
import { IpDoubt } from './wire/ip-doubt.ts';
import { Packet, Wrapping } from './wire/packet.ts';
import type { Outcome } from './wire/step.ts';

/** What the pipeline needs of the configuration. Times in ms, sizes in bytes. */
export interface PipelineOptions {
  readonly limits: {
    readonly memoryBytes: number;
    readonly flows: number;
    readonly idleTimeoutMs: number;
    readonly gapTimeoutMs: number;
    readonly reorderMs: number;
    readonly gapBytes: number;
    readonly reorderBytes: number;
    readonly fragmentsBytes: number;
    readonly fragmentTimeoutMs: number;
    readonly headBytes: number;
    readonly correctionBytes: number;
    /** 0 = a message waits for its end as long as its connection lives (capture files). */
    readonly stallTimeoutMs: number;
  };
  readonly bodyLimitBytes: number;
  /** Times are the machine's own, which may be set: they never go back by more than moments. */
  readonly isLive?: boolean;
  readonly parseResponses: boolean;
  readonly responseTimeoutMs: number;
  /** Further UDP ports that carry VXLAN inside captured frames. */
  readonly vxlanPorts?: readonly number[];
  /**
   * Is a segment of a tunnel's datagrams, which was placed by less than its ports, another thread's? Then it was given
   * to it.
   */
  readonly handOver?: (packet: Packet) => boolean;
  /** Connections that begin with a PROXY protocol header. */
  readonly expectsProxyHeader?: (connection: Connection) => boolean;
  /** Which packets are looked into at all; null or a reason to leave the packet out. */
  readonly admit?: (packet: Packet) => CounterName | null;
}

/** A clock that goes back farther was set; packets of several sources may be this much out of order. */
const STEP_MS = 1000;
/** How often what waits is looked at, also within a batch. */
const EXPIRY_MS = 20;
/** So much of what was read last is remembered of connections of which one direction is seen. */
const HISTORY_BYTES = 8 << 20;
const FRAMES = INDEX['capture.frames'];

/**
 * The way of every frame: decapsulate -> (defragment) -> flow table -> streams -> messages -> exchanges. Each step
 * either hands on or counts a reason. One pipeline lives in one thread; time comes from the source, so a capture file
 * runs like the traffic it was.
 */
export class Pipeline implements FrameSink, ConnectionHandler<Connection> {
  readonly ledger: Ledger;
  readonly #options: PipelineOptions;
  readonly #emitter: Emitter;
  readonly #packet: Packet;
  readonly #defragmenter: Defragmenter;
  readonly #flows: FlowTable;
  readonly #streams: StreamContext;
  readonly #http: HttpContext;
  /** What each of the limits allows, and what is granted of it. */
  readonly budgets: Readonly<Record<'memory' | 'reorder' | 'correction' | 'fragments', Budget>>;
  readonly #time: PipelineTime = { epochMs: -1, nowMs: 0 };
  #lastVni: number | null = null;
  #lastExpiryMs = 0;
  readonly senders = new SourceTable();
  /** When the last frame came, ms since the epoch; null = none yet. */
  lastFrameMs: number | null = null;

  constructor(options: PipelineOptions, ledger: Ledger, exchanges: ExchangeSink) {
    const { limits } = options;
    this.ledger = ledger;
    this.#options = options;
    this.#emitter = new Emitter(ledger, this.#time, exchanges);
    this.#packet = new Packet(options.vxlanPorts === undefined ? {} : { vxlanPorts: options.vxlanPorts });
    const budgets = {
      memory: new Budget(limits.memoryBytes), reorder: new Budget(limits.reorderBytes),
      correction: new Budget(limits.correctionBytes), fragments: new Budget(limits.fragmentsBytes),
    };
    this.budgets = budgets;
    this.#defragmenter = new Defragmenter(limits, budgets.fragments, ledger);
    const shared = {
      limits, correctionBudget: budgets.correction, timers: new Timers(), readings: new ReadingsInUse(),
      history: new History(Math.min(HISTORY_BYTES, limits.correctionBytes)),
      connections: new ConnectionMemory(budgets.memory), strays: null, nowMs: 0,
    };
    const aside: StreamContext = {
      ...shared,
      ledger: new Ledger(),
      reorderBudget: shared.correctionBudget,
      aside: null,
    };
    this.#streams = { ...shared, ledger, reorderBudget: budgets.reorder, aside };
    this.#http = {
      ledger,
      reader: http1Context(ledger, budgets.memory, limits.headBytes, options.bodyLimitBytes),
      lateReader: http1Context(new Ledger(), budgets.memory, limits.headBytes, options.bodyLimitBytes),
      exchanges: this.#emitter,
      parseResponses: options.parseResponses,
      responseTimeoutMs: options.responseTimeoutMs,
      expectsProxyHeader: options.expectsProxyHeader ?? (() => false),
      waiting: new ResponseWaits(options.responseTimeoutMs),
      waitingRequests: new WaitingRequests(ledger, budgets.memory),
      nowMs: 0,
    };
    this.#flows = new FlowTable(limits, this.#streams, this);
  }

  frame(
    link: number, bytes: Uint8Array, start: number, end: number,
    originalLength: number, timeMs: number, outerSource: number,
  ): void {
    this.lastFrameMs = timeMs;
    const nowMs = this.#advance(timeMs);
    if (nowMs - this.#lastExpiryMs >= EXPIRY_MS) this.#expire(nowMs);
    // Not before: a fault in what is due costs no packet.
    this.ledger.values[FRAMES]!++;
    try {
      this.#frame(link, bytes, start, end, originalLength, timeMs, outerSource, nowMs);
    } catch (fault) {
      this.#packetFaulted(fault);
    }
  }

  #frame(
    link: number, bytes: Uint8Array, start: number, end: number,
    originalLength: number, timeMs: number, outerSource: number, nowMs: number,
  ): void {
    const packet = this.#packet;
    const outcome = decapsulate(link, bytes, start, end, originalLength, outerSource, packet);
    const isShort = packet.missing > 0;
    const isCutSo = this.senders.seen(packet.outerSource, packet.vni, packet.frameLength(end - start), isShort, timeMs);
    // More is missing than the capture left out: if no mirror did it, hosts drop it.
    const isByMirror = isCutSo && packet.wrapping !== Wrapping.none;
    if (isShort && packet.missing > packet.cut && !isByMirror) packet.ipDoubts |= IpDoubt.length;
    if (outcome === 'fragment') this.#fragment(packet, link, nowMs);
    else this.#decapsulated(outcome, packet, link, false, nowMs);
  }

  #fragment(packet: Packet, link: number, nowMs: number): void {
    const made = this.#defragmenter.add(packet, nowMs);
    // Reading one leaves its own there.
    const fields = made.length > 1 ? { ...packet } : null;
    for (const { payload, ...said } of made) {
      Object.assign(packet, fields, said);
      const outcome = decapsulatePayload(packet.protocol, payload, 0, payload.length, packet);
      if (outcome === 'fragment') this.#fragment(packet, link, nowMs);
      else this.#decapsulated(outcome, packet, link, true, nowMs);
    }
  }

  #decapsulated(
    outcome: Exclude<Outcome, 'fragment'>, packet: Packet, link: number, wasFragmented: boolean, nowMs: number,
  ): void {
    if (outcome !== 'segment') {
      this.ledger.count(outcome);
      return;
    }
    const refusal = this.#options.admit?.(packet) ?? null;
    if (refusal !== null) {
      this.ledger.count(refusal);
      return;
    }
    if (this.#options.handOver !== undefined && (wasFragmented || !isPlacedByPorts(packet))) {
      // What is captured from an interface is all one thread's.
      const isOfGroup = link === LinkType.vxlan || link === LinkType.geneve;
      if (isOfGroup && this.#options.handOver(packet)) return;
    }
    this.#segment(packet, nowMs);
  }

  #segment(packet: Packet, nowMs: number): void {
    if (packet.vni !== this.#lastVni) {
      if (this.#lastVni !== null) this.#emitter.severalVnis();
      this.#lastVni = packet.vni;
    }
    this.#flows.packet(packet, nowMs);
  }

  batchEnd(timeMs: number): void {
    this.#expire(this.#advance(timeMs));
  }

  /** A segment that another thread handed over. */
  segment(fields: Partial<Packet>, timeMs: number): void {
    const nowMs = this.#advance(timeMs);
    try {
      this.#segment(Object.assign(this.#packet, fields, { wasOvertaken: true }), nowMs);
    } catch (fault) {
      this.#packetFaulted(fault);
    }
  }

  /**
   * The time inside the pipeline, ms since its first frame: whole numbers below 2^31 (24 days) are kept in the fields
   * of a connection themselves, larger ones in objects of their own, of which each packet would touch four; with
   * 100,000 connections that is a quarter of its cost.
   */
  #advance(timeMs: number): number {
    const time = this.#time;
    if (time.epochMs < 0) time.epochMs = Math.floor(timeMs);
    // The clock of the machine was set back: what was waited for is waited for no longer than before. (Files may go
    // back by themselves.)
    if (this.#options.isLive === true && timeMs - time.epochMs < time.nowMs - STEP_MS) {
      time.epochMs = Math.floor(timeMs - time.nowMs);
    }
    const passedMs = timeMs - time.epochMs;
    // Before V8 has compiled it a difference is an object, even of whole numbers; and a field that once held one keeps
    // an object for each connection.
    const wholeMs = passedMs | 0;
    const nowMs = wholeMs === passedMs ? wholeMs : passedMs;
    time.nowMs = nowMs;
    this.#http.nowMs = nowMs;
    return nowMs;
  }

  #expire(nowMs: number): void {
    this.#lastExpiryMs = nowMs;
    this.#guarded(this.#expireFlows);
    this.#guarded(this.#expireFragments);
    this.#guarded(this.#expireWaiting);
  }

  readonly #expireFlows = (): void => this.#flows.expire(this.#time.nowMs);

  readonly #expireFragments = (): void => this.#defragmenter.expire(this.#time.nowMs);

  readonly #expireWaiting = (): void => this.#http.waiting.expire(this.#time.nowMs);

  /** @returns false: `work` met a fault, and what is left of it is done when it is called again */
  #guarded(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (fault) {
      this.#faulted(fault);
      return false;
    }
  }

  #packetFaulted(fault: unknown): void {
    this.#guarded(() => this.#flows.abandon(this.#packet));
    this.#faulted(fault);
  }

  /** A fault in the program ends neither the thread nor the account: what it cost is what has no end now. */
  #faulted(fault: unknown): void {
    const { ledger } = this;
    reportFault(ledger, fault);
    const { pendingPackets, pendingBytes, waitingRequests } = this.gauges();
    ledger.count('pipeline.faulted_packets', Math.max(0, ledger.open('packets') - pendingPackets));
    ledger.count('pipeline.faulted_bytes', Math.max(0, ledger.open('bytes') - pendingBytes));
    const requests = ledger.get('http.requests') - this.#emitter.left - waitingRequests;
    ledger.count('pipeline.faulted_requests', Math.max(0, requests));
    // They have met their end, too.
    this.#emitter.left += Math.max(0, requests);
  }

  /** The end of all input: what waits is given up, emitted or counted. */
  flush(): void {
    this.#guarded(() => this.#defragmenter.flush());
    while (!this.#guarded(() => this.#flows.flush(this.#time.nowMs)));
  }

  open(connection: Connection, beside: ConnectionOwner | null): HttpConnection {
    return new HttpConnection(connection, this.#http, beside instanceof HttpConnection ? beside : null);
  }

  /** What is held at this moment (see status-source.ts for what each means). */
  gauges(): {
    flows: number; pendingPackets: number; pendingBytes: number; waitingRequests: number; memoryBytes: number;
  } {
    const { memory, reorder, correction } = this.budgets;
    return {
      flows: this.#flows.size,
      pendingPackets: this.#defragmenter.size,
      pendingBytes: this.#http.reader.pendingBytes + reorder.dataBytes,
      waitingRequests: this.#http.waitingRequests.count,
      memoryBytes: memory.usedBytes + reorder.usedBytes + correction.usedBytes,
    };
  }
}
