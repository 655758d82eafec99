import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { MeasureName } from '../forward/measures.ts';
import { COUNTERS, COUNTER_NAMES, type CounterName } from '../ledger.ts';
import { balance, inFlight } from './balance.ts';
import { MeasuredHistogram } from './measured-histogram.ts';
import type { Gauges, StatusSource } from './status-source.ts';

/**
 * Prometheus text of the ledger. One family a role and unit, so that a sum over its labels means something:
 * `rebuilder_requests_in_total`, `rebuilder_requests_out_total`, `rebuilder_requests_lost_total` (so of packets and
 * bytes). The label `name` is the ledger's own word; what ends nothing is in `rebuilder_events_total`. Each name is
 * there from the start, as 0, so that rates and alerts see the first loss.
 */
export function metrics(source: StatusSource): Registry {
  const registry = new Registry();
  // Its timer for the event loop's delay, 100 times a second without this, was half of what an idle service costs.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  for (const [family, names] of families()) {
    registry.registerMetric(new Counter({
      name: family,
      help: familyHelp(names[0]),
      labelNames: ['name'],
      registers: [],
      collect() {
        const ledger = source.ledger();
        this.reset();
        for (const name of names) this.inc({ name }, ledger.get(name));
      },
    }));
  }
  for (const [key, name, help] of GAUGES) {
    gauge(registry, name, help, (set) => set({}, source.gauges()[key]));
  }
  for (const [measure, name, help, scale] of HISTOGRAMS) {
    registry.registerMetric(new MeasuredHistogram(name, help, scale, () => source.measures()[measure]));
  }
  gauge(registry, 'rebuilder_source_up', 'Whether the packet source can receive (1) or not (0)', (set) => {
    for (const { description, bound } of source.sources()) set({ source: description }, bound ? 1 : 0);
  }, ['source']);
  gauge(registry, 'rebuilder_endpoint_up', 'Whether the detection endpoints answer, or take connections while nothing is delivered (1), or not (0)', (set) => {
    set({}, source.endpoints().every(({ condition }) => condition !== 'failing' && condition !== 'untried') ? 1 : 0);
  });
  gauge(registry, 'rebuilder_last_packet_timestamp_seconds', 'When the last packet arrived, since the epoch; 0 = none yet', (set) => {
    set({}, (source.lastPacketMs() ?? 0) / 1000);
  });
  gauge(registry, 'rebuilder_imbalance', 'In minus out minus lost minus in flight: other than 0 for long, something is lost uncounted', (set) => {
    for (const { unit, imbalance } of balance(source.ledger(), inFlight(source.gauges()))) set({ unit }, imbalance);
  }, ['unit']);
  gauge(registry, 'rebuilder_build_info', 'Always 1; what runs is in the labels',
    (set) => set({ version: source.version, node_version: process.version, arch: process.arch }, 1), ['version', 'node_version', 'arch']);
  return registry;
}

const GAUGES: readonly (readonly [keyof Gauges, string, string])[] = [
  ['flows', 'rebuilder_flows', 'TCP flows in the table'],
  ['pendingPackets', 'rebuilder_pending_packets', 'Packets held back, such as fragments that wait for the rest'],
  ['pendingBytes', 'rebuilder_pending_bytes', 'Stream bytes held in reassembly and by half-read messages'],
  ['inFlightRequests', 'rebuilder_requests_in_flight', 'Requests rebuilt that are neither delivered nor dropped'],
  ['inFlightExchanges', 'rebuilder_exchanges_in_flight', 'Exchanges for the native nodes that are neither delivered nor dropped'],
  ['queueBytes', 'rebuilder_queue_bytes', 'Bytes of requests and exchanges that wait for delivery'],
  ['openConnections', 'rebuilder_endpoint_connections', 'Open connections to the detection endpoints'],
  ['memoryBytes', 'rebuilder_buffer_bytes', 'Memory of all buffers between capture and the node'],
];

/** Measure, name, help, and what a value is divided by to be in the base unit. */
const HISTOGRAMS: readonly (readonly [MeasureName, string, string, number])[] = [
  ['delay', 'rebuilder_delivery_seconds', 'Time from the handing over of a request to the final response of the node', 1000],
  ['queueTime', 'rebuilder_queue_seconds', 'Time from the handing over of a request until it was sent', 1000],
  ['size', 'rebuilder_request_bytes', 'Bytes of delivered requests as they were sent to the node', 1],
  ['exchangeDelay', 'rebuilder_exchange_delivery_seconds', 'Time from the handing over of an exchange to the end of its stream', 1000],
  ['exchangeQueueTime', 'rebuilder_exchange_queue_seconds', 'Time from the handing over of an exchange until it was sent', 1000],
  ['exchangeSize', 'rebuilder_exchange_bytes', 'Bytes of delivered exchanges as they were sent to a native node', 1],
];

/** Name of the Prometheus family a counter is in. */
export function familyOf(name: CounterName): string {
  const { role, unit } = COUNTERS[name];
  return role === 'note' ? 'rebuilder_events_total' : `rebuilder_${unit}_${role}_total`;
}

function families(): Map<string, [CounterName, ...CounterName[]]> {
  const found = new Map<string, [CounterName, ...CounterName[]]>();
  for (const name of COUNTER_NAMES) {
    const names = found.get(familyOf(name));
    if (names) names.push(name);
    else found.set(familyOf(name), [name]);
  }
  return found;
}

function familyHelp(name: CounterName): string {
  const { role, unit } = COUNTERS[name];
  const what = { in: `${unit} that came`, out: `${unit} that left as they should`, lost: `${unit} dropped, by reason` };
  return role === 'note' ? 'Things worth counting that end nothing' : what[role];
}

type SetGauge = (labels: Record<string, string>, value: number) => void;

function gauge(
  registry: Registry, name: string, help: string, read: (set: SetGauge) => void, labelNames: string[] = [],
): void {
  registry.registerMetric(new Gauge({
    name,
    help,
    labelNames,
    registers: [],
    collect() {
      this.reset();
      read((labels, value) => this.set(labels, value));
    },
  }));
}
