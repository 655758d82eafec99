import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { loadConfig, parseConfig } from '../../rebuilder/config/load.ts';
import { ConfigError, type Mistake } from '../../rebuilder/config/mistakes.ts';

interface Case {
  why: string;
  file: unknown;
  settings: Record<string, unknown>;
  warnings?: string[];
  ignored?: string[];
}

const CASES = new URL('./cases/', import.meta.url);

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((here, step) => typeof here === 'object' && here !== null ? Reflect.get(here, step) : undefined, value);
}

for (const name of readdirSync(CASES)) {
  const cases = parse(readFileSync(new URL(name, CASES), 'utf8')) as Case[];
  for (const { why, file, settings, warnings = [], ignored = [] } of cases) {
    test(`${name}: ${why}`, () => {
      const loaded = parseConfig(stringify(file), name);
      for (const [path, expected] of Object.entries(settings)) assert.deepEqual(at(loaded.settings, path), expected, path);
      assert.equal(loaded.warnings.length, warnings.length, loaded.warnings.join('\n'));
      for (const words of warnings) assert.ok(loaded.warnings.some((it) => it.includes(words)), `no warning says '${words}'`);
      assert.deepEqual([...loaded.ignored].sort(), [...ignored].sort());
    });
  }
}

function mistakesOf(text: string): readonly Mistake[] {
  try {
    parseConfig(text, 'test.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

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

const SENTENCES: readonly (readonly [why: string, file: string, path: string, words: RegExp])[] = [
  ['an unknown key suggests the nearest of its section', 'log: {levle: info}', 'log.levle', /did you mean 'level'\?/],
  ['an unknown section likewise', 'tcp_steam: {}', 'tcp_steam', /did you mean 'tcp_stream'\?/],
  ['a key of another section is found there', 'queue_bytes: 1MiB', 'queue_bytes', /there is 'forward.queue_bytes'/],
  ['a key of a nested route', 'route_config: {routes: [{host: a, routes: [{rout: /}]}]}', 'route_config.routes[0].routes[0].rout', /did you mean 'route'\?/],
  ['a single interface is named without an index', 'tcp_stream: {from_interface: {snaplen: 1}}', 'tcp_stream.from_interface.snaplen', /snap_len/],
  ['a mode of another product', 'mode: connector-server', 'mode', /tcp-capture-v2/],
  ['a bare number is no duration', 'tcp_stream: {response_timeout: 5}', 'tcp_stream.response_timeout', /5 has no unit: write 5s or 5ms/],
  ['a size with half a unit', 'limits: {memory: 64M}', 'limits.memory', /64MiB/],
  ['a number out of range', 'tcp_stream: {from_vxlan: {vni_filter: [16777216]}}', 'tcp_stream.from_vxlan.vni_filter[0]', /outside 0 to 16777215/],
  ['text for a flag', 'log: {pretty: "yes"}', 'log.pretty', /'yes' is not true or false/],
  ['text for a list', 'proxy_headers: [{real_ip: X-Real-IP}]', 'proxy_headers[0].real_ip', /is not a list/],
  ['a value for a section', 'log: debug', 'log', /not a section of keys/],
  ['a missing key', 'tcp_stream: {ignore_ips: [{subnets: [10.0.0.1]}]}', 'tcp_stream.ignore_ips[0].match_type', /is missing: write one of src/],
  ['a missing list', 'proxy_protocol: [{ports: [80]}]', 'proxy_protocol[0].trusted_networks', /is missing/],
  ['a pattern that is no RE2', 'input_filters: {bypass: [{path: "(?=x)"}]}', 'input_filters.bypass[0].path', /is no RE2 pattern/],
  ['a filter without a condition', 'input_filters: {bypass: [{}]}', 'input_filters.bypass[0]', /would match every request/],
  ['path and url at once', 'input_filters: {bypass: [{path: a, url: a}]}', 'input_filters.bypass[0].url', /keep one/],
  ['https to the nodes', 'forward: {endpoint: "https://alb"}', 'forward.endpoint', /plain HTTP/],
  ['a path in the endpoint', 'forward: {endpoint: "http://alb/x"}', 'forward.endpoint', /host and port only/],
  ['two forms at once', 'mode: tcp-capture-v2\ngoreplay: {filter: "eth0:"}', 'goreplay', /belongs to mode tcp-capture/],
  ['an unknown argument of the older form', 'goreplay: {extra_args: [-input-raw-vlanvid, 4]}', 'goreplay.extra_args[0]', /did you mean -input-raw-vlan-vid\?/],
  ['an argument with a bad number', 'goreplay: {extra_args: [-input-raw-vlan-vid, 4096]}', 'goreplay.extra_args[0]', /0 to 4095/],
  ['a bad filter of the older form', 'goreplay: {filter: eth0}', 'goreplay.filter', /eth0:80/],
  ['a filtering argument has a key here', 'goreplay: {extra_args: [-http-allow-url, /api]}', 'goreplay.extra_args[0]', /input_filters/],
  ['version 1 is named in its own words', 'Version: 1\nLog: {Level: loud}', 'Log.Level', /debug, info/],
  ['version 1: a route in its own words', 'Version: 1\nGoreplayMiddleware: {Middleware: {RouteConfig: {Routes: [{Route: "~("}]}}}',
    'GoreplayMiddleware.Middleware.RouteConfig.Routes[0].Route', /RE2/],
  ['version 1: an unknown key', 'Version: 1\nGoreplayMiddleware: {Goreply: {}}', 'GoreplayMiddleware.Goreply', /did you mean 'Goreplay'\?/],
  ['version 1: switched off', 'Version: 1\nGoreplayMiddleware: {Enabled: false}', 'GoreplayMiddleware.Enabled', /nothing would be captured/],
  ['two rules for the client address', 'http_inspector: {real_ip_header: X-Real-IP}\nproxy_headers: [{trusted_networks: [10.0.0.0/8]}]',
    'http_inspector.real_ip_header', /keep one/],
  ['the same port twice', 'metrics: {listen_address: ":9000"}\nhealth_check: {listen_address: ":9000"}', 'health_check.listen_address', /choose another/],
  ['no YAML at all', 'a: [1\nb: 2', '', /no valid YAML/],
  ['not a map', '- a', '', /not a map of keys/],
];

for (const [why, file, path, words] of SENTENCES) {
  test(`a mistake is one sentence: ${why}`, () => {
    const mistakes = mistakesOf(file);
    assert.ok(mistakes.length > 0, 'no mistake was found');
    assert.equal(mistakes[0]!.path, path);
    assert.match(mistakes[0]!.sentence, words);
    assert.ok(!mistakes[0]!.sentence.includes('\n'));
  });
}

test('a file that is not there is a mistake, not a stack trace', () => {
  assert.throws(() => loadConfig('/no/such/file.yaml'), (error) => error instanceof ConfigError && /cannot be read/.test(error.message));
});

test('mistakes are broken at 80 columns', () => {
  try {
    parseConfig(`log: {level: ${'very '.repeat(30)}}`, 'test.yaml');
    assert.fail('no mistake');
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    for (const line of error.message.split('\n')) assert.ok(line.length <= 80, line);
  }
});

// The documents this project implements are beside the checkout on a developer's machine; their YAML has to load as it is.
const SEEDS = new URL('../../../shared/seeds/', import.meta.url);

test('the documents\' own configurations load', (t) => {
  if (!existsSync(SEEDS)) return t.skip('the documents are not beside this checkout: ../shared/seeds');
  const files = readdirSync(SEEDS).flatMap((name) => readFileSync(new URL(name, SEEDS), 'utf8').match(/^version: \d\n(?:(?:[a-z_]+:|[ #-]).*\n)+/gm) ?? []);
  assert.ok(files.length >= 3, `${files.length} found`);
  for (const file of files) {
    const indented = /^ +/m.test(file) ? file : indent(file);
    const { settings, warnings } = parseConfig(indented, 'seed');
    const { fromVxlan, fromInterface } = settings.tcpStream;
    if (/vxlan/.test(file)) assert.deepEqual([fromVxlan.enabled, fromVxlan.listen.port, fromInterface.length], [true, 4789, 0]);
    else if (/goreplay/.test(file)) assert.equal(fromInterface[0]!.enabled, true);
    if (/goreplay/.test(file)) assert.ok(warnings.some((it) => it.includes('placeholder')));
    if (/^proxy_headers/m.test(file)) assert.deepEqual(settings.proxyHeaders.map((it) => it.realIp), [['X-Forwarded-For'], ['X-Real-IP']]);
  }
});

/** One of the documents lost its indentation: lists belong to the key before them, keys below a section to it. */
function indent(file: string): string {
  let inSection = false;
  let inEntry = false;
  return file.split('\n').map((line) => {
    if (/^(version|mode):/.test(line)) return line;
    if (/^(goreplay|proxy_headers):/.test(line)) {
      inSection = true;
      inEntry = false;
      return line;
    }
    if (/^- trusted_networks/.test(line)) {
      inEntry = true;
      return `  ${line}`;
    }
    if (!inSection || line.startsWith('#')) return line;
    if (/^[a-z_]+:/.test(line)) return `${inEntry ? '    ' : '  '}${line}`;
    return line.startsWith('-') ? `${inEntry ? '      ' : '    '}${line}` : line;
  }).join('\n');
}
