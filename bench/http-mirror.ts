// What a mirror costs production: `node --import tsx bench/http-mirror.ts`. Each proxy runs with its example's own
// files, one client asks one request after the other on a kept connection, and the detection node is off, answering,
// refusing, or silent for ever.
import test, { type TestContext } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { startSite } from '../test/http-mirror/nginx.ts';
import { exampleFile, scratch, startProgram } from '../test/http-mirror/program.ts';
import { Client } from '../test/http-mirror/stand-ins.ts';
import { lab, type Addresses, type Product } from '../test/http-mirror/suite.ts';

const REQUESTS = 2000;
type Start = Product['start'];

const envoy = (mirrored: boolean): Start => async (t: TestContext, at: Addresses) => {
  const file = join(scratch(t), 'envoy.yaml');
  const text = exampleFile('http-mirror/envoy/envoy.yaml', [
    ['{address: 0.0.0.0, port_value: 80}', `{address: 127.0.0.1, port_value: ${at.front}}`],
    ['{address: 127.0.0.1, port_value: 8080}', `{address: 127.0.0.1, port_value: ${at.app}}`],
    ['{address: mirror.internal.example, port_value: 8445}', `{address: 127.0.0.1, port_value: ${at.node}}`],
  ]);
  const policy = '- cluster: detection_nodes\n';
  const share = `${policy}                                runtime_fraction: {default_value: {numerator: 0, denominator: HUNDRED}}\n`;
  writeFileSync(file, mirrored ? text : text.replace(policy, share));
  await startProgram(t, ['envoy', '-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'], [at.front]);
};

const haproxy = (mirrored: boolean): Start => async (t: TestContext, at: Addresses) => {
  const folder = scratch(t);
  const relay = `abns@mirror_relay_${at.front}`;
  writeFileSync(join(folder, 'mirror.lua'), exampleFile('http-mirror/haproxy/mirror.lua', [['abns@mirror_relay', relay]]));
  const text = exampleFile('http-mirror/haproxy/haproxy.cfg', [
    ['/etc/haproxy/mirror.lua ', `${join(folder, 'mirror.lua')} `], ['bind :80 ', `bind 127.0.0.1:${at.front} `],
    ['127.0.0.1:8080', `127.0.0.1:${at.app}`], ['mirror.internal.example:8445', `127.0.0.1:${at.node}`], ['abns@mirror_relay', relay],
  ]);
  writeFileSync(join(folder, 'haproxy.cfg'), mirrored ? text : text.replace(/^ +filter lua\.mirror.*$/m, ''));
  await startProgram(t, ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')], [at.front]);
};

const nginx = (mirrored: boolean): Start => startSite((text) => mirrored ? text : text.replace('mirror /.mirror;', 'mirror off;'));

const milliseconds = (sorted: Float64Array, share: number): string =>
  sorted[Math.floor(sorted.length * share)]!.toFixed(2);

const measure = async (t: TestContext, start: Start, situation: string): Promise<void> => {
  const { front, detection } = await lab(t, { start }, { withNode: situation !== 'refuses' });
  if (situation === 'silent') detection.hold();
  const client = new Client(front);
  const taken = new Float64Array(REQUESTS);
  for (let i = -200; i < REQUESTS; i++) {
    const began = performance.now();
    await client.ask({ path: '/catalogue?page=2', headers: { Accept: 'text/html' } });
    if (i >= 0) taken[i] = performance.now() - began;
  }
  client.close();
  taken.sort();
  t.diagnostic(`${milliseconds(taken, 0.5)} ms median, ${milliseconds(taken, 0.99)} ms p99, ${milliseconds(taken, 0.9999)} ms worst`);
};

for (const [name, start] of Object.entries({ nginx, envoy, haproxy })) {
  for (const situation of ['off', 'answers', 'refuses', 'silent']) {
    test(`${name}, node ${situation}`, (t) => measure(t, start(situation !== 'off'), situation));
  }
}
