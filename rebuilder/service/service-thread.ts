import { workerOf } from '../capture/flow-hash.ts';
import type { ForwardSettings, Settings } from '../config/settings.ts';
import { ExchangeLines, type LineWriter } from '../output/exchange-lines.ts';
import { Dispatcher, type ForwardState } from '../forward/dispatcher.ts';
import { NativeNodes } from '../forward/ext-proc/native-nodes.ts';
import { LoopMarker } from '../forward/loop-marker.ts';
import { Measures } from '../forward/measures.ts';
import type { ExchangeSink } from '../exchange/exchange-sink.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { Ledger } from '../ledger.ts';
import { Pipeline, type PipelineOptions } from '../pipeline.ts';
import type { RequestObserver } from '../output/request-observer.ts';
import { IgnoredAddresses } from '../rules/ignored-addresses.ts';
import { Networks } from '../address/networks.ts';
import { Rules } from '../rules/rules.ts';
import { RecentRequests } from '../status/recent-requests.ts';
import type { EndpointState, Gauges } from '../status/status-source.ts';
import type { Packet } from '../wire/packet.ts';
import type { WorkerShare } from './worker-share.ts';

const OWN_ADDRESSES_MS = 1000;

/** Where requests are delivered, then where whole exchanges are; null alone = nowhere. */
export function endpointUrls({ endpoint, extProc }: ForwardSettings): readonly (string | null)[] {
  const urls = [endpoint, extProc.endpoint].filter((url) => url !== '');
  return urls.length === 0 ? [null] : urls;
}

/** Where a thread differs from the service's only one. */
export interface Surroundings {
  /** It is a worker among others. */
  readonly share?: WorkerShare;
  /** Instead of those of a live capture. */
  readonly limits?: PipelineOptions['limits'];
  /** Where requests go that are not delivered. */
  readonly exchanges?: ExchangeSink;
  /** Writes to `exchanges.file`. */
  readonly writeLines?: LineWriter;
}

/** One thread's share of the service: its pipeline, the rules, and the delivery. Sources feed `pipeline`. */
export class ServiceThread implements ExchangeSink {
  readonly pipeline: Pipeline;
  readonly ledger: Ledger;
  readonly measures: Measures;
  /** null = they are not kept. */
  readonly recent: RecentRequests | null;
  readonly #settings: Settings;
  readonly #rules: Rules;
  readonly #dispatcher: Dispatcher | null;
  readonly #nativeNodes: NativeNodes | null;
  readonly #ignored: IgnoredAddresses;
  readonly #observer: RequestObserver | null;
  readonly #exchanges: ExchangeSink | null;
  readonly #lines: ExchangeLines | null;
  readonly #timer: NodeJS.Timeout;

  /** Throws an Error of one sentence when the endpoint cannot be one. */
  constructor(
    settings: Settings, ledger: Ledger, loopKey: Uint8Array, observer: RequestObserver | null,
    surroundings: Surroundings = {},
  ) {
    this.ledger = ledger;
    this.#settings = settings;
    this.#observer = observer;
    this.#exchanges = surroundings.exchanges ?? null;
    this.measures = surroundings.share?.measures ?? new Measures();
    this.recent = settings.metrics.enabled && settings.metrics.recentRequests > 0
      ? new RecentRequests(settings.metrics.recentRequests, String(surroundings.share?.index ?? 0)) : null;
    this.#dispatcher = settings.forward.endpoint === '' ? null : new Dispatcher(settings.forward, ledger, loopKey, undefined, undefined, this.measures);
    const marker = this.#dispatcher?.marker ?? new LoopMarker(loopKey);
    const { extProc, ...shared } = settings.forward;
    this.#nativeNodes = extProc.endpoint === '' ? null : new NativeNodes({ ...shared, ...extProc }, ledger, marker, undefined, undefined, this.measures);
    if (this.#nativeNodes !== null) this.#nativeNodes.isOnlyDelivery = this.#dispatcher === null;
    this.#lines = surroundings.writeLines === undefined ? null : new ExchangeLines({
      write: surroundings.writeLines, queueBytes: settings.exchanges.queueBytes, ledger,
      isOnlyEnd: this.#dispatcher === null && this.#nativeNodes === null,
    });
    for (const delivery of [this.#dispatcher, this.#nativeNodes]) {
      if (delivery !== null) delivery.onEnd = observer?.ended ?? null;
    }
    this.#rules = new Rules(settings, marker, loopKey, ledger);
    this.#ignored = new IgnoredAddresses(settings.tcpStream.ignoreIps, settings.tcpStream.onlyPorts);
    this.pipeline = new Pipeline(this.#pipelineOptions(surroundings), ledger, this);
    this.#timer = setInterval(() => this.#ignoreOwn(), OWN_ADDRESSES_MS);
    this.#timer.unref();
  }

  exchange(request: HttpRequest): void {
    const decision = this.#rules.decide(request);
    if (typeof decision === 'string') {
      if (this.#observer === null && this.recent === null) return;
      const redacted = this.#rules.redact(request);
      this.#observer?.request(request, null, decision);
      this.recent?.add(request, null, decision, redacted > 0);
      return;
    }
    const redacted = this.#rules.redact(request);
    this.#observer?.request(request, decision, null);
    this.#lines?.exchange(request);
    const trace = this.recent?.add(request, decision.clientAddress, null, redacted > 0) ?? null;
    this.#nativeNodes?.submit(request, decision, trace);
    if (this.#dispatcher !== null) this.#dispatcher.submit(request, decision, trace);
    else if (this.#nativeNodes !== null) this.ledger.count('ext_proc.only_delivery');
    else this.#exchanges?.exchange(request);
  }

  gauges(): Gauges {
    const { flows, pendingPackets, pendingBytes, waitingRequests, memoryBytes } = this.pipeline.gauges();
    const deliveries = [this.#dispatcher, this.#nativeNodes]
      .flatMap((delivery) => delivery === null ? [] : [delivery.state()]);
    const sum = (value: (state: ForwardState) => number): number => deliveries
      .reduce((total, state) => total + value(state), 0);
    return {
      flows,
      pendingPackets,
      pendingBytes,
      inFlightRequests: waitingRequests + (this.#dispatcher?.inFlight() ?? 0) + (this.#lines?.waitingRequests ?? 0),
      inFlightExchanges: this.#nativeNodes?.inFlight() ?? 0,
      queueBytes: sum((state) => state.queuedBytes),
      openConnections: sum((state) => state.openConnections),
      memoryBytes: memoryBytes + sum((state) => state.memoryBytes) + (this.#lines?.pendingBytes ?? 0),
    };
  }

  /** As far as deliveries have told: of each key that names an endpoint. */
  endpointStates(): EndpointState[] {
    const { endpoint, rawEndpoint, extProc } = this.#settings.forward;
    const shared = this.#dispatcher?.state();
    const native = this.#nativeNodes?.state();
    const states = [
      ...(shared === undefined ? [] : [{ key: 'forward.endpoint', url: endpoint, ...conditionOf(shared) }]),
      ...(shared === undefined || shared.raw === null ? [] : [{ key: 'forward.raw_endpoint', url: rawEndpoint, ...conditionOf(shared.raw) }]),
      ...(native === undefined ? [] : [{ key: 'forward.ext_proc.endpoint', url: extProc.endpoint, ...conditionOf(native) }]),
    ];
    if (states.length > 0) return states;
    return [{ key: 'forward.endpoint', url: null, condition: 'none', detail: 'nothing is delivered: forward.endpoint is empty' }];
  }

  /** No more frames will come: rebuilds what is held and delivers it, for at most `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    this.pipeline.flush();
    await Promise.all([
      this.#dispatcher?.drain(timeoutMs), this.#nativeNodes?.drain(timeoutMs), this.#lines?.drain(timeoutMs),
    ]);
    await this.#observer?.close();
  }

  /** Flows to the detection endpoints are our own: mirrored, they would be rebuilt and delivered for ever. */
  #ignoreOwn(): void {
    const own = [this.#dispatcher, this.#nativeNodes].flatMap((delivery) => delivery?.ownAddresses() ?? []);
    this.#ignored.setOwn(own.map(({ ip, port }) => ({ address: ip, port })));
  }

  #pipelineOptions({ share, limits: given }: Surroundings): PipelineOptions {
    const { limits, forward, tcpStream, proxyProtocol } = this.#settings;
    const balancers = proxyProtocol
      .map(({ trustedNetworks, ports }) => ({ networks: new Networks(trustedNetworks), ports }));
    return {
      limits: given ?? limits,
      isLive: true,
      bodyLimitBytes: forward.bodyLimitBytes,
      parseResponses: tcpStream.parseResponses,
      responseTimeoutMs: tcpStream.responseTimeoutMs,
      vxlanPorts: [tcpStream.fromVxlan.listen.port],
      expectsProxyHeader: (c) => balancers.some(({ networks, ports }) => {
        const [w0, w1, w2, w3, port] = c.client === 'a' ? [c.a0, c.a1, c.a2, c.a3, c.bPort] : [c.b0, c.b1, c.b2, c.b3, c.aPort];
        return (ports.length === 0 || ports.includes(port)) && networks.has(w0, w1, w2, w3);
      }),
      ...(share === undefined ? {} : { handOver: (packet: Packet) => handOver(share, packet) }),
      admit: (packet) => this.#vniRefused(packet) ?? this.#ignored.reason(packet),
    };
  }

  #vniRefused({ vni, geneveVni }: Packet): 'rules.vni_filtered' | null {
    const { fromVxlan, fromGeneve } = this.#settings.tcpStream;
    if (geneveVni >= 0) {
      return admits(fromGeneve, geneveVni) && (vni < 0 || vni === geneveVni || isIn(fromGeneve.innerVniFilter, vni)) ? null : 'rules.vni_filtered';
    }
    return vni < 0 || admits(fromVxlan, vni) ? null : 'rules.vni_filtered';
  }
}

function conditionOf({ error, lastAnswerMs }: Pick<ForwardState, 'error' | 'lastAnswerMs'>): Pick<EndpointState, 'condition' | 'detail'> {
  if (error !== null) return { condition: 'failing', detail: error };
  return lastAnswerMs === null
    ? { condition: 'untried', detail: 'no request was answered yet' }
    : { condition: 'answering', detail: 'the last request was answered' };
}

/** What came by its addresses alone (fragments, IPv6 extension headers) may be of another worker's connection. */
function handOver(share: WorkerShare, p: Packet): boolean {
  const addresses = p.src0 ^ p.src1 ^ p.src2 ^ p.src3 ^ p.dst0 ^ p.dst1 ^ p.dst2 ^ p.dst3;
  const owner = workerOf(addresses, p.srcPort, p.dstPort, share.workers);
  if (owner === share.index) return false;
  share.handOver(owner, p);
  return true;
}

function admits(
  { vniFilter, vniExclude }: { vniFilter: readonly number[]; vniExclude: readonly number[] }, vni: number,
): boolean {
  return isIn(vniFilter, vni) && !vniExclude.includes(vni);
}

function isIn(list: readonly number[], vni: number): boolean {
  return list.length === 0 || list.includes(vni);
}
