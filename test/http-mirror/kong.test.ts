// Kong cannot be installed from the registries that tests may use. What runs here is Kong's documented rule for its
// configuration file, in real nginx: `nginx_http_X = V` becomes `X V;` in http, `nginx_proxy_X = V` becomes `X V;` in
// the proxy's server block, and `trusted_ips` becomes set_real_ip_from (developer.konghq.com, "Nginx directives"). The
// plugins' phases (rewrite, access) come before nginx's mirror.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { mirrorFiles, startNginx } from './nginx.ts';
import { exampleFile, have } from './program.ts';
import { Client, values } from './stand-ins.ts';
import { contract, lab, mirrors, type Addresses } from './suite.ts';

const settings = (text: string): Map<string, string> => {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const setting = /^(\w+) *= *(.*?) *(?:#.*)?$/.exec(line);
    if (setting) found.set(setting[1]!, setting[2]!);
    else assert.match(line, /^(#.*)?$/, 'a line of kong.conf is a setting or a comment');
  }
  return found;
};

const injected = (all: ReadonlyMap<string, string>, prefix: string): string =>
  [...all].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => `${name.slice(prefix.length)} ${value};`).join('\n');

/**
 * The proxy's part of what Kong generates: the server, its location, and an access phase in which plugins may refuse.
 */
const start = (trusted: string) => async (t: TestContext, at: Addresses): Promise<void> => {
  const files = await mirrorFiles(t, at, (text) => text);
  const kong = settings(exampleFile('http-mirror/kong/kong.conf', [
    ['/etc/kong/mirror-relay.conf', files.relay],
    ['/etc/kong/mirror.conf', files.mirror],
    ['trusted_ips = 10.0.0.0/8 ', `trusted_ips = ${trusted} `],
  ]));
  assert.deepEqual([...kong.keys()].filter((name) => !/^(trusted_ips|nginx_(http|proxy)_\w+)$/.test(name)), []);
  await startNginx(t, files.folder, `
    underscores_in_headers on;
    real_ip_header X-Forwarded-For; real_ip_recursive on; ${(kong.get('trusted_ips') ?? '').split(',').map((cidr) => `set_real_ip_from ${cidr};`).join(' ')}
    ${injected(kong, 'nginx_http_')}
    server {
      listen 127.0.0.1:${at.front};
      ${injected(kong, 'nginx_proxy_')}
      location / {
        if ($http_apikey = wrong) { return 401; }
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $kong_connection;
        proxy_pass http://127.0.0.1:${at.app};
      }
    }
    map $http_upgrade $kong_connection { default upgrade; '' keep-alive; }`, [at.front]);
};

test('kong: examples/http-mirror/kong/kong.conf, injected as Kong documents it', async (t) => {
  if (!have(t, 'nginx', 'apt-get install nginx')) return;

  await mirrors(t, { start: start('10.0.0.0/8') }, (copy) => {
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-server-addr'), ['127.0.0.1']);
  });

  await contract(t, { start: start('10.0.0.0/8') });

  await t.test('a request that a plugin refuses has no copy', async (t) => {
    const { front, detection } = await lab(t, { start: start('10.0.0.0/8') });
    const client = new Client(front);
    t.after(() => client.close());
    assert.equal((await client.ask({ path: '/refused', headers: { apikey: 'wrong' } })).status, 401);
    await client.ask({ path: '/let-in' });
    await detection.recorder.waitFor((request) => request.target === '/let-in', 'copy');
    assert.deepEqual(detection.recorder.requests.map((request) => request.target), ['/let-in']);
  });

  await t.test('behind a load balancer of trusted_ips: the address it appended', async (t) => {
    const { front, detection } = await lab(t, { start: start('127.0.0.0/8') });
    const client = new Client(front);
    t.after(() => client.close());
    await client.ask({ path: '/alb', headers: { 'X-Forwarded-For': '6.6.6.6, 203.0.113.9' } });
    assert.deepEqual(values(await detection.recorder.waitFor((request) => request.target === '/alb', 'copy'), 'x-forwarded-for'), ['203.0.113.9']);
  });
});
