import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startNginx } from '../http-mirror/nginx.ts';
import { scratch } from '../http-mirror/program.ts';
import { freePort } from '../free-port.ts';
import { installed } from '../installed.ts';
import { DESYNC_CASES } from './desync-cases.ts';
import { nonZero, startDispatcher, until } from './dispatcher-fixture.ts';
import { rebuild } from './rebuilt-requests.ts';
import { buildRequest, ENVELOPE } from './request-builder.ts';

interface Logged {
  status: string;
  id: string;
  method: string;
  target: string;
  client: string;
  complete: string;
  body: string;
}

/**
 * Real NGINX as the detection node, with the limits of examples/wallarm-node/mirror.conf; reads bodies, and logs what
 * it understood of each request.
 */
async function startNode(t: TestContext): Promise<{ url: string; log: () => Logged[] }> {
  const folder = scratch(t);
  const port = await freePort();
  const app = await freePort();
  await startNginx(t, folder, `
    log_format seen escape=json '{"status":"$status","id":"$http_x_mirror_id","method":"$request_method","target":"$request_uri",'
      '"client":"$http_x_forwarded_for","complete":"$http_x_mirror_complete","body":"$request_body"}';
    client_body_buffer_size 4m;
    large_client_header_buffers 8 64k;
    server {
      listen 127.0.0.1:${port};
      access_log ${folder}/node.log seen;
      location / { proxy_pass http://127.0.0.1:${app}; }
    }
    server { listen 127.0.0.1:${app}; keepalive_timeout 0; location / { return 200 ok; } }`, [port, app]);
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => readFileSync(join(folder, 'node.log'), 'latin1').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Logged),
  };
}

test('NGINX gets thousands of pipelined requests, each once, though it closes each connection behind a thousand', async (t) => {
  if (!installed(t, 'nginx')) return;
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url,
    connections: 2,
    pipelining: 16,
    queueBytes: 64 << 20,
  });
  const bodies = new Map<string, string>();
  for (let i = 0; i < 4_000; i++) {
    const body = i % 4 === 0 ? 'x'.repeat(i) : '';
    const half = body.length >> 1;
    const request = body === ''
      ? buildRequest(`GET /${i} HTTP/1.${i % 3 === 0 ? 0 : 1}\r\nHost: a\r\nConnection: close\r\n\r\n`)
      : i % 8 === 0 ? buildRequest(`POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
        : buildRequest(`POST /${i} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${half.toString(16)}\r\n${body.slice(half)}\r\n`
          + `${half.toString(16)};x\r\n${body.slice(half)}\r\n0\r\n\r\n`);
    bodies.set(request.id, body);
    dispatcher.submit(request, ENVELOPE);
    if (i % 100 === 0) await new Promise(setImmediate);
  }
  assert.equal(await dispatcher.drain(20_000), 0);
  assert.equal(ledger.get('forward.delivered'), 4_000, nonZero(ledger));
  assert.ok(ledger.get('forward.connected') >= 4, 'connections that NGINX closed');
  assert.equal(ledger.get('forward.retried'), 0, nonZero(ledger));
  await until('the log', () => node.log().length >= 4_000);
  const log = node.log();
  assert.equal(log.length, 4_000);
  for (const { id, body, status } of log) {
    assert.equal(body, bodies.get(id));
    assert.equal(status, '200');
    bodies.delete(id);
  }
});

for (const withRaw of [false, true]) {
  test(`NGINX reads every hostile request as the one it is, ${withRaw ? 'with' : 'without'} a raw path`, async (t) => {
    if (!installed(t, 'nginx')) return;
    const node = await startNode(t);
    const { dispatcher, ledger } = startDispatcher(t, {
      endpoint: node.url, rawEndpoint: withRaw ? node.url : '', connections: 1, pipelining: 16, queueBytes: 64 << 20, responseTimeoutMs: 1_000, attempts: 2,
    });
    /** How many readings of each there are. */
    const ids = new Map<string, number>();
    let number = 0;
    for (const { bytes } of DESYNC_CASES) {
      for (const part of [Buffer.from(bytes, 'latin1'), Buffer.from(`GET /control/${number++} HTTP/1.1\r\nHost: control\r\n\r\n`)]) {
        rebuild(part, (request) => {
          ids.set(request.id, (ids.get(request.id) ?? 0) + 1);
          dispatcher.submit(request, ENVELOPE);
        });
      }
    }
    assert.equal(await dispatcher.drain(30_000), 0);
    const delivered = ledger.get('forward.delivered') + ledger.get('forward.delivered_incomplete');
    await until('the log', () => node.log().filter((one) => one.status === '200').length >= delivered);
    const log = node.log();
    for (const one of log) {
      if (one.status !== '200') continue;
      const left = ids.get(one.id) ?? 0;
      assert.ok(left > 0, `a request we did not send, or twice: ${JSON.stringify(one)}`);
      if (left === 1) ids.delete(one.id);
      else ids.set(one.id, left - 1);
      assert.equal(one.client, ENVELOPE.clientAddress);
    }
    const lost = ledger.get('forward.submitted') - delivered;
    assert.equal(ids.size, lost);
    assert.equal(lost, withRaw ? 0 : 2, nonZero(ledger));
    assert.equal(new Set(log.filter((one) => one.target.startsWith('/control/')).map((one) => one.target)).size, number);
  });
}
