// Odd messages of one client between honest requests of others, through rebuilder and load balancer to a real node:
// each honest request is served once, with its body, and over the connections that all share one request is served for
// each that was sent.
// `SMUGGLED=20000 npm test parity/neighbours` plays more.
import assert from 'node:assert/strict';
import { type TestContext, describe, test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { nonZero, startDispatcher, until } from '../forward/dispatcher-fixture.ts';
import { ENVELOPE } from '../forward/request-builder.ts';
import { absent } from '../installed.ts';
import { Messages } from '../oracle/http/messages.ts';
import { type ServerName, missing, startServer } from '../oracle/http/servers.ts';
import type { Server } from '../oracle/real-server.ts';
import { TcpStream } from '../tcp-stream.ts';
import { LoadBalancerStandIn } from './load-balancer.ts';

const MESSAGES = Number(process.env['SMUGGLED'] ?? '300');
const SEED = Number(process.env['SEED'] ?? '1');
const BATCH = 100;
/** Connections that one pipeline reads. */
const CONNECTIONS = 10_000;
/**
 * Only what never comes runs into these: on a busy machine an answer may take its time, and a request that is sent
 * again because of that is served twice. A load balancer keeps its connections longer than Apache usually does.
 */
const NEVER_MS = 600_000;
const PATIENT_APACHE = 'Timeout 60\nKeepAliveTimeout 600\n';

/** An honest request, whose body says whose it is. */
function neighbour(number: number): { target: string; body: string; bytes: string } {
  const target = `/neighbour-${number}?a=b`;
  const body = number % 3 === 0 ? '' : `name=${number}`;
  const framing = number % 3 === 0 ? '' : number % 3 === 1 ? `Content-Length: ${body.length}\r\n` : 'Transfer-Encoding: chunked\r\n';
  const framed = number % 3 === 2 ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
  return { target, body, bytes: `${body === '' ? 'GET' : 'POST'} ${target} HTTP/1.1\r\nHost: a.example\r\n${framing}\r\n${framed}` };
}

async function node(t: TestContext, name: ServerName): Promise<Server> {
  const server = await startServer(name, PATIENT_APACHE);
  t.after(() => server.stop());
  return server;
}

const servedBy = (server: Server): { method: string; target: string; body: string | null }[] =>
  [...server.served.values()].flat();

describe('no honest request suffers from its neighbours\' odd ones', () => {
  for (const name of ['nginx', 'apache'] as const) {
    test(`${MESSAGES} odd messages, node ${name}, seed ${SEED}`, { timeout: 3_000_000 }, async (t) => {
      const sentence = missing(name);
      if (sentence !== null) {
        absent(t, sentence);
        return;
      }
      const [shared, raw] = [await node(t, name), await node(t, name)];
      const balancer = await LoadBalancerStandIn.start(t, shared.port);
      const { dispatcher, ledger } = startDispatcher(t, {
        endpoint: `http://127.0.0.1:${balancer.port}`, rawEndpoint: `http://127.0.0.1:${raw.port}`, queueBytes: 64 << 20,
        connectTimeoutMs: NEVER_MS, responseTimeoutMs: 2 * 60_000, idleTimeoutMs: NEVER_MS, deadlineMs: NEVER_MS,
      });
      const messages = new Messages(SEED);
      const limits = { ...REPLAY_OPTIONS.limits, correctionBytes: 1 << 20 };
      const pipeline = (): TcpStream => new TcpStream({ limits }, 1000, { exchange: (request) => {
        dispatcher.submit(request, ENVELOPE);
      } });
      let stream = pipeline();
      for (let i = 0; i < MESSAGES; i++) {
        for (const bytes of [messages.next(), neighbour(i).bytes]) {
          stream.send('', { flags: 2, at: -1 }).send(bytes, { at: 0 }).send('', { at: bytes.length, flags: 17 }).nextConnection();
        }
        if (i % CONNECTIONS === CONNECTIONS - 1) {
          stream.end();
          stream = pipeline();
        }
        if (i % BATCH === BATCH - 1) await until('the batch to be delivered', () => dispatcher.inFlight() < BATCH, NEVER_MS);
      }
      stream.end();
      assert.equal(await dispatcher.drain(NEVER_MS), 0, nonZero(ledger));
      const served = servedBy(shared);
      const honest = new Map<string, (string | null)[]>();
      for (const { target, body } of [...served, ...servedBy(raw)]) {
        if (target.startsWith('/neighbour-')) honest.set(target, [...honest.get(target) ?? [], body]);
      }
      const harmed = Array.from({ length: MESSAGES }, (_, i) => neighbour(i)).filter(({ target, body }) => honest.get(target)?.join('\n') !== body);
      assert.deepEqual(harmed, []);
      assert.deepEqual(balancer.refused, []);
      const delivered = ledger.get('forward.delivered') + ledger.get('forward.delivered_incomplete');
      const sharedDelivered = delivered - ledger.get('forward.raw') + ledger.get('forward.raw_failed');
      // What was sent again, its connection having closed, may have been served before that; what the node refused was
      // not.
      const surplus = served.length - sharedDelivered;
      assert.ok(-ledger.get('forward.answered_4xx') <= surplus && surplus <= ledger.get('forward.resent'), `${served.length} served of ${sharedDelivered}: ${nonZero(ledger)}`);
      assert.ok(served.length > MESSAGES, `${served.length} served over shared connections`);
      assert.ok(servedBy(raw).length > MESSAGES / 6, `${servedBy(raw).length} served of the raw path`);
      t.diagnostic(`${MESSAGES} odd messages, ${MESSAGES} neighbours; ${served.length} served behind the load balancer, ${servedBy(raw).length} of the raw path: ${nonZero(ledger)}`);
    });
  }
});
