import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { NativeNodes, type NativeNodesOptions } from '../../../rebuilder/forward/ext-proc/native-nodes.ts';
import type { Resolve } from '../../../rebuilder/forward/address-book.ts';
import { Measures } from '../../../rebuilder/forward/measures.ts';
import { LoopMarker } from '../../../rebuilder/forward/loop-marker.ts';
import { COUNTER_NAMES, COUNTERS, Ledger } from '../../../rebuilder/ledger.ts';
import { balance } from '../../../rebuilder/status/balance.ts';
import { KEY, nonZero } from '../dispatcher-fixture.ts';

const OPTIONS: Omit<NativeNodesOptions, 'endpoint'> = {
  caFile: '', serverName: '', connections: 2, streams: 100, queueBytes: 8 << 20, bodyLimitBytes: 1 << 20, connectTimeoutMs: 2_000,
  responseTimeoutMs: 5_000, idleTimeoutMs: 30_000, attempts: 3, deadlineMs: 20_000, resolveIntervalMs: 60_000,
};

export interface Fixture {
  readonly nodes: NativeNodes;
  readonly ledger: Ledger;
  readonly measures: Measures;
}

/** A delivery that is closed, and whose books must balance, when the test ends. */
export function startNativeNodes(
  t: TestContext,
  options: Partial<NativeNodesOptions> & { endpoint: string },
  resolve?: Resolve,
): Fixture {
  const ledger = new Ledger();
  const measures = new Measures();
  const nodes = new NativeNodes({ ...OPTIONS, ...options }, ledger, new LoopMarker(KEY), resolve, undefined, measures);
  t.after(() => {
    nodes.close();
    assertBalanced({ nodes, ledger });
    assert.equal(nodes.inFlight(), 0);
    assert.equal(nodes.state().memoryBytes, 0, 'all memory is given back');
  });
  return { nodes, ledger, measures };
}

/** The identity of the status page: submitted = delivered + dropped by reason + in flight. */
export function assertBalanced({ nodes, ledger }: Pick<Fixture, 'nodes' | 'ledger'>): void {
  const row = balance(ledger, { exchanges: nodes.inFlight() }).find(({ unit }) => unit === 'exchanges')!;
  assert.equal(row.imbalance, 0, nonZero(ledger));
}

/** Every counter by which exchanges were lost. */
export const lossesOf = (ledger: Ledger): Record<string, number> => Object.fromEntries(COUNTER_NAMES
  .filter((name) => COUNTERS[name].unit === 'exchanges' && COUNTERS[name].role === 'lost' && ledger.get(name) > 0).map((name) => [name, ledger.get(name)]));
