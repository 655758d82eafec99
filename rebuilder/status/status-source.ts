import type { SeenSource } from '../capture/source-table.ts';
import type { Measures } from '../forward/measures.ts';
import type { Ledger } from '../ledger.ts';
import type { Recent } from './recent-list.ts';

/**
 * What the process holds at this moment. Bytes and counts; what is in flight is part of the ledger's sums (balance.ts).
 */
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
  /** Bytes of all buffers between capture and the node. */
  readonly memoryBytes: number;
}

/** What some of the gauges may rise to, all threads together. */
export interface GaugeLimits {
  readonly flows: number;
  readonly queueBytes: number;
  readonly memoryBytes: number;
}

/** One packet source as health and the status page show it. */
export interface SourceState {
  /** One line, such as `vxlan 0.0.0.0:4789 (recvmmsg, 32 MiB receive buffer)`. */
  readonly description: string;
  /** true: its socket or interface is open and packets can arrive. */
  readonly bound: boolean;
}

/**
 * What is known of an endpoint. `none`: nothing is delivered there, by configuration. `untried`: nobody has tried yet.
 * `reachable`: it takes connections, but no request was answered lately. `answering`: its last answer came. `failing`:
 * the last attempt failed.
 */
export type EndpointCondition = 'none' | 'untried' | 'reachable' | 'answering' | 'failing';

export interface EndpointState {
  /** The key that names it. */
  readonly key: string;
  /** As configured, such as `http://internal-alb:8445`; null = none. */
  readonly url: string | null;
  readonly condition: EndpointCondition;
  /** One sentence of the state or the last failure; no payload. */
  readonly detail: string;
}

/** Everything health, metrics and the status page read. Called at each scrape, never on the hot path. */
export interface StatusSource {
  readonly version: string;
  readonly startedMs: number;
  readonly limits: GaugeLimits;
  /** The configuration with all defaults, for people: without anything secret. */
  readonly configuration: string;
  /** Summed over all threads. */
  ledger(): Ledger;
  measures(): Measures;
  gauges(): Gauges;
  sources(): readonly SourceState[];
  /** Who sends packets, the busiest first. */
  senders(): readonly SeenSource[];
  /** Where requests are delivered, and whole exchanges; never empty. */
  endpoints(): readonly EndpointState[];
  /** When the last packet arrived, ms since the epoch; null = none yet. */
  lastPacketMs(): number | null;
  /** The last requests that are new or have changed since a revision (0 = all); null = they are not kept. */
  recent(revision: number): Recent | null;
  /**
   * What the demo's stand-in for a node has flagged in a request of this id, or in a second reading of it; null =
   * nothing. Only the demo knows.
   */
  attackIn?(id: string, isSecondReading: boolean): string | null;
}
