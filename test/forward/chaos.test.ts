import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced, nonZero, startDispatcher, startNode } from './dispatcher-fixture.ts';
import { OK, reset } from './node-stand-in.ts';
import { buildRequest, ENVELOPE, get } from './request-builder.ts';

/** The same numbers for every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = Math.imul(state, 1_103_515_245) + 12_345 & 0x7fffffff) / 0x80000000;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const seed of [1, 2, 3]) {
  test(`a node that resets, closes, stalls, half answers and is replaced by its load balancer: all are delivered in the end (${seed})`, async (t) => {
    const next = random(seed);
    const node = await startNode(t, async (_request, socket) => {
      const fate = next();
      if (fate < 0.01) {
        reset(socket);
        return null;
      }
      if (fate < 0.02) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Le', () => socket.destroy());
        return null;
      }
      if (fate < 0.03) return 'HTTP/1.1 502 Bad Gateway\r\nServer: awselb/2.0\r\nContent-Length: 3\r\n\r\nbad';
      if (fate < 0.05) {
        socket.end('HTTP/1.1 200 OK\r\nServer: nginx\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return null;
      }
      if (fate < 0.055) {
        await sleep(400);
        return OK;
      }
      if (fate < 0.2) await sleep(1);
      if (fate < 0.5) return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
      return OK;
    });
    const { dispatcher, ledger } = startDispatcher(t, {
      endpoint: node.url,
      responseTimeoutMs: 200,
      attempts: 100,
      connections: 8,
      pipelining: 8,
    });
    const ids = new Set<string>();
    let latest = 0;
    for (let i = 0; i < 1_500; i++) {
      const kind = next();
      const body = 'b'.repeat(Math.floor(next() ** 4 * 40_000));
      const request = kind < 0.6 ? get(i)
        : kind < 0.7 ? buildRequest(`HEAD /${i} HTTP/1.1\r\nHost: a\r\n\r\n`)
          : kind < 0.8 ? buildRequest(`GET /${i} HTTP/1.0\r\n\r\n`)
            : kind < 0.85 ? buildRequest(`GET /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi`)
              : buildRequest(`POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      ids.add(request.id);
      dispatcher.submit(request, ENVELOPE);
      if (i % 20 === 0) {
        await sleep(2);
        assertBalanced(ledger, dispatcher);
        const { queued, sent, lastAnswerMs } = dispatcher.state();
        assert.equal(queued + sent, dispatcher.inFlight());
        assert.ok((lastAnswerMs ?? 0) >= latest);
        latest = lastAnswerMs ?? 0;
      }
    }
    assert.equal(await dispatcher.drain(40_000), 0);
    assert.equal(ledger.get('forward.delivered'), 1_500, nonZero(ledger));
    assert.ok(ledger.get('forward.retried') > 10 && ledger.get('forward.resent') > 10, nonZero(ledger));
    t.diagnostic(nonZero(ledger));
    assert.deepEqual(node.violations, []);
    for (const { head } of node.received) ids.delete(/\r\nX-Mirror-Id: ([0-9a-f]+)/.exec(head)![1]!);
    assert.equal(ids.size, 0);
    const state = dispatcher.state();
    assert.equal(state.queued + state.sent + state.queuedBytes, 0);
  });
}
