import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Dispatcher } from '../../rebuilder/forward/dispatcher.ts';
import type { ForwardOptions } from '../../rebuilder/forward/dispatcher.ts';
import type { Resolve } from '../../rebuilder/forward/address-book.ts';
import { COUNTER_NAMES, COUNTERS, Ledger } from '../../rebuilder/ledger.ts';
import { NodeStandIn } from './node-stand-in.ts';
import type { Behaviour } from './node-stand-in.ts';

export const KEY = Buffer.from('a key that only this test knows');

const OPTIONS: Omit<ForwardOptions, 'endpoint'> = {
  rawEndpoint: '', connections: 4, pipelining: 8, connectTimeoutMs: 2_000, responseTimeoutMs: 5_000, idleTimeoutMs: 30_000, attempts: 3,
  deadlineMs: 20_000, queueBytes: 8 << 20, bodyLimitBytes: 0, drainTimeoutMs: 5_000, resolveIntervalMs: 60_000,
};

export interface Fixture {
  readonly dispatcher: Dispatcher;
  readonly ledger: Ledger;
}

/** A dispatcher that is closed, and whose books must balance, when the test ends. */
export function startDispatcher(
  t: TestContext,
  options: Partial<ForwardOptions> & { endpoint: string },
  resolve?: Resolve,
): Fixture {
  const ledger = new Ledger();
  const dispatcher = new Dispatcher({ ...OPTIONS, ...options }, ledger, KEY, resolve);
  t.after(() => {
    dispatcher.close();
    assertBalanced(ledger, dispatcher);
    assert.equal(dispatcher.inFlight(), 0);
  });
  return { dispatcher, ledger };
}

/** submitted = delivered + dropped by reason + in flight */
export function assertBalanced(ledger: Ledger, dispatcher: Dispatcher): void {
  let ended = 0;
  for (const name of COUNTER_NAMES) {
    const { role, unit } = COUNTERS[name];
    if (name.startsWith('forward.') && unit === 'requests' && (role === 'out' || role === 'lost')) ended += ledger.get(name);
  }
  assert.equal(ledger.get('forward.submitted'), ended + dispatcher.inFlight(), nonZero(ledger));
}

/** The counters that are not zero, for messages. */
export function nonZero(ledger: Ledger): string {
  return COUNTER_NAMES.filter((name) => ledger.get(name) !== 0).map((name) => `${name}=${ledger.get(name)}`).join(' ');
}

export async function startNode(t: TestContext, behaviour?: Behaviour): Promise<NodeStandIn> {
  const node = new NodeStandIn(behaviour);
  await node.listen();
  t.after(() => node.kill());
  return node;
}

/** Waits for a condition; fails with `what` when it does not come true in `timeoutMs`. */
export async function until(what: string, condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    assert.ok(performance.now() < end, `still waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
