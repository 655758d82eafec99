import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig, parseConfig } from '../../rebuilder/config/load.ts';
import { ConfigError } from '../../rebuilder/config/mistakes.ts';
import { indent, seedConfigurations } from './seed-configurations.ts';
import { mistakeCases, mistakesOf } from './settings-cases.ts';

test('a file with five mistakes names all five, each with its path and line', () => {
  const mistakes = mistakesOf([
    'mode: tcp-capture-v3',
    'tcp_stream:',
    '  from_vxlan: {listen_adr: 0.0.0.0:4789}',
    '  ignore_ips: [{subnets: [10.0.0.0/99], match_type: src}]',
    'forward:',
    '  connect_timeout: 5',
    'limits:',
    '  gap_bytes: 1GiB',
    '',
  ].join('\n'));
  assert.deepEqual(mistakes.map((it) => [it.path, it.line]), [
    ['mode', 1],
    ['tcp_stream.from_vxlan.listen_adr', 3],
    ['tcp_stream.ignore_ips[0].subnets[0]', 4],
    ['forward.connect_timeout', 6],
    ['limits.gap_bytes', 8],
  ]);
});

mistakeCases([
  ['an unknown key suggests the nearest of its section', 'log: {levle: info}', 'log.levle', /did you mean 'level'\?/],
  ['an unknown section likewise', 'tcp_steam: {}', 'tcp_steam', /did you mean 'tcp_stream'\?/],
  ['a key of another section is found there', 'queue_bytes: 1MiB', 'queue_bytes', /there is 'forward.queue_bytes'/],
  ['a key of a nested route', 'route_config: {routes: [{host: a, routes: [{rout: /}]}]}', 'route_config.routes[0].routes[0].rout', /did you mean 'route'\?/],
  ['a single interface is named without an index', 'tcp_stream: {from_interface: {snaplen: 1}}', 'tcp_stream.from_interface.snaplen', /snap_len/],
  ['no YAML at all', 'a: [1\nb: 2', '', /opens a \[ that is not closed/],
  ['not a map', '- a', '', /not a map of keys/],
]);

test('a file that is not there is a mistake, not a stack trace', () => {
  assert.throws(() => loadConfig('/no/such/file.yaml'), (error) => error instanceof ConfigError && /cannot be read/.test(error.message));
});

test('the documents\' own configurations load', (t) => {
  const files = seedConfigurations();
  if (files.length === 0) return t.skip('the documents are not beside this checkout: ../shared/seeds');
  assert.ok(files.length >= 3, `${files.length} found`);
  for (const file of files) {
    const { settings, warnings } = parseConfig(indent(file), 'seed');
    const { fromVxlan, fromInterface } = settings.tcpStream;
    if (/vxlan/.test(file)) assert.deepEqual([fromVxlan.enabled, fromVxlan.listen.port, fromInterface.length], [true, 4789, 0]);
    else if (/goreplay/.test(file)) assert.equal(fromInterface[0]!.enabled, true);
    if (/goreplay/.test(file)) assert.ok(warnings.some((it) => it.includes('placeholder')));
    if (/^proxy_headers/m.test(file)) assert.deepEqual(settings.proxyHeaders.map((it) => it.realIp), [['X-Forwarded-For'], ['X-Real-IP']]);
  }
});
