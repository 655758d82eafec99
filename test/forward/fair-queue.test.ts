import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newDelivery, type Delivery } from '../../rebuilder/forward/delivery.ts';
import { FairQueue } from '../../rebuilder/forward/fair-queue.ts';
import { randomNumbers } from '../random-numbers.ts';
import { nonZero, startDispatcher, startNode, until } from './dispatcher-fixture.ts';
import { buildRequest, ENVELOPE } from './request-builder.ts';

function delivery(client: string, size: number, submittedMs = 0): Delivery {
  const one = newDelivery();
  one.client = client;
  one.start = 0;
  one.end = size;
  one.submittedMs = submittedMs;
  return one;
}

test('nothing is lost or made up, and each client is served in its own order, whatever is done', () => {
  const queue = new FairQueue();
  const waiting = new Set<Delivery>();
  const next = randomNumbers(11);
  let clock = 0;
  for (let i = 0; i < 20_000; i++) {
    const one = delivery(`10.0.0.${next(40)}`, next(3000), clock++);
    const action = next(8);
    if (action < 4) {
      queue.push(one);
      waiting.add(one);
    } else {
      const taken = action < 6 ? queue.shift() : action === 6 ? queue.shiftHeaviest() : queue.shiftOldest();
      if (taken === null) assert.equal(waiting.size, 0);
      else assert.ok(waiting.delete(taken));
      if (taken !== null) {
        for (const other of waiting) assert.ok(other.client !== taken.client || other.submittedMs > taken.submittedMs);
      }
    }
    assert.equal(queue.length, waiting.size);
    if (i % 100 === 0) assert.equal(queue.bytes, [...waiting].reduce((sum, { end }) => sum + end, 0));
  }
  const rest = queue.length;
  for (let i = 0; i < rest; i++) assert.ok(waiting.delete(queue.shift()!));
  assert.equal(queue.shift(), null);
  assert.equal(queue.shiftHeaviest(), null);
  assert.equal(queue.shiftOldest(), null);
});

test('the oldest is the oldest of all, and what makes room is of the client that holds the most', () => {
  const queue = new FairQueue();
  for (let i = 0; i < 100; i++) queue.push(delivery('flooder', 100, 10 + i));
  queue.push(delivery('early', 100, 1));
  queue.push(delivery('late', 100, 999));
  assert.equal(queue.oldest()?.client, 'early');
  for (let i = 0; i < 90; i++) assert.equal(queue.shiftHeaviest()?.client, 'flooder');
  assert.equal(queue.shiftOldest()?.client, 'early');
});

test('a request that is put back is the next of its client', () => {
  const queue = new FairQueue();
  queue.push(delivery('a', 1, 1));
  queue.unshift(delivery('a', 1, 2));
  assert.deepEqual([queue.shift(), queue.shift()].map((one) => one?.submittedMs), [2, 1]);
});

test('odd requests of one client do not push out those of others, nor keep them waiting', async (t) => {
  let answers = false;
  const waiting: (() => void)[] = [];
  const node = await startNode(t, async () => {
    if (!answers) await new Promise<void>((resolve) => waiting.push(resolve));
    return 'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
  });
  const shared = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: shared.url, rawEndpoint: node.url, queueBytes: 8 << 20,
  });
  // What a load balancer would refuse. 4 KiB each, a thousand fill the raw path's megabyte several times.
  const odd = (path: string): ReturnType<typeof buildRequest> => buildRequest(
    `POST /${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\n\r\n${'x'.repeat(4096)}`, { irregular: ['bare_cr'] });
  const from = (client: string): typeof ENVELOPE => ({ ...ENVELOPE, clientAddress: client });
  for (let i = 0; i < 20; i++) dispatcher.submit(odd(`victim/${i}`), from(`198.51.100.${i}`));
  for (let i = 0; i < 2000; i++) dispatcher.submit(odd(`flood/${i}`), from('203.0.113.7'));
  for (let i = 20; i < 40; i++) dispatcher.submit(odd(`victim/${i}`), from(`198.51.100.${i}`));
  // What is pushed out goes on re-framed, as long as it takes no more than half of the others' memory.
  assert.ok(ledger.get('forward.raw_failed') > 200 && ledger.get('forward.queue_full') > 200, nonZero(ledger));
  assert.ok(dispatcher.state().memoryBytes < 6 << 20, `${dispatcher.state().memoryBytes}`);
  await until('the node to be busy', () => node.received.length > 0);
  answers = true;
  for (const go of waiting.splice(0)) go();
  const victims = (): number => new Set(node.received.map(({ requestLine }) => requestLine).filter((line) => line.includes('/victim/'))).size;
  // Two clients that share a queue by chance share its fate: one in a hundred runs.
  await until('the others', () => victims() >= 38);
  const floods = node.received.filter(({ requestLine }) => requestLine.includes('/flood/')).length;
  assert.ok(floods < 200, `${floods} requests of the flood were served before the last of the others`);
  assert.equal(await dispatcher.drain(20_000), 0);
});
