import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';
import test from 'node:test';
import { have } from '../http-mirror/program.ts';
import { Client, sendRaw } from '../http-mirror/stand-ins.ts';
import { startWholeNode } from './node.ts';

/** Sends a head and half of its body, and tells whether the node answers before it gets the rest. */
const answersEarly = async (port: number): Promise<boolean> => {
  const socket = net.connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => { received += chunk.toString('latin1'); });
  socket.setTimeout(20_000, () => socket.destroy(new Error('the node said nothing for 20 s')));
  const closed = once(socket, 'close');
  socket.write('POST /login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 20\r\n\r\nuser=admin');
  // A node that needs the body has nothing to say for as long as we like; one that does not need it answers at once.
  await Promise.race([once(socket, 'data'), new Promise((resolve) => setTimeout(resolve, 500))]);
  const early = received !== '';
  // No half-close: NGINX takes it for a client that went away.
  socket.write('&pass=%27x');
  await closed;
  assert.match(received, /^HTTP\/1.1 20[04] /);
  return early;
};

test('examples/wallarm-node/node.conf in real nginx', async (t) => {
  if (!have(t, 'nginx', 'apt-get install nginx')) return;

  await t.test('every method and a large body are taken, whatever the Host', async (t) => {
    const { port } = await startWholeNode(t);
    const client = new Client(port);
    t.after(() => client.close());
    for (const method of ['GET', 'PUT', 'DELETE', 'PROPFIND']) assert.equal((await client.ask({ method, path: '/x' })).status, 204);
    assert.equal((await client.ask({ method: 'POST', path: '/large', body: Buffer.alloc(3_000_000, 'x') })).status, 204);
    assert.match(await sendRaw(port, 'GET /a?b HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 204/);
  });

  await t.test('a body is read before the answer', async (t) => {
    const { port } = await startWholeNode(t);
    assert.equal(await answersEarly(port), false);
  });

  await t.test('why not `return 200`: it answers without the body', async (t) => {
    const { port } = await startWholeNode(t, (text) => text.replace(/location \/ \{\n +proxy_pass[^}]*\}/, 'location / { return 200; }'));
    assert.equal(await answersEarly(port), true);
  });

  await t.test('the health check says what the node says of itself, and nothing else answers on that port', async (t) => {
    const { healthPort, readyPort } = await startWholeNode(t);
    const client = new Client(healthPort);
    t.after(() => client.close());
    const health = async (): Promise<number> => (await client.ask({ path: '/-/healthcheck' })).status;
    assert.equal(await health(), 502, 'the node inside is not there');
    let ready = 503;
    const inside = createServer((request, response) => { response.writeHead(request.url === '/ready' ? ready : 404).end(); });
    inside.listen(readyPort, '127.0.0.1');
    await once(inside, 'listening');
    assert.equal(await health(), 503, 'it is starting');
    ready = 200;
    assert.equal(await health(), 200);
    inside.closeAllConnections();
    inside.close();
    await once(inside, 'close');
    assert.equal(await health(), 502, 'it was stopped');
    assert.equal((await client.ask({ path: '/' })).status, 404);
    assert.equal((await client.ask({ path: '/ready' })).status, 404);
  });
});
