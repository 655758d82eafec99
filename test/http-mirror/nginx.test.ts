import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { startNameServer } from './name-server.ts';
import { startSite as start, trustsLoopback } from './nginx.ts';
import { have } from './program.ts';
import { Client, sendRaw, values } from './stand-ins.ts';
import { contract, lab, mirrors, type Addresses } from './suite.ts';

const INSTALL = 'apt-get install nginx';

test('nginx: examples/http-mirror/nginx', async (t) => {
  if (!have(t, 'nginx', INSTALL)) return;

  await mirrors(t, { start: start() }, (copy, client) => {
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-real-ip'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-forwarded-port'), [String(client.localPort)]);
    assert.deepEqual(values(copy, 'x-forwarded-proto'), ['http']);
    assert.deepEqual(values(copy, 'x-scheme'), ['http']);
    assert.deepEqual(values(copy, 'x-server-addr'), ['127.0.0.1']);
    assert.match(values(copy, 'x-request-id').join(), /^[0-9a-f]{32}$/);
    assert.deepEqual(values(copy, 'x-mirror-id'), values(copy, 'x-request-id'));
  });

  await contract(t, { start: start() });

  await t.test('the copy and the application\'s request carry the same id', async (t) => {
    const { front, application, detection } = await lab(t, { start: start() });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/same', headers: { 'X-Request-ID': 'chosen-by-the-client' } });
    const copy = await detection.recorder.waitFor((request) => request.target === '/same', 'copy');
    assert.deepEqual(values(copy, 'x-request-id'), values(application.requests[0]!, 'x-request-id'));
    assert.deepEqual(values(copy, 'x-mirror-original-x-request-id'), ['chosen-by-the-client']);
  });

  await t.test('a request that nginx refuses has no copy (docs/limits.md)', async (t) => {
    const { front, detection } = await lab(t, { start: start((text) => text.replace('    location / {\n        proxy_pass ', '    location = /denied { deny all; }\n    location / {\n        proxy_pass ')) });
    const client = new Client(front);
    t.after(() => client.close());
    assert.equal((await client.ask({ path: '/denied' })).status, 403);
    assert.match(await sendRaw(front, 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n'), /^HTTP\/1.1 400/);
    await client.ask({ path: '/after' });
    await detection.recorder.waitFor((request) => request.target === '/after', 'copy of the request that was let in');
    assert.deepEqual(detection.recorder.requests.map((request) => request.target), ['/after']);
  });

  await t.test('behind a load balancer that is trusted: its word on address and scheme', async (t) => {
    const { front, detection } = await lab(t, { start: start(trustsLoopback) });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/alb', headers: { 'X-Forwarded-For': '6.6.6.6, 203.0.113.9', 'X-Forwarded-Proto': 'https' } });
    const copy = await detection.recorder.waitFor((request) => request.target === '/alb', 'copy');
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['203.0.113.9'], 'the address the load balancer appended, not what came before it');
    assert.deepEqual(values(copy, 'x-scheme'), ['https']);
  });

  await t.test('a connection that the client asks to close is closed, whatever the node does', async (t) => {
    const { front, detection } = await lab(t, { start: start() });
    detection.hold();
    const answer = await sendRaw(front, 'GET /closing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(answer, /^HTTP\/1.1 200/);
    await detection.recorder.waitFor((request) => request.target === '/closing', 'copy');
    assert.equal(detection.answered, 0);
  });

  await t.test('no target hides from the copy: the name of the relay\'s own location is one like any other', async (t) => {
    const { front, detection } = await lab(t, { start: start() });
    const client = new Client(front);
    t.after(() => client.close());
    for (const path of ['/.node?x=/etc/passwd', '/a/../.node?y', '//.node?z']) {
      assert.equal((await client.ask({ path })).status, 200);
      await detection.recorder.waitFor((request) => request.target === path, `copy of ${path}`);
    }
  });

  const byName = (nameServer: number) => async (t: TestContext, at: Addresses): Promise<void> => start((text) => text
    .replace('resolver 169.254.169.253', `resolver 127.0.0.1:${nameServer}`)
    .replace(`$detection_nodes 127.0.0.1:${at.node};`, `$detection_nodes mirror.internal.example:${at.node};`))(t, at);

  await t.test('the endpoint is found by its name', async (t) => {
    const names = await startNameServer(t, 'mirror.internal.example');
    const { front, detection } = await lab(t, { start: byName(names.port) });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/named' });
    await detection.recorder.waitFor((request) => request.target === '/named', 'copy');
    assert.ok(names.asked.includes('mirror.internal.example'));
  });

  await t.test('an endpoint whose name does not exist costs no client anything', async (t) => {
    const names = await startNameServer(t, 'another.example');
    const { front } = await lab(t, { start: byName(names.port) });
    const client = new Client(front);
    t.after(() => client.close());
    for (let i = 0; i < 5; i++) assert.equal((await client.ask({ path: '/unnamed' })).status, 200);
  });

  await t.test('why the relay: a copy sent straight to the node keeps the client\'s connection busy until the node answers', async (t) => {
    const straight = async (t: TestContext, at: Addresses): Promise<void> => start((text) => text
      .replace(/proxy_pass http:\/\/127\.0\.0\.1:\d+\$request_uri;/, `proxy_pass http://127.0.0.1:${at.node}$request_uri;`)
      .replace('proxy_read_timeout    1s', 'proxy_read_timeout    30s'))(t, at);
    const { front, detection } = await lab(t, { start: straight });
    detection.hold();
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/first' });
    let second = false;
    const pending = client.ask({ path: '/second' }).then(() => { second = true; });
    await detection.recorder.waitFor((request) => request.target === '/first', 'copy');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(second, false, 'the second request waits');
    detection.release();
    await pending;
  });

  await t.test('a node that never answers costs a bounded number of copies, and no client notices', async (t) => {
    const { front, detection } = await lab(t, { start: start((text) => text.replace('limit_conn mirror_copies 512', 'limit_conn mirror_copies 4')) });
    detection.hold();
    const client = new Client(front);
    t.after(() => client.close());
    for (let i = 0; i < 20; i++) assert.equal((await client.ask({ path: `/n/${i}` })).status, 200);
    await detection.recorder.waitFor(() => detection.recorder.requests.length >= 4, 'fourth copy');
    assert.equal(detection.recorder.requests.length, 4);
  });
});
