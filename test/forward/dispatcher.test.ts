import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopMarker } from '../../rebuilder/forward/loop-marker.ts';
import { assertBalanced, KEY, nonZero, startDispatcher, startNode, until } from './dispatcher-fixture.ts';
import { OK, reset } from './node-stand-in.ts';
import { buildRequest, ENVELOPE, get } from './request-builder.ts';

test('a request arrives with its own bytes, and our lines behind its own', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  const request = buildRequest('POST /a?b=1 HTTP/1.1\r\nhOST: a.example\r\nX-A: 1\r\nX-A:2\r\nContent-Length: 5\r\n\r\nhello');
  dispatcher.submit(request, ENVELOPE);
  assert.equal(await dispatcher.drain(5_000), 0);
  assert.equal(ledger.get('forward.delivered'), 1);
  assert.equal(node.received[0]!.text, [
    'POST /a?b=1 HTTP/1.1', 'hOST: a.example', 'X-A: 1', 'X-A:2', 'Content-Length: 5',
    'X-Forwarded-For: 203.0.113.5', 'X-Real-IP: 203.0.113.5', 'X-Scheme: https', 'X-Mirror-Forwarded-Proto: https',
    'X-Mirror-Forwarded-Port: 443', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 443', 'X-SERVER-ADDR: 10.0.2.9', 'X-SERVER-PORT: 80',
    'X-Mirror-Vni: 1377', `X-Request-ID: ${request.id}`, `X-Mirror-Id: ${request.id}`, 'X-Mirror-Complete: true',
    `X-Mirror-Loop: ${new LoopMarker(KEY).of(request.id)}`, '', 'hello',
  ].join('\r\n'));
});

test('thousands of requests, each delivered once, over few connections', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  for (let i = 0; i < 5_000; i++) {
    dispatcher.submit(get(i), ENVELOPE);
    if (i % 500 === 0) await new Promise(setImmediate);
    if (i % 1_000 === 0) assertBalanced(ledger, dispatcher);
  }
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.delivered'), 5_000, nonZero(ledger));
  assert.equal(new Set(node.received.map((one) => one.requestLine)).size, 5_000);
  assert.equal(node.received.length, 5_000);
  assert.ok(node.connections <= 4);
  assert.deepEqual(node.violations, []);
});

test('the bytes are copied at once: the receive slab may change behind submit', async (t) => {
  const node = await startNode(t);
  const { dispatcher } = startDispatcher(t, { endpoint: node.url });
  const request = get(1);
  dispatcher.submit(request, ENVELOPE);
  request.bytes.fill(0);
  await dispatcher.drain(5_000);
  assert.equal(node.received[0]!.requestLine, 'GET /1 HTTP/1.1');
});

test('a node that is killed and comes back: delivery resumes, and nothing that was queued is lost', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  for (let i = 0; i < 100; i++) dispatcher.submit(get(i), ENVELOPE);
  await until('the first hundred', () => dispatcher.inFlight() === 0);
  const { port } = node;
  await node.kill();
  for (let i = 100; i < 300; i++) {
    dispatcher.submit(get(i), ENVELOPE);
    if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await until('a failed connection', () => ledger.get('forward.connect_failed') > 0);
  assert.match(dispatcher.state().error!, /cannot be reached: ECONNREFUSED/);
  assert.equal(dispatcher.inFlight(), 200);
  await node.listen(port);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.delivered'), 300, nonZero(ledger));
  assert.equal(dispatcher.state().error, null);
});

test('a node that died takes its idle connections with it: that costs a request one attempt, not one for each of them', async (t) => {
  let isReplaced = false;
  const node = await startNode(t, async ({ connection }, socket) => {
    if (!isReplaced) await new Promise((resolve) => setTimeout(resolve, 20));
    if (!isReplaced || connection >= 4) return OK;
    socket.destroy();
    return null;
  });
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  for (let i = 0; i < 100; i++) dispatcher.submit(get(i), ENVELOPE);
  await until('the first hundred', () => dispatcher.inFlight() === 0);
  assert.equal(node.connections, 4);
  isReplaced = true;
  dispatcher.submit(get(100), ENVELOPE);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.delivered'), 101, nonZero(ledger));
});

test('a request that ends the connection each time is dropped after its attempts; those behind it are delivered', async (t) => {
  const node = await startNode(t, (request, socket) => {
    if (!request.requestLine.includes('/killer')) return OK;
    socket.destroy();
    return null;
  });
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, connections: 1 });
  for (let i = 0; i < 3; i++) dispatcher.submit(get(i), ENVELOPE);
  dispatcher.submit(buildRequest('GET /killer HTTP/1.1\r\nHost: a\r\n\r\n'), ENVELOPE);
  for (let i = 3; i < 20; i++) dispatcher.submit(get(i), ENVELOPE);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.delivered'), 20, nonZero(ledger));
  assert.equal(ledger.get('forward.connection_lost'), 1);
  const killers = node.received.filter((one) => one.requestLine.includes('/killer'));
  assert.equal(killers.length, 3);
  // Sent again alone: nothing was behind it on its second and third connection.
  for (const killer of killers.slice(1)) {
    const behind = node.received
      .slice(node.received.indexOf(killer) + 1)
      .filter((one) => one.connection === killer.connection);
    assert.deepEqual(behind, []);
  }
});

test('a half answer and a reset cost an attempt; the request is answered the second time', async (t) => {
  let first = true;
  const node = await startNode(t, (_request, socket) => {
    if (!first) return OK;
    first = false;
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => reset(socket));
    return null;
  });
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, connections: 1 });
  for (let i = 0; i < 5; i++) dispatcher.submit(get(i), ENVELOPE);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.delivered'), 5, nonZero(ledger));
  assert.equal(ledger.get('forward.retried'), 1);
});

test('a node that does not answer: the request is given up after its attempts', async (t) => {
  const node = await startNode(t, (request) => request.requestLine.includes('/0') ? new Promise(() => undefined) : OK);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url,
    connections: 2,
    responseTimeoutMs: 100,
    attempts: 2,
  });
  for (let i = 0; i < 4; i++) dispatcher.submit(get(i), ENVELOPE);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.delivered'), 3, nonZero(ledger));
  assert.equal(ledger.get('forward.response_timeout'), 1);
});

test('a response that never ends is not waited for longer than another', async (t) => {
  const node = await startNode(t, (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const trickle = setInterval(() => socket.write('1\r\nx\r\n'), 10);
    socket.on('close', () => clearInterval(trickle));
    return null;
  });
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, responseTimeoutMs: 150, attempts: 1 });
  dispatcher.submit(get(1), ENVELOPE);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.response_timeout'), 1, nonZero(ledger));
});

test('an answer that is no HTTP is given up after its attempts', async (t) => {
  const node = await startNode(t, () => 'SSH-2.0-OpenSSH_9.6\r\n');
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, attempts: 2 });
  dispatcher.submit(get(1), ENVELOPE);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.bad_response'), 1, nonZero(ledger));
});

for (const status of [502, 503, 504]) {
  test(`the load balancer's own ${status} is retried; while no node answers it is not the request's fault`, async (t) => {
    let remaining = 6;
    const node = await startNode(t, () => remaining-- > 0
      ? `HTTP/1.1 ${status} Down\r\nServer: awselb/2.0\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\nDown` : OK);
    const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, connections: 1, pipelining: 2 });
    for (let i = 0; i < 3; i++) dispatcher.submit(get(i), ENVELOPE);
    assert.equal(await dispatcher.drain(15_000), 0);
    assert.equal(ledger.get('forward.delivered'), 3, nonZero(ledger));
    assert.equal(ledger.get('forward.retried'), 6);
  });
}

test('while the load balancer has no node to ask it is asked one request at a time, on a new connection where it closes the last one', async (t) => {
  let remaining = 3;
  let asked = 0;
  let mostAsked = 0;
  const node = await startNode(t, async () => {
    mostAsked = Math.max(mostAsked, ++asked);
    await new Promise((resolve) => setTimeout(resolve, 5));
    asked--;
    if (remaining === 0) return OK;
    remaining--;
    return 'HTTP/1.1 503 Down\r\nServer: awselb/2.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
  });
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  // A GET with a body never shares a connection: it waits in a line of its own, which is asked too where nothing else
  // waits.
  dispatcher.submit(buildRequest('GET /alone HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab'), ENVELOPE);
  await until('it is asked in vain', () => ledger.get('forward.retried') >= 2);
  for (let i = 0; i < 20; i++) dispatcher.submit(get(i), ENVELOPE);
  await until('nothing is asked in vain', () => remaining === 0);
  assert.equal(mostAsked, 1);
  assert.equal(await dispatcher.drain(15_000), 0);
  assert.deepEqual([ledger.get('forward.delivered'), ledger.get('forward.retried')], [21, 3], nonZero(ledger));
});

test('a request that alone makes the load balancer answer 502 is dropped after its attempts', async (t) => {
  const node = await startNode(t, (request) => request.requestLine.includes('/killer')
    ? 'HTTP/1.1 502 Bad Gateway\r\nServer: awselb/2.0\r\nContent-Length: 0\r\n\r\n' : OK);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, connections: 1 });
  dispatcher.submit(buildRequest('GET /killer HTTP/1.1\r\nHost: a\r\n\r\n'), ENVELOPE);
  let number = 0;
  const load = setInterval(() => dispatcher.submit(get(number++), ENVELOPE), 20);
  t.after(() => clearInterval(load));
  await until('it is dropped', () => ledger.get('forward.unavailable') === 1);
  clearInterval(load);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.delivered'), number, nonZero(ledger));
  // A try at a time when nothing else was answered either does not count.
  assert.ok(node.received.filter((one) => one.requestLine.includes('/killer')).length >= 3);
});

test('408, said when a request was on its way, is the end of a connection and no delivery', async (t) => {
  const seen = new Set<string>();
  const node = await startNode(t, ({ requestLine }, socket) => {
    if (seen.has(requestLine)) return OK;
    seen.add(requestLine);
    socket.end('HTTP/1.1 408 Request Timeout\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    return null;
  });
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  for (let i = 0; i < 20; i++) dispatcher.submit(get(i), ENVELOPE);
  assert.equal(await dispatcher.drain(15_000), 0);
  assert.deepEqual([ledger.get('forward.delivered'), ledger.get('forward.answered_4xx')], [20, 0], nonZero(ledger));
});

test('408 each time is counted as such', async (t) => {
  const node = await startNode(t, () => 'HTTP/1.1 408 Request Timeout\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  dispatcher.submit(get(1), ENVELOPE);
  assert.equal(await dispatcher.drain(15_000), 0);
  assert.deepEqual([ledger.get('forward.refused.408'), node.received.length], [1, 3], nonZero(ledger));
});

for (const killers of [2, 30]) {
  test(`${killers} requests that make the load balancer answer 502 keep nobody else's waiting`, async (t) => {
    const node = await startNode(t, (request) => request.requestLine.includes('/killer')
      ? 'HTTP/1.1 502 Bad Gateway\r\nServer: awselb/2.0\r\nContent-Length: 0\r\n\r\n' : OK);
    const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, connections: 1, deadlineMs: 600_000 });
    for (let i = 0; i < killers; i++) {
      dispatcher.submit(buildRequest(`GET /killer${i} HTTP/1.1\r\nHost: a\r\n\r\n`), { ...ENVELOPE, clientAddress: '203.0.113.66' });
    }
    await until('all of them failed', () => ledger.get('forward.retried') >= killers);
    let number = 0;
    while (number < 100) dispatcher.submit(get(number++), ENVELOPE);
    await until('the others are delivered', () => ledger.get('forward.delivered') === 100);
    const load = setInterval(() => dispatcher.submit(get(number++), ENVELOPE), 20);
    t.after(() => clearInterval(load));
    await until('each is dropped after its attempts', () => ledger.get('forward.unavailable') === killers);
    clearInterval(load);
    assert.equal(await dispatcher.drain(10_000), 0);
    assert.equal(ledger.get('forward.delivered'), number, nonZero(ledger));
  });
}

test('a node\'s own 503 is a delivery', async (t) => {
  const node = await startNode(t, () => 'HTTP/1.1 503 Busy\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n');
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  dispatcher.submit(get(1), ENVELOPE);
  await dispatcher.drain(5_000);
  assert.equal(ledger.get('forward.delivered'), 1, nonZero(ledger));
  assert.equal(ledger.get('forward.server_error'), 1);
});

for (const [status, counter] of [
  [400, 'forward.refused.400'], [405, 'forward.refused.405'], [413, 'forward.refused.413'], [414, 'forward.refused.414'],
  [431, 'forward.refused.431'], [463, 'forward.refused.463'], [505, 'forward.refused.505'], [403, 'forward.refused.other'],
] as const) {
  test(`refused with ${status}`, async (t) => {
    const node = await startNode(t, () => `HTTP/1.1 ${status} No\r\nServer: awselb/2.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
    dispatcher.submit(get(1), ENVELOPE);
    await dispatcher.drain(5_000);
    assert.equal(ledger.get(counter), 1, nonZero(ledger));
    assert.equal(ledger.get('forward.delivered'), 0);
  });
}

test('a server that closes behind each response still gets every request, and none is blamed', async (t) => {
  const node = await startNode(t, (_request, socket) => {
    socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
    return null;
  });
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, attempts: 1 });
  for (let i = 0; i < 50; i++) dispatcher.submit(get(i), ENVELOPE);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.delivered'), 50, nonZero(ledger));
});

test('an HTTP/1.0 response without a length ends with its connection and is a delivery', async (t) => {
  const node = await startNode(t, (_request, socket) => {
    socket.end('HTTP/1.0 200 OK\r\n\r\nas long as it is');
    return null;
  });
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, attempts: 1 });
  for (let i = 0; i < 20; i++) dispatcher.submit(buildRequest(`GET /${i} HTTP/1.0\r\n\r\n`), ENVELOPE);
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.delivered'), 20, nonZero(ledger));
  assert.match(node.received[0]!.head, /\r\nConnection: keep-alive\r\n/);
});

test('a slow node: the queue keeps to its bytes, the oldest go first, and all are counted', async (t) => {
  const node = await startNode(t, () => new Promise((resolve) => setTimeout(() => resolve(OK), 50)));
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url,
    connections: 1,
    pipelining: 1,
    queueBytes: 1 << 20,
  });
  const filler = 'x'.repeat(20_000);
  for (let i = 0; i < 500; i++) {
    dispatcher.submit(buildRequest(`POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: ${filler.length}\r\n\r\n${filler}`), ENVELOPE);
    assert.ok(dispatcher.state().memoryBytes <= 1 << 20);
    if (i === 5) await until('the first answer', () => ledger.get('forward.delivered') > 0);
  }
  assert.ok(ledger.get('forward.queue_full') > 400, nonZero(ledger));
  await until('the newest', () => node.received.some((one) => one.requestLine.includes('/499 ')));
  const numbers = node.received.map((one) => Number(/\/(\d+) /.exec(one.requestLine)![1]));
  assert.ok(!numbers.includes(100), 'an old one was kept for newer ones');
  assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
});

test('a request larger than the queue is counted', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, queueBytes: 1 << 20 });
  const body = 'x'.repeat(2 << 20);
  dispatcher.submit(buildRequest(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`), ENVELOPE);
  assert.equal(ledger.get('forward.too_large'), 1);
});

test('requests that no load balancer takes keep no memory, however many and large they are', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  const body = 'b'.repeat(300_000);
  for (let i = 0; i < 100; i++) {
    dispatcher.submit(buildRequest(`POST / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`), ENVELOPE);
  }
  assert.equal(ledger.get('forward.alb_limit'), 100, nonZero(ledger));
  assert.equal(dispatcher.state().memoryBytes, 0);
});

test('large bodies arrive whole, several on one connection', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, connections: 1, queueBytes: 64 << 20 });
  const bodies = Array.from({ length: 8 }, (_, i) => String.fromCharCode(97 + i).repeat(1_000_000 + i));
  for (const body of bodies) {
    dispatcher.submit(buildRequest(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`), ENVELOPE);
  }
  assert.equal(await dispatcher.drain(20_000), 0);
  assert.equal(ledger.get('forward.delivered'), 8, nonZero(ledger));
  assert.deepEqual(node.received.map((one) => one.body), bodies);
});

test('a refusal before the body has been read does not disturb the requests behind it', async (t) => {
  // Answers as soon as the head is there, and reads slowly: the answer overtakes the body.
  const node = await startNode(t);
  let refusals = 0;
  const { createServer } = await import('node:net');
  const server = createServer((socket) => {
    let first = true;
    socket.on('error', () => undefined);
    socket.on('data', () => {
      if (!first) return;
      first = false;
      refusals++;
      socket.pause();
      socket.write('HTTP/1.1 413 Too Large\r\nServer: nginx\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      setTimeout(() => socket.destroy(), 50);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: `http://127.0.0.1:${address.port}`, connections: 1, queueBytes: 64 << 20 });
  const body = 'x'.repeat(6_000_000);
  for (let i = 0; i < 3; i++) {
    dispatcher.submit(buildRequest(`POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`), ENVELOPE);
  }
  assert.equal(await dispatcher.drain(10_000), 0);
  assert.equal(ledger.get('forward.refused.413') + ledger.get('forward.connection_lost'), 3, nonZero(ledger));
  assert.ok(refusals >= 3);
  assert.deepEqual(node.received, []);
});

test('addresses that the name no longer has are left, new ones are used', async (t) => {
  const old = await startNode(t);
  let ips = ['127.0.0.1'];
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: `http://node.internal:${old.port}`, resolveIntervalMs: 20 }, async () => ips);
  dispatcher.submit(get(1), ENVELOPE);
  await until('the old address', () => ledger.get('forward.delivered') === 1);
  assert.deepEqual(dispatcher.ownAddresses(), [{ ip: '127.0.0.1', port: old.port }]);
  ips = ['127.0.0.2'];
  await until('the connection to be left', () => old.sockets.size === 0);
  assert.deepEqual(dispatcher.ownAddresses(), [{ ip: '127.0.0.2', port: old.port }]);
  dispatcher.submit(get(2), ENVELOPE);
  await until('a try at the new address', () => /127\.0\.0\.2/.test(dispatcher.state().error ?? ''));
  assert.equal(old.received.length, 1);
  ips = ['127.0.0.2', '127.0.0.1'];
  await until('the address that answers', () => ledger.get('forward.delivered') === 2);
});

test('a name that cannot be resolved is named, and delivery begins when it can', async (t) => {
  const node = await startNode(t);
  let works = false;
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: `http://node.internal:${node.port}` }, async () => {
    if (!works) throw new Error('ENOTFOUND');
    return ['127.0.0.1'];
  });
  dispatcher.submit(get(1), ENVELOPE);
  await until('the sentence', () => dispatcher.state().error === 'node.internal cannot be resolved: ENOTFOUND');
  works = true;
  await until('delivery', () => ledger.get('forward.delivered') === 1);
});

test('a deadline ends what cannot be sent', async (t) => {
  const node = await startNode(t);
  const { port } = node;
  await node.kill();
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: `http://127.0.0.1:${port}`, deadlineMs: 200 });
  for (let i = 0; i < 10; i++) dispatcher.submit(get(i), ENVELOPE);
  await until('the deadline', () => ledger.get('forward.deadline') === 10);
  assert.equal(dispatcher.inFlight(), 0);
});

test('drain stops at its timeout and counts what is left', async (t) => {
  const node = await startNode(t, () => null);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url });
  for (let i = 0; i < 10; i++) dispatcher.submit(get(i), ENVELOPE);
  assert.equal(await dispatcher.drain(100), 10);
  assert.equal(ledger.get('forward.drain_timeout'), 10, nonZero(ledger));
  dispatcher.submit(get(11), ENVELOPE);
  assert.equal(ledger.get('forward.drain_timeout'), 11);
});

test('idle connections are closed by us, and opened again when needed', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, idleTimeoutMs: 50 });
  dispatcher.submit(get(1), ENVELOPE);
  await until('the connection to be closed', () => node.connections === 1 && node.sockets.size === 0);
  dispatcher.submit(get(2), ENVELOPE);
  await until('the second', () => ledger.get('forward.delivered') === 2);
  assert.equal(node.connections, 2);
});

test('interim responses are skipped, chunked ones read to their end, HEAD has no body', async (t) => {
  const node = await startNode(t, (request) => request.requestLine.startsWith('HEAD')
    ? 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'
    : 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
      + '5;x=y\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n');
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, connections: 1 });
  for (let i = 0; i < 30; i++) {
    dispatcher.submit(i % 2 === 0 ? get(i) : buildRequest(`HEAD /${i} HTTP/1.1\r\nHost: a\r\n\r\n`), ENVELOPE);
  }
  assert.equal(await dispatcher.drain(5_000), 0);
  assert.equal(ledger.get('forward.delivered'), 30, nonZero(ledger));
  assert.equal(node.connections, 1);
});
