import { Ledger } from '../../rebuilder/ledger.ts';
import type { EndpointState, Gauges, ReceivedRequest, SourceState, StatusSource } from '../../rebuilder/status/status-source.ts';

/** A process whose every state a test can set. */
export class StubSource implements StatusSource {
  readonly version = '1.2.3';
  startedMs = 1_000_000;
  values = new Ledger();
  last: number | null = null;
  state: readonly SourceState[] = [{ description: 'vxlan 127.0.0.1:4789', bound: true }];
  node: EndpointState = { url: 'http://127.0.0.1:8445', answering: true, detail: 'answered 200' };
  nativeNodes: readonly EndpointState[] = [];
  received?: () => readonly ReceivedRequest[];
  held: Gauges = {
    flows: 0, pendingPackets: 0, pendingBytes: 0, inFlightRequests: 0, inFlightExchanges: 0, queueBytes: 0, openConnections: 0,
  };

  ledger(): Ledger { return this.values; }
  gauges(): Gauges { return this.held; }
  sources(): readonly SourceState[] { return this.state; }
  endpoints(): readonly EndpointState[] { return [this.node, ...this.nativeNodes]; }
  lastPacketMs(): number | null { return this.last; }
}
