import type { SeenSource } from '../../rebuilder/capture/source-table.ts';
import { Measures } from '../../rebuilder/forward/measures.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { RecentList, type Recent } from '../../rebuilder/status/recent-list.ts';
import type { RecentRequest } from '../../rebuilder/status/recent-requests.ts';
import type { EndpointState, Gauges, SourceState, StatusSource } from '../../rebuilder/status/status-source.ts';

/** A process whose every state a test can set. */
export class StubSource implements StatusSource {
  readonly version = '1.2.3';
  startedMs = 1_000_000;
  readonly limits = { flows: 1000, queueBytes: 2000, memoryBytes: 3000 };
  configuration = 'workers: 2\n';
  values = new Ledger();
  measured = new Measures();
  last: number | null = null;
  state: readonly SourceState[] = [{ description: 'vxlan 127.0.0.1:4789', bound: true }];
  node: EndpointState = { key: 'forward.endpoint', url: 'http://127.0.0.1:8445', condition: 'answering', detail: 'the last request was answered' };
  nativeNodes: readonly EndpointState[] = [];
  seen: readonly SeenSource[] = [];
  list: RecentList | null = new RecentList(200);
  attackIn?: (id: string, isSecondReading: boolean) => string | null;
  held: Gauges = {
    flows: 0, pendingPackets: 0, pendingBytes: 0, inFlightRequests: 0, inFlightExchanges: 0, queueBytes: 0,
    openConnections: 0, memoryBytes: 0,
  };

  ledger(): Ledger { return this.values; }
  measures(): Measures { return this.measured; }
  gauges(): Gauges { return this.held; }
  sources(): readonly SourceState[] { return this.state; }
  senders(): readonly SeenSource[] { return this.seen; }
  endpoints(): readonly EndpointState[] { return [this.node, ...this.nativeNodes]; }
  lastPacketMs(): number | null { return this.last; }
  recent(revision: number): Recent | null { return this.list?.since(revision) ?? null; }
}

/** A request as a page lists it. */
export function listed(key: string, changes: Partial<RecentRequest> = {}): RecentRequest {
  return {
    key, id: `id-${key}`, timeMs: 1_000_000, method: 'GET', host: 'shop.example', target: `/${key}`, bodySize: 0, client: '203.0.113.7',
    source: '10.0.1.7:41000', server: '10.0.2.9:80', vni: 1377, status: null, tookMs: null, badges: [], lost: [], irregular: [],
    head: `GET /${key}?token=s3cret HTTP/1.1\r\nHost: shop.example\r\nCookie: sid=s3cret\r\n\r\n`, steps: [], end: null, ...changes,
  };
}
