import type { Http1Context } from '../http1/http1-context.ts';
import type { Ledger } from '../ledger.ts';
import type { Connection } from '../reassembly/connection.ts';
import type { ExchangeSink } from './exchange-sink.ts';
import type { ResponseWaits } from './response-waits.ts';
import type { WaitingRequests } from './waiting-requests.ts';

/** What all connections of one pipeline share. */
export interface HttpContext {
  readonly ledger: Ledger;
  readonly reader: Http1Context;
  /** For second readings of a stream (late segments): what they read was counted before. */
  readonly lateReader: Http1Context;
  readonly exchanges: ExchangeSink;
  /** Wait for responses, and keep their bodies. */
  readonly parseResponses: boolean;
  readonly responseTimeoutMs: number;
  /** Does this connection come from a balancer that is known to send the PROXY protocol? */
  readonly expectsProxyHeader: (connection: Connection) => boolean;
  /** Connections whose requests wait for responses. */
  readonly waiting: ResponseWaits;
  readonly waitingRequests: WaitingRequests;
  nowMs: number;
}
