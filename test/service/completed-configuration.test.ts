import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { parseConfig, type LoadedConfig } from '../../rebuilder/config/load.ts';
import { ConfigError } from '../../rebuilder/config/mistakes.ts';
import { completedConfiguration } from '../../rebuilder/service/completed-configuration.ts';
import { ANY_PORTS, PROGRAM, file } from '../command-line.ts';
import { absent } from '../installed.ts';

const lacking = (sentence: string): ConfigError => new ConfigError('conf.yaml', [{ path: 'forward.endpoint', sentence }]);
const configured = (level: string): LoadedConfig => parseConfig(`log: {level: ${level}}\n`, 'conf.yaml');

/** What is said when each look finds the next of these, and what it ends with. */
async function looks(
  ...found: (LoadedConfig | Error)[]
): Promise<{ said: string[]; loaded: LoadedConfig; left: number }> {
  const said: string[] = [];
  const loaded = await completedConfiguration(
    async () => {
      const next = found.shift();
      assert.ok(next, 'looked once too often');
      if (next instanceof Error) throw next;
      return next;
    },
    (sentence) => said.push(sentence.split('\n').at(-2)!),
    0,
  );
  return { said, loaded, left: found.length };
}

test('a configuration that is complete counts at once', async () => {
  assert.deepEqual(await looks(configured('debug')), { said: [], loaded: configured('debug'), left: 0 });
});

test('what is missing is said once, and again when it is something else', async () => {
  const { said } = await looks(lacking('one'), lacking('one'), lacking('two'), lacking('two'), lacking('one'), configured('info'), configured('info'));
  assert.deepEqual(said.map((sentence) => sentence.split(' ').at(-1)), ['one', 'two', 'one']);
});

test('a file that is being written is not run by half', async () => {
  const [half, whole] = [configured('debug'), configured('warn')];
  const cases: (LoadedConfig | Error)[][] = [
    [lacking('it'), half, whole, whole],
    [lacking('it'), half, lacking('it'), whole, whole],
    [lacking('it'), whole, half, whole, whole],
  ];
  for (const found of cases) assert.deepEqual(await looks(...found), { said: ['- forward.endpoint: it'], loaded: whole, left: 0 });
});

test('another failure than of the file is no reason to wait', async () => {
  await assert.rejects(looks(new TypeError('ours')), TypeError);
});

function waiting(t: TestContext, conf: string): { child: ChildProcess; says: (what: RegExp) => Promise<void> } {
  const child = spawn(process.execPath, [PROGRAM, 'run', '--wait', '-c', conf], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const says = async (what: RegExp): Promise<void> => {
    for (; !what.test(said); assert.equal(child.exitCode, null, said)) await once(child.stderr, 'data');
  };
  return { child, says };
}

test('run --wait: the shipped configuration waits, says so, and starts as soon as the endpoint is there', async (t) => {
  const without = `mode: tcp-capture-v2\ntcp_stream: {from_vxlan: {enabled: true, listen_addr: "127.0.0.1:0"}}\n${ANY_PORTS}log: {pretty: false}\n`;
  const conf = file(t, 'conf.yaml', without);
  const { child, says } = waiting(t, conf);
  await says(/forward\.endpoint: is missing: .*[^]*waiting for the file to be completed; nothing is captured until then\n$/);
  writeFileSync(conf, `${without}forward: {endpoint: "http://127.0.0.1:9"}\n`);
  await says(/delivering to http:\/\/127\.0\.0\.1:9/);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('run --wait: a filter that libpcap cannot read is waited for as any other mistake', async (t) => {
  if (await loadLibpcap() === null && !absent(t, 'libpcap is not installed: apt-get install libpcap0.8')) return;
  const withFilter = (filter: string): string =>
    `tcp_stream: {from_vxlan: {enabled: true, listen_addr: "127.0.0.1:0", filter: "${filter}"}}\n${ANY_PORTS}`
    + 'log: {pretty: false}\nforward: {endpoint: "http://127.0.0.1:9"}\n';
  const conf = file(t, 'conf.yaml', withFilter('tcp prt 80'));
  const { child, says } = waiting(t, conf);
  await says(/'tcp prt 80' is not an expression[^]*waiting for the file to be completed; nothing is captured until then\n$/);
  writeFileSync(conf, withFilter('tcp port 80'));
  await says(/delivering to http:\/\/127\.0\.0\.1:9/);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('run --wait ends at once when it is told to while it waits', async (t) => {
  const child = spawn(process.execPath, [PROGRAM, 'run', '--wait', '-c', file(t, 'conf.yaml', 'no: such key\n')], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const [said] = await once(child.stderr, 'data') as [Buffer];
  assert.match(said.toString(), /conf\.yaml: 1 mistake\n- line 1: no: /);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
