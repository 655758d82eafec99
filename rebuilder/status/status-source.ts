import type { Ledger } from '../ledger.ts';

/** What the process holds at this moment. Bytes and counts; what is in flight is part of the ledger's sums (balance.ts). */
export interface Gauges {
  /** TCP flows in the table. */
  readonly flows: number;
  /** Packets held back, such as fragments that wait for the rest. */
  readonly pendingPackets: number;
  /** Stream bytes held in reassembly and by half-read messages: captured, but not yet of a request nor skipped. */
  readonly pendingBytes: number;
  /** Requests rebuilt that are neither delivered nor dropped: waiting for a response, queued or sent. */
  readonly inFlightRequests: number;
  /** Exchanges for the native nodes that are neither delivered nor dropped. */
  readonly inFlightExchanges: number;
  /** Bytes of requests, and of exchanges, in the delivery queues. */
  readonly queueBytes: number;
  /** Connections to the detection endpoints. */
  readonly openConnections: number;
}

/** One packet source as health and the status page show it. */
export interface SourceState {
  /** One line, such as `vxlan 0.0.0.0:4789 (recvmmsg, 32 MiB receive buffer)`. */
  readonly description: string;
  /** true: its socket or interface is open and packets can arrive. */
  readonly bound: boolean;
}

export interface EndpointState {
  /** As configured, such as `http://internal-alb:8445`; null = nothing is delivered (replay to stdout). */
  readonly url: string | null;
  /** true: the last attempt got an answer, or none was needed yet. */
  readonly answering: boolean;
  /** One sentence of the state or the last failure; no payload. */
  readonly detail: string;
}

/** A request as the demo's stand-in for the detection node received it. */
export interface ReceivedRequest {
  readonly timeMs: number;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  /** The address our rules derived, from X-Forwarded-For. */
  readonly clientAddress: string;
  /** What a detection node would have flagged; null = nothing. */
  readonly attack: string | null;
}

/** Everything health, metrics and the status page read. Called at each scrape, never on the hot path. */
export interface StatusSource {
  readonly version: string;
  readonly startedMs: number;
  /** Summed over all threads. */
  ledger(): Ledger;
  gauges(): Gauges;
  sources(): readonly SourceState[];
  /** Where requests are delivered, and whole exchanges; never empty. */
  endpoints(): readonly EndpointState[];
  /** When the last packet arrived, ms since the epoch; null = none yet. */
  lastPacketMs(): number | null;
  /** Only the demo knows this: newest last. */
  received?(): readonly ReceivedRequest[];
}
