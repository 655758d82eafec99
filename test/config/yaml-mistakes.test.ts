// What is wrong with a file before its keys can be read: the line, and a sentence of ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { ConfigError } from '../../rebuilder/config/mistakes.ts';

const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)].join('\n');

for (const [what, text, says] of [
  ['an alias bomb', bomb, /repeats parts of itself by aliases more than 100 times: write them out/],
  ['an undefined alias', 'version: 4\nforward:\n  endpoint: *nodes\n', /line 3: has the alias \*nodes, but nothing before it is named &nodes/],
  ['an alias within what it names', 'version: 4\nforward: &all\n  endpoint: *all\n', /line 3: has the alias \*all, but stands in what is named &all itself: write the value/],
  ['two documents', 'version: 4\n---\nversion: 4\n', /line 2: begins a second document \(---\)/],
  ['deep brackets', `forward: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`, /nested deeper than 100 levels/],
  ['deep lists', `${'- '.repeat(5000)}x\n`, /nested deeper than 100 levels/],
  ['a tab', 'forward:\n\tendpoint: http://a:1\n', /line 2: is indented with a tab/],
  ['a key twice', 'version: 4\nforward: {}\nversion: 4\n', /line 3: has this key for the second time/],
  ['a key twice, beside others', 'workers: 0\nforward: {endpont: "http://a:1"}\nworkers: 1\nlimits: {x: 1}\n', /: 3 mistakes\n[^]*line 2: forward\.endpont[^]*line 3: has this key for the second time[^]*line 4: limits\.x/],
  ['a key that is a list, beside one that is given twice', 'workers: 0\nworkers: 1\n? [a, b]\n: 1\n', /: 2 mistakes\n[^]*line 2: has this key[^]*line 3: has a list or a section for a key/],
  ['a key that is a section', 'workers: 0\n? {a: b}\n: 1\n', /line 2: has a list or a section for a key/],
  ['a log file without a name', 'log:\n  log_file: ""\n  access_log: {log_file: " "}\n', /: 2 mistakes\n[^]*line 2: log\.log_file: '' is not the name of a file: give stdout,\s+stderr or a path[^]*line 3: log\.access_log\.log_file: ' ' is not the\s+name/],
  ['a key too far right', 'version: 4\n  mode: tcp-capture-v2\n', /line [12]: (holds a key behind another one, or is indented too far|is neither a key)/],
  ['a key too far left', 'forward:\n    endpoint: http://a:1\n  attempts: 3\n', /line \d: is not indented as the lines around it|line \d: is neither a key/],
  ['a bracket that is not closed', 'forward: {endpoint: "http://a:1"\n', /line 1: opens a \{ that is not closed: add the bracket/],
  ['a bracket that is not closed, before other lines', 'workers: 0\nforward: {endpoint: "http://a:1"\nmetrics:\n  enabled: true\n', /line 2: opens a \{ that is not closed/],
  ['an inner bracket that is not closed', 'route_config:\n  a: {b: [1, 2], c: [3\n\nworkers: 0\n', /line 2: opens a \[ that is not closed/],
  ['a quote that is not closed', 'mode: "tcp\nmetrics: {}\n', /line 1: opens a " that is not closed/],
  ['a quote that is not closed, in a section', 'mode: tcp-capture-v2\nlog:\n  log_file: \'a b\n\nmetrics: {}\n', /line 3: opens a ' that is not closed/],
] as const) {
  test(what, () => {
    assert.throws(() => parseConfig(text, 'conf.yaml'), (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      const said = error.message.replace(/\n {2}/g, ' ');
      assert.match(said, /^conf\.yaml: \d mistakes?\n/);
      assert.match(said, says);
      assert.doesNotMatch(said, /please use|YAML\.|resource exhaustion/);
      return true;
    });
  });
}

test('what looks deep and is not: long texts, comments, wide indentation', () => {
  const { settings } = parseConfig(`# ${'-'.repeat(500)}\nforward:\n${' '.repeat(60)}attempts: 5\n`, 'conf.yaml');
  assert.equal(settings.forward.attempts, 5);
});

test('keys that the vendor once published load with a note', () => {
  const { ignored } = parseConfig('drop_on_overload: true\ntcp_stream: {from_geneve: {nested_vxlan: true}}\n', 'conf.yaml');
  assert.deepEqual(ignored, ['tcp_stream.from_geneve.nested_vxlan', 'drop_on_overload']);
});

test('raw_endpoint is written as endpoint is', () => {
  for (const text of ['http://nlb.example:8445', 'http://nlb.example:8445/', 'nlb.example:8445']) {
    assert.equal(parseConfig(`forward: {raw_endpoint: "${text}"}`, 'conf.yaml').settings.forward.rawEndpoint, 'nlb.example:8445');
  }
  assert.throws(() => parseConfig('forward: {raw_endpoint: "https://nlb.example:8445"}', 'conf.yaml'), /of the form\s+host:port/);
});
