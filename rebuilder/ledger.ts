/**
 * Every way a datagram, packet, stream byte or request can end: one closed list, one counter a line, in the order of the data.
 *
 * `role`: `in` = it came; `out` = it left as it should; `lost` = dropped for this reason; `note` = something worth counting that ends nothing.
 * For each unit that is accounted (`datagrams`, `packets`, `bytes`, `requests`), Σ in = Σ out + Σ lost + what is in flight: test/ledger.test.ts
 * and the status page check it. Names are `layer.protocol.what`, in Suricata's words where it has one. docs/ledger.md is checked against this table.
 */
interface Definition {
  readonly role: 'in' | 'out' | 'lost' | 'note';
  readonly unit: 'datagrams' | 'packets' | 'bytes' | 'requests' | 'responses' | 'flows' | 'segments' | 'connections' | 'events';
  readonly help: string;
}

const define = (role: Definition['role'], unit: Definition['unit'], help: string): Definition => ({ role, unit, help });

export const COUNTERS = {
  // --- capture: what the kernel or the file gave us
  'capture.frames': define('note', 'packets', 'Frames or datagrams read from the sources'),
  'capture.kernel_drops': define('note', 'packets', 'Datagrams the kernel dropped because our receive buffer was full (before us: not part of the sums)'),
} as const satisfies Record<string, Definition>;

export type CounterName = keyof typeof COUNTERS;

export const COUNTER_NAMES = Object.keys(COUNTERS) as readonly CounterName[];

/** Position of each counter in `Ledger.values`, for hot paths: `ledger.values[INDEX['tcp.segments']]++`. */
export const INDEX = Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, i])) as Readonly<Record<CounterName, number>>;

export class Ledger {
  /** One number a counter; may lie in shared memory, so that another thread can sum it up. */
  readonly values: Float64Array;

  constructor(values: Float64Array = new Float64Array(COUNTER_NAMES.length)) {
    this.values = values;
  }

  count(name: CounterName, n = 1): void {
    this.values[INDEX[name]]! += n;
  }

  get(name: CounterName): number {
    return this.values[INDEX[name]]!;
  }
}
