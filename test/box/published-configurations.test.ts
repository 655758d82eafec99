// Each configuration that the documents and the vendor's pages publish starts as a service, in a namespace that has the
// interfaces they name.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parse, stringify } from 'yaml';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { indent, seedConfigurations } from '../config/seed-configurations.ts';
import { RunningService, folder, ledgerOf } from '../command-line.ts';
import { absent, installed } from '../installed.ts';
import { Namespace, leftovers } from './namespaces.ts';

const CASES = new URL('../config/cases/', import.meta.url);

interface Published { readonly why: string; readonly file: Record<string, unknown> }

/** The files of test/config/cases, and those of the documents beside the checkout where they are. */
function published(): Published[] {
  const cases = readdirSync(CASES).flatMap((name) => (parse(readFileSync(new URL(name, CASES), 'utf8')) as Published[])
    .map(({ why, file }) => ({ why: `${name}: ${why}`, file })));
  return [...cases, ...seedConfigurations().map((text, i) => ({ why: `document ${i + 1}`, file: parse(indent(text)) as Record<string, unknown> }))];
}

/** What belongs to the machine the page was written for, replaced. */
function here(file: Record<string, unknown>, dir: string): string {
  const { forward = {} } = file;
  return stringify({
    ...file, workers: 0, log: {}, exchanges: { file: join(dir, 'x.jsonl') }, forward: { ...forward as object, endpoint: '', ext_proc: {}, raw_endpoint: '', loop_key_file: '' },
    metrics: { listen_address: '127.0.0.1:0' }, health_check: { listen_address: '127.0.0.1:0' },
  });
}

function namespaceWith(t: TestContext, interfaces: readonly string[]): Namespace {
  const namespace = new Namespace('published');
  t.after(() => {
    namespace.remove();
    assert.deepEqual(leftovers(), []);
  });
  for (const [i, name] of interfaces.entries()) {
    if (name === 'lo' || name === 'any') continue;
    namespace.ip('link', 'add', 'name', name, 'type', 'veth', 'peer', 'name', `peer${i}`);
    namespace.ip('link', 'set', name, 'up');
  }
  return namespace;
}

for (const { why, file } of published()) {
  test(why, { timeout: 60_000 }, async (t) => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return void absent(t, 'network namespaces need root on Linux');
    if (!installed(t, 'ip', 'sysctl', 'curl')) return;
    if (await loadLibpcap() === null) return void absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
    const dir = folder(t);
    const text = here(file, dir);
    const { fromInterface, fromVxlan, fromGeneve } = parseConfig(text, why).settings.tcpStream;
    const captured = fromInterface.filter(({ enabled }) => enabled);
    const namespace = namespaceWith(t, [...new Set(captured.map((it) => it.interface))]);
    const service = await RunningService.start(t, text, [], (program, args) => namespace.spawn(program, args));
    const capturing = [...service.said.stderr.matchAll(/capturing: (.*)/g)].map(([, what]) => what!);
    assert.equal(capturing.length, captured.length + (fromVxlan.enabled ? 1 : 0) + (fromGeneve.enabled ? 1 : 0), capturing.join('\n'));
    for (const { interface: name } of captured) assert.ok(capturing.some((what) => what.startsWith(`interface ${name} (`)), capturing.join('\n'));
    assert.equal(await service.stop(), 0, service.said.stderr);
    assert.ok(existsSync(join(dir, 'x.jsonl')));
    assert.equal(ledgerOf(service.said.stderr)['http.requests'] ?? 0, 0);
  });
}
