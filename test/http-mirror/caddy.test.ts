import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import tls from 'node:tls';
import { startSite, trustsLoopback } from './nginx.ts';
import { exampleFile, have, scratch, startProgram } from './program.ts';
import { freePort } from '../free-port.ts';
import { values } from './stand-ins.ts';
import { contract, lab, mirrors, type Addresses } from './suite.ts';

/** Caddy in front of nginx as its Caddyfile says; `site` is the site's address and what else stands in its block. */
const start = (site: (port: number) => string) => async (t: TestContext, at: Addresses): Promise<void> => {
  const folder = scratch(t);
  const hop = await freePort();
  await startSite(trustsLoopback)(t, { ...at, front: hop });
  const text = exampleFile('http-mirror/caddy/Caddyfile', [
    ['https://shop.example {', site(at.front)],
    ['reverse_proxy 127.0.0.1:8081 ', `reverse_proxy 127.0.0.1:${hop} `],
  ]);
  // No certificate may be asked for, nothing may be installed, and no fixed port be taken on the machine that runs this
  // test.
  writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tstorage file_system ${folder}/storage\n}\n${text}`);
  await startProgram(t, ['caddy', 'run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], [at.front],
    { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder });
};

/** Caddy listens before it has made its certificate, and ends handshakes with an alert until then. */
async function certificate(port: number): Promise<void> {
  for (const deadline = Date.now() + 30_000; ;) {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'shop.example', rejectUnauthorized: false });
    try {
      await once(socket, 'secureConnect');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(20);
    } finally {
      socket.destroy();
    }
  }
}

const plain = (port: number): string => `http://:${port} {`;

test('caddy: examples/http-mirror/caddy/Caddyfile, before nginx', async (t) => {
  if (!have(t, 'caddy', 'apt-get install caddy') || !have(t, 'nginx', 'apt-get install nginx')) return;

  await mirrors(t, { start: start(plain) }, (copy) => {
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-scheme'), ['http']);
    assert.deepEqual(values(copy, 'x-mirror-id'), values(copy, 'x-request-id'));
  });

  await contract(t, { start: start(plain) }, { behindHop: true, replacesForwardedFor: true });

  await t.test('a client over TLS: the copy is plain, and says so', async (t) => {
    const { front, detection } = await lab(t, { start: start((port) => `https://shop.example:${port} {\n\ttls internal`) });
    await certificate(front);
    const request = https.request({
      host: '127.0.0.1', port: front, path: '/secret?x=1', servername: 'shop.example', headers: { Host: 'shop.example' },
      localAddress: '127.0.0.77', rejectUnauthorized: false, timeout: 20_000,
    });
    request.once('timeout', () => request.destroy(new Error('no response in 20 s')));
    request.end();
    const [response] = await once(request, 'response') as [NodeJS.ReadableStream & { statusCode?: number }];
    response.resume();
    assert.equal(response.statusCode, 200);
    const copy = await detection.recorder.waitFor((recorded) => recorded.target === '/secret?x=1', 'copy');
    assert.deepEqual(values(copy, 'x-scheme'), ['https']);
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['127.0.0.77']);
  });
});
