import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { startNameServer } from './name-server.ts';
import { exampleFile, have, scratch, startProgram } from './program.ts';
import { Client, sendRaw, values } from './stand-ins.ts';
import { contract, lab, mirrors, type Addresses } from './suite.ts';

interface Change {
  configuration?: (text: string) => string;
  script?: (text: string) => string;
}

const same = (text: string): string => text;

const start = ({ configuration = same, script = same }: Change = {}) => async (
  t: TestContext, at: Addresses,
): Promise<void> => {
  const folder = scratch(t);
  // Abstract sockets are the machine's: one name for each test.
  const relay = `abns@mirror_relay_${at.front}`;
  writeFileSync(join(folder, 'mirror.lua'), script(exampleFile('http-mirror/haproxy/mirror.lua', [['abns@mirror_relay', relay]])));
  writeFileSync(join(folder, 'haproxy.cfg'), configuration(exampleFile('http-mirror/haproxy/haproxy.cfg', [
    ['/etc/haproxy/mirror.lua ', `${join(folder, 'mirror.lua')} `],
    ['bind :80 ', `bind 127.0.0.1:${at.front} `],
    ['127.0.0.1:8080', `127.0.0.1:${at.app}`],
    ['mirror.internal.example:8445', `127.0.0.1:${at.node}`],
    ['abns@mirror_relay', relay],
  ])));
  await startProgram(t, ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')], [at.front]);
};

const trustsLoopback = (text: string): string => text.replaceAll('src 10.0.0.0/8', 'src 127.0.0.0/8');

test('haproxy: examples/http-mirror/haproxy/haproxy.cfg and mirror.lua', async (t) => {
  if (!have(t, 'haproxy', 'apt-get install haproxy')) return;

  await mirrors(t, { start: start() }, (copy, client) => {
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-forwarded-port'), [String(client.localPort)]);
    assert.deepEqual(values(copy, 'x-scheme'), ['http']);
    assert.deepEqual(values(copy, 'x-server-addr'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-mirror-id'), values(copy, 'x-request-id'));
    assert.deepEqual(values(copy, 'x-mirror-complete'), ['true']);
  });

  await contract(t, { start: start() });

  await t.test('the copy and the application\'s request carry the same id', async (t) => {
    const { front, application, detection } = await lab(t, { start: start() });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/same', headers: { 'X-Request-ID': 'chosen-by-the-client' } });
    const copy = await detection.recorder.waitFor((request) => request.target === '/same', 'copy');
    assert.deepEqual(values(copy, 'x-mirror-id'), values(application.requests[0]!, 'x-request-id'));
    assert.notDeepEqual(values(copy, 'x-request-id'), ['chosen-by-the-client']);
    assert.deepEqual(values(application.requests[0]!, 'x-server-addr'), [], 'production\'s request has none of the copy\'s headers');
  });

  await t.test('behind a load balancer that is trusted: its word on address and scheme', async (t) => {
    const { front, detection } = await lab(t, { start: start({ configuration: trustsLoopback }) });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/alb', headers: { 'X-Forwarded-For': '6.6.6.6, 203.0.113.9', 'X-Forwarded-Proto': 'https' } });
    const copy = await detection.recorder.waitFor((request) => request.target === '/alb', 'copy');
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['203.0.113.9']);
    assert.deepEqual(values(copy, 'x-scheme'), ['https']);
  });

  await t.test('names with underscores that nodes could take for others are renamed, and inspected', async (t) => {
    const { front, detection } = await lab(t, { start: start() });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/odd', headers: { 'X_Server-Addr': '6.6.6.6', 'X-Mirror-Loop': 'forged', 'User_Attack': '../../etc/passwd' } });
    const copy = await detection.recorder.waitFor((request) => request.target === '/odd', 'copy');
    assert.deepEqual(values(copy, 'x_server-addr'), []);
    assert.deepEqual(values(copy, 'x-mirror-original-x_server-addr'), ['6.6.6.6']);
    assert.deepEqual(values(copy, 'x-mirror-original-x-mirror-loop'), ['forged']);
    assert.deepEqual(values(copy, 'user_attack'), ['../../etc/passwd']);
  });

  const byName = (nameServer: number) => async (t: TestContext, at: Addresses): Promise<void> => start({
    configuration: (text) => text.replace('169.254.169.253:53', `127.0.0.1:${nameServer}`)
      .replace(`detection_nodes 127.0.0.1:${at.node}`, `detection_nodes mirror.internal.example:${at.node}`),
  })(t, at);

  await t.test('the endpoint is found by its name', async (t) => {
    const names = await startNameServer(t, 'mirror.internal.example');
    const { front, detection } = await lab(t, { start: byName(names.port) });
    const client = new Client(front);
    t.after(() => client.close());
    // The name is looked up in the background: copies before it is known are dropped, requests are not.
    for (let i = 0; i < 100 && detection.recorder.requests.length === 0; i++) {
      assert.equal((await client.ask({ path: '/named' })).status, 200);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.notEqual(detection.recorder.requests.length, 0);
    assert.ok(names.asked.includes('mirror.internal.example'));
  });

  await t.test('an endpoint whose name does not exist costs no client anything', async (t) => {
    const names = await startNameServer(t, 'another.example');
    const { front } = await lab(t, { start: byName(names.port) });
    const client = new Client(front);
    t.after(() => client.close());
    for (let i = 0; i < 5; i++) assert.equal((await client.ask({ path: '/unnamed' })).status, 200);
  });

  await t.test('a body over the limit reaches the application whole; the copy has what fits and says so', async (t) => {
    const { front, application, detection } = await lab(t, {
      start: start({ script: (text) => text.replace('MAX_BODY = 8 * 1024 * 1024', 'MAX_BODY = 100000') }),
    });
    const client = new Client(front);
    t.after(() => client.close());
    const body = Buffer.alloc(1_000_000, 'x');
    assert.equal((await client.ask({ method: 'POST', path: '/over', body })).status, 200);
    assert.equal(application.requests[0]?.body.length, body.length);
    const copy = await detection.recorder.waitFor((request) => request.target === '/over', 'copy');
    assert.equal(copy.body.length, 100_000);
    assert.deepEqual(values(copy, 'x-mirror-complete'), ['false']);
  });

  await t.test('a body that its client never finishes is inspected as far as it came', async (t) => {
    const { front, application, detection } = await lab(t, { start: start() });
    const socket = net.connect(front, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('POST /cut HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 1000\r\n\r\nuser=admin&password=%27');
    // The application's server tells of a request when its head is there; this one waits for the body, so the proxy's
    // word must do.
    await new Promise((resolve) => setTimeout(resolve, 300));
    socket.resetAndDestroy();
    const copy = await detection.recorder.waitFor((request) => request.target === '/cut', 'copy');
    assert.equal(copy.body.toString(), 'user=admin&password=%27');
    assert.deepEqual(values(copy, 'x-mirror-complete'), ['false']);
    assert.deepEqual(application.requests, []);
  });

  await t.test('a mistake in the script costs copies, never a request', async (t) => {
    const { front, detection } = await lab(t, { start: start({ script: (text) => text.replace('local room =', 'error("a mistake") local room =') }) });
    const client = new Client(front);
    t.after(() => client.close());
    assert.equal((await client.ask({ method: 'POST', path: '/lost', body: Buffer.from('x') })).status, 200);
    assert.equal((await client.ask({ path: '/copied' })).status, 200);
    await detection.recorder.waitFor((request) => request.target === '/copied', 'copy');
    assert.deepEqual(detection.recorder.requests.map((request) => request.target), ['/copied']);
  });

  await t.test('a connection that the client asks to close is closed, whatever the node does', async (t) => {
    const { front, detection } = await lab(t, { start: start() });
    detection.hold();
    assert.match(await sendRaw(front, 'GET /closing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 200/);
    await detection.recorder.waitFor((request) => request.target === '/closing', 'copy');
    assert.equal(detection.answered, 0);
  });

  await t.test('a node that never answers costs a bounded number of copies, and no client notices', async (t) => {
    const { front, detection } = await lab(t, { start: start({ script: (text) => text.replace('MAX_COPIES = 256', 'MAX_COPIES = 4'),
      configuration: (text) => text.replace('global\n', 'global\n    nbthread 1\n') }) });
    detection.hold();
    const client = new Client(front);
    t.after(() => client.close());
    for (let i = 0; i < 20; i++) assert.equal((await client.ask({ path: `/n/${i}` })).status, 200);
    await detection.recorder.waitFor(() => detection.recorder.requests.length >= 4, 'fourth copy');
    assert.equal(detection.recorder.requests.length, 4);
  });
});
