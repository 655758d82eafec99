import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { DEMO_VNI, receivedLine, startDemo, type StartRebuilder } from '../../rebuilder/demo/demo.ts';
import { DemoPortError } from '../../rebuilder/demo/demo-port.ts';

const ANY_PORTS = { app: { port: 0, flag: null }, status: { port: 0, flag: null } };

/** Hears VXLAN in place of the rebuilder; what it was started with and stopped. */
function listener(): { start: StartRebuilder; datagrams: Buffer[]; endpoints: string[]; stopped: number } {
  const state = {
    datagrams: [] as Buffer[], endpoints: [] as string[], stopped: 0,
    start: (async ({ endpoint }) => {
      state.endpoints.push(endpoint);
      const udp = createSocket('udp4').bind(0, '127.0.0.1');
      await once(udp, 'listening');
      udp.on('message', (datagram) => state.datagrams.push(datagram));
      return {
        vxlanPort: udp.address().port,
        statusAddress: '127.0.0.1:9000',
        stop: async () => {
          state.stopped++;
          udp.close();
        },
      };
    }) satisfies StartRebuilder,
  };
  return state;
}

test('the copy of a real request reaches the rebuilder, and the printed commands name what is really there', { timeout: 60_000 }, async (t) => {
  const rebuilder = listener();
  let printed = '';
  const demo = await startDemo(rebuilder.start, ANY_PORTS, (text) => { printed += text; });
  t.after(() => demo.stop());
  assert.ok(printed.split('\n').every((line) => line.length <= 80), 'fits 80 columns');
  const curl = [...printed.matchAll(/^ {2}curl .*?(http:\S+)/gm)].map((match) => match[1]!);
  assert.ok(curl.some((url) => url.endsWith('/etc/passwd')));
  for (const url of curl) assert.ok((await fetch(url)).status < 500, url);
  while (!rebuilder.datagrams.some((datagram) => datagram.includes('GET /etc/passwd HTTP/1.1\r\n'))) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(rebuilder.datagrams[0]!.readUIntBE(4, 3), DEMO_VNI);
  assert.ok(printed.includes(rebuilder.endpoints[0]!));
  await fetch(`${rebuilder.endpoints[0]}/etc/passwd`, { headers: { 'X-Forwarded-For': '10.9.8.7' } });
  assert.equal(demo.received()[0]!.attack, 'path traversal');
  assert.match(printed, /10\.9\.8\.7 .*GET \/etc\/passwd {2}<- path traversal\n$/);
});

test('a default port that is taken is replaced by a free one', { timeout: 60_000 }, async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const demo = await startDemo(listener().start, { ...ANY_PORTS, app: { port, flag: null } }, () => undefined);
  t.after(() => demo.stop());
  assert.notEqual(new URL(demo.appUrl).port, String(port));
  assert.equal((await fetch(demo.appUrl)).status, 200);
});

test('ports that were named are not replaced: each that cannot be had is one sentence, and nothing is started', { timeout: 60_000 }, async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const rebuilder = listener();
  const both = startDemo(rebuilder.start, { app: { port, flag: '--port' }, status: { port, flag: '--status-port' } }, () => undefined);
  await assert.rejects(both, (error) => error instanceof DemoPortError && error.message.split('\n').length === 2
    && error.message.startsWith(`--port ${port}: another process listens there`)
    && error.message.includes(`--status-port ${port}: --port asks for it too`));
  assert.deepEqual(rebuilder.endpoints, []);
});

test('stops all of it; a start that fails leaves nothing running', { timeout: 60_000 }, async () => {
  const rebuilder = listener();
  const demo = await startDemo(rebuilder.start, ANY_PORTS, () => undefined);
  await demo.stop();
  await demo.stop();
  assert.equal(rebuilder.stopped, 1);
  await assert.rejects(fetch(demo.appUrl));
  await assert.rejects(fetch(rebuilder.endpoints[0]!));
  let endpoint = '';
  await assert.rejects(startDemo((options) => {
    endpoint = options.endpoint;
    return Promise.reject(new Error('no'));
  }, ANY_PORTS, () => undefined), { message: 'no' });
  await assert.rejects(fetch(endpoint));
});

test('a line is 80 columns at most, and what a stranger wrote cannot move the cursor', () => {
  const line = receivedLine({ id: '', timeMs: 0, method: 'GET', target: `/\u001b[2J${'x'.repeat(500)}`, host: '', clientAddress: '10.0.0.1', attack: 'path traversal', reading: '2' });
  assert.ok(line.length <= 81 && line.endsWith('  (reading 2)  <- path traversal\n') && !line.includes('\u001b'), line);
});
