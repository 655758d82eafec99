import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { Routes } from '../../rebuilder/rules/routes.ts';
import { freePort } from '../free-port.ts';
import { scratch } from '../http-mirror/program.ts';
import { startNginx } from '../http-mirror/nginx.ts';
import { installed } from '../installed.ts';
import { requestOf } from './request-of.ts';

const FILE = `
route_config:
  wallarm_application: 10
  wallarm_partner_client_uuid: 11111111-1111-1111-1111-111111111111
  routes:
    - host: example.com
      wallarm_application: 1
      routes:
        - {route: /app2, wallarm_application: 2}
        - {route: /app2/deeper, wallarm_application: 3}
    - {host: api.example.com, route: /api, wallarm_application: 100}
    - {host: "*.wild.example", wallarm_application: 4}
    - {route: /testing, wallarm_mode: off}
    - {route: =/exact, wallarm_application: 5}
    - {route: '~/user/[0-9]+/login.*', wallarm_application: 6}
    - {route: '~* \\.PHP$', wallarm_application: 7}
    - {route: ^~ /first, wallarm_application: 8}
    - {route: /user, wallarm_application: 9}
`;
const routes = new Routes(parseConfig(FILE, 'test.yaml').settings.routeConfig);

const CASES: readonly (readonly [why: string, host: string, target: string, application: string | 'off'])[] = [
  ['nothing matches: the file\'s own', 'h', '/', '10'],
  ['the host\'s own entry', 'example.com', '/', '1'],
  ['a route of the host', 'example.com', '/app2/x', '2'],
  ['the longest prefix', 'example.com', '/app2/deeper/x', '3'],
  ['host without case and with a port', 'EXAMPLE.com:8080', '/app2', '2'],
  ['a route of another host', 'api.example.com', '/api/x', '100'],
  ['a host whose routes do not match goes on to those of every host', 'api.example.com', '/exact', '5'],
  ['a host with a wildcard', 'a.wild.example', '/', '4'],
  ['exact', 'h', '/exact', '5'],
  ['exact is no prefix', 'h', '/exact/x', '10'],
  ['a pattern goes before a prefix', 'h', '/user/12/login', '6'],
  ['the prefix, if the pattern does not match', 'h', '/user/x/login', '9'],
  ['a pattern without case', 'h', '/index.php', '7'],
  ['^~ goes before patterns', 'h', '/first/index.php', '8'],
  ['the target\'s own host goes before the Host line', 'h', 'http://example.com/app2', '2'],
  ['off', 'h', '/testing/x', 'off'],
  ['off is not for a path too long to be compared', 'h', `/testing/${'x'.repeat(9000)}`, '10'],
  ['off is not for a path that climbs out of it', 'h', '/testing/../exact', '5'],
  ['off is not for a path that only NGINX reads so', 'h', '/%74esting/x', '10'],
  ['off is not for a path that cannot be normalised', 'h', '/testing/../../x', '10'],
];

for (const target of ['/testing/..;/exact', '/testing/.;x/../exact', '/testing/..\\exact', '/testing/%2e%2e%5cexact', '/testing/%252e%252e/exact', '/testing/.\t./exact']) {
  test(`off is not for a path that servers resolve in different ways: ${JSON.stringify(target)}`, () => {
    assert.equal(routes.route(requestOf(`GET ${target} HTTP/1.1`, ['Host: h'])).off, false);
  });
}

test('off is for a request all of whose hosts are left out', () => {
  const { settings } = parseConfig('route_config: {routes: [{host: "off.example", wallarm_mode: off}, {host: "*.off.example", wallarm_mode: off}]}', 'test.yaml');
  const judge = new Routes(settings.routeConfig);
  const off = (target: string, ...hosts: string[]): boolean =>
    judge.route(requestOf(`GET ${target} HTTP/1.1`, hosts.map((host) => `Host: ${host}`))).off;
  assert.ok(off('/', 'off.example'));
  assert.ok(off('http://off.example/', 'a.off.example'));
  assert.ok(!off('http://off.example/', 'shop.example'));
  assert.ok(!off('http://shop.example/', 'off.example'));
  assert.ok(!off('/', 'off.example', 'shop.example'));
  assert.ok(!off('/', ...Array<string>(20).fill('off.example')), 'nobody names as many');
});

// What NGINX and Apache take for api.example: the first with a real NGINX below.
const SPELT_OTHERWISE = ['api.example.', 'API.example:80', 'api.example:', 'api.example:zz', 'api.example.:80', 'api.example:80:x'];

test('no spelling of a host that is inspected leads to the default, which is off', () => {
  const { settings } = parseConfig('route_config: {wallarm_mode: off, routes: [{host: "api.example", wallarm_mode: monitoring}]}', 'test.yaml');
  const judge = new Routes(settings.routeConfig);
  const off = (target: string, ...lines: string[]): boolean => judge.route(requestOf(`GET ${target} HTTP/1.1`, lines)).off;
  assert.ok(off('/', 'Host: other.example'));
  for (const host of ['api.example', ...SPELT_OTHERWISE]) {
    assert.ok(!off('/', `Host: ${host}`), host);
    assert.ok(!off(`http://${host}/`, 'Host: other.example'), host);
  }
  assert.ok(!off('/', 'Host : api.example'));
  assert.ok(!off('/', 'Host:', ' api.example'), 'folded');
  assert.ok(!off('/', 'Host: other.example', '\x0bHost: api.example'));
  assert.ok(!off('/', ' Host: api.example', 'Host: other.example'));
  assert.ok(!off('/', 'Host: api.example', ' other.example'), 'who passes over folds reads the first line');
  assert.ok(!off('/', 'X-A: 1\rHost: api.example', 'Host: other.example'), 'a bare CR ends a line');
  assert.ok(!off('/', 'X-A: 1\nHost: other.example'), 'a bare LF ends none');
  assert.ok(!off('/', 'Host: api.example\0x'), 'NUL ends a string');
  assert.ok(!off('/', 'Host: api.example\xa0'), 'Python takes NBSP off');
  for (const user of ['u', 'u@v', 'u'.repeat(400)]) {
    assert.ok(!off(`http://${user}@api.example/`, 'Host: other.example'), user);
    assert.ok(off(`http://${user}@other.example/`, 'Host: other.example'), user);
  }
});

test('what a host that is left out is called otherwise is not left out, if some server knows it by that alone', () => {
  const { settings } = parseConfig('route_config: {routes: [{host: "off.example", wallarm_mode: off}]}', 'test.yaml');
  const judge = new Routes(settings.routeConfig);
  const off = (host: string): boolean => judge.route(requestOf('GET / HTTP/1.1', [`Host: ${host}`])).off;
  assert.deepEqual(['off.example', 'off.example:80', 'off.example.', 'off.example:zz'].map(off), [true, true, false, false]);
});

test('those are the hosts that NGINX serves as the one that is inspected', async (t) => {
  if (!installed(t, 'nginx')) return;
  const port = await freePort();
  await startNginx(t, scratch(t), `
    server { listen 127.0.0.1:${port} default_server; return 200 default; }
    server { listen 127.0.0.1:${port}; server_name api.example; return 200 api; }`, [port]);
  for (const host of [...SPELT_OTHERWISE, 'other.example']) {
    const asked = request({ port, headers: { Host: host } }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    assert.equal(await text(response), host === 'other.example' ? 'default' : 'api', host);
  }
});

for (const [why, host, target, application] of CASES) {
  test(`${why}: ${host} ${target}`, () => {
    const { off, extra } = routes.route(requestOf(`GET ${target} HTTP/1.1`, [`Host: ${host}`]));
    assert.equal(off, application === 'off');
    if (off || target.includes('esting')) return;
    assert.deepEqual(extra, [['X-Mirror-Application', application], ['X-Mirror-Partner', '11111111-1111-1111-1111-111111111111']]);
  });
}

test('without routes nothing needs to be asked', () => {
  assert.ok(new Routes(parseConfig('', 'test.yaml').settings.routeConfig).isTrivial);
  assert.ok(!routes.isTrivial);
});
