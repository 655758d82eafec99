import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { InterfaceCapture } from '../../rebuilder/capture/interface.ts';
import { InterfaceError } from '../../rebuilder/capture/interface-error.ts';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { translateGoreplay } from '../../rebuilder/config/goreplay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { pcapFile } from '../capture-files.ts';
import { tcpFrame, vlan } from '../frames.ts';
import { absent, installed } from '../installed.ts';

/** Two namespaces and a wire between them: frames are sent at one end and captured at the other. */
class Wire {
  readonly sender: string;
  readonly receiver: string;
  readonly #folder: string;

  constructor(t: TestContext) {
    const id = `${process.pid}${Math.floor(performance.now()) % 1000}`;
    this.sender = `vms${id}`;
    this.receiver = `vmr${id}`;
    this.#folder = mkdtempSync(join(tmpdir(), 'wire-'));
    t.after(() => {
      for (const namespace of [this.sender, this.receiver]) ip('netns', 'del', namespace);
      rmSync(this.#folder, { recursive: true });
    });
    ip('netns', 'add', this.sender);
    ip('netns', 'add', this.receiver);
    this.connect();
  }

  connect(): void {
    ip('-n', this.sender, 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', this.receiver);
    for (const namespace of [this.sender, this.receiver]) ip('-n', namespace, 'link', 'set', 'wire', 'mtu', '9001', 'up');
  }

  run(namespace: string, ...args: string[]): ChildProcess {
    return spawn('ip', ['netns', 'exec', namespace, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  send(frames: readonly Uint8Array[]): void {
    const file = join(this.#folder, 'frames.pcap');
    writeFileSync(file, pcapFile(frames.map((bytes) => ({ bytes }))));
    execFileSync('ip', ['netns', 'exec', this.sender, process.execPath, '--import', 'tsx', 'test/capture/frame-injector.ts', 'wire', file],
      { timeout: 60_000 });
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

interface Told {
  readonly started?: string;
  readonly error?: string;
  readonly notice?: string;
  readonly outcome?: string;
  readonly summary?: string;
  readonly vlan?: number;
  readonly depth?: number;
  readonly captured?: number;
  readonly originalLength?: number;
  readonly timeMs?: number;
  readonly lost?: number;
  readonly stopped?: boolean;
}

class Probe {
  readonly told: Told[] = [];
  readonly #process: ChildProcess;

  constructor(wire: Wire, t: TestContext, ...args: string[]) {
    this.#process = wire.run(wire.receiver, process.execPath, '--import', 'tsx', 'test/capture/interface-probe.ts', ...args);
    t.after(() => this.#process.kill());
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.told.push(JSON.parse(line)));
  }

  /** Waits until the probe has told something that fits. */
  async until(what: string, fits: (told: Told) => boolean): Promise<Told> {
    for (let waited = 0; waited < 400; waited++) {
      const found = this.told.find(fits);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return assert.fail(`${what}: not within 40 s; told: ${JSON.stringify(this.told.slice(-5))}`);
  }

  /** What the captured segments carried, one entry each, with the VLAN id. */
  hellos(): string[] {
    // A host that finds no neighbour for it says so a while later, in ICMPv6 that quotes it.
    return this.told.filter(({ outcome, summary }) => outcome === 'segment' && summary?.includes('hello-'))
      .map(({ summary, vlan }) => `${summary!.split(' ').at(-1)} vlan ${vlan}`).sort();
  }

  async stop(): Promise<Told> {
    this.#process.stdin!.end();
    await once(this.#process, 'exit');
    return this.told.at(-1)!;
  }
}

async function ready(t: TestContext): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return absent(t, 'network namespaces need root on Linux');
  if (!installed(t, 'ip')) return false;
  try {
    ip('netns', 'list');
  } catch {
    return absent(t, 'network namespaces cannot be used here');
  }
  return await loadLibpcap() !== null || absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
}

const hello = (name: string): Uint8Array => tcpFrame('10.77.0.1:40000', '10.77.0.2:8080', {}, `hello-${name}`);
const FRAMES: readonly Uint8Array[] = [
  hello('plain'), vlan(7, hello('vlan')), vlan(100, vlan(8, hello('qinq')), EtherType.serviceVlan), vlan(101, vlan(9, hello('qinq8100'))),
  tcpFrame('[2001:db8::1]:40000', '[2001:db8::2]:8080', {}, 'hello-six'),
  tcpFrame('10.77.0.1:40000', '10.77.0.2:22', {}, 'other'), vlan(7, tcpFrame('10.77.0.1:40000', '10.77.0.2:22', {}, 'other')),
];
const HELLOS = ['hello-plain vlan -1', 'hello-qinq vlan 8', 'hello-qinq8100 vlan 9', 'hello-six vlan -1', 'hello-vlan vlan 7'];

test('plain, VLAN and QinQ frames are captured, and the port form of a filter finds them all', async (t) => {
  if (!await ready(t)) return;
  const wire = new Wire(t);
  const filterOf = (form: string, ...args: string[]): string => translateGoreplay(form, args).interfaces[0]!.filter;
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['no filter', '', HELLOS],
    ['wire:8080', filterOf('wire:8080'), HELLOS],
    ['wire:', filterOf('wire:'), HELLOS],
    ['wire:9090', filterOf('wire:9090'), []],
    ['only VLAN 7', filterOf('wire:8080', '-input-raw-vlan', '-input-raw-vlan-vid', '7'), ['hello-vlan vlan 7']],
    ['as users write it', 'vlan and port 8080', ['hello-vlan vlan 7']],
    // The kernel hands a frame to filters without its outermost tag: as with tcpdump, this finds plain frames and those
    // with one tag.
    ['no word of tags', 'tcp port 8080', ['hello-plain vlan -1', 'hello-six vlan -1', 'hello-vlan vlan 7']],
  ];
  const probes = cases.map(([, filter]) => new Probe(wire, t, 'wire', filter));
  for (const probe of probes) await probe.until('start', ({ started }) => started !== undefined);
  const before = Date.now();
  wire.send(FRAMES);
  await probes[0]!.until('the last frame', () => (
    probes[0]!.told.filter(({ outcome, summary }) => outcome === 'segment' && summary?.endsWith('other')).length >= 2));
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const [i, [name, filter, expected]] of cases.entries()) {
    const probe = probes[i]!;
    if (expected.length > 0) await probe.until(`${name}: ${filter}`, () => probe.hellos().length >= expected.length);
    assert.deepEqual(probe.hellos(), expected, `${name}: ${filter}`);
  }
  const segment = probes[0]!.told.find(({ outcome }) => outcome === 'segment')!;
  assert.ok(segment.timeMs! > before - 5000 && segment.timeMs! < Date.now() + 5000, 'the time is the kernel\'s');
});

test('"any" captures every interface, tagged frames included', async (t) => {
  if (!await ready(t)) return;
  const wire = new Wire(t);
  const probe = new Probe(wire, t, 'any', translateGoreplay(':8080', []).interfaces[0]!.filter);
  await probe.until('start', ({ started }) => started !== undefined);
  wire.send(FRAMES);
  for (const name of ['plain', 'vlan', 'six']) await probe.until(name, ({ summary }) => summary?.endsWith(`hello-${name}`) ?? false);
});

test('a burst is captured whole, each frame once', async (t) => {
  if (!await ready(t)) return;
  const wire = new Wire(t);
  const probe = new Probe(wire, t, 'wire', 'tcp');
  await probe.until('start', ({ started }) => started !== undefined);
  const frames = Array.from({ length: 3000 }, (_, i) => tcpFrame('10.77.0.1:40000', '10.77.0.2:8080', { seq: i }, `hello-${i}-`.padEnd(40 + (i % 8000), 'x')));
  wire.send(frames);
  await probe.until('the last frame', ({ summary }) => summary?.includes(' hello-2999-') ?? false);
  const numbers = probe.told.filter(({ outcome }) => outcome === 'segment').map(({ summary }) => Number(/hello-(\d+)-/.exec(summary!)?.[1]));
  assert.deepEqual(numbers, frames.map((_, i) => i));
  assert.deepEqual(probe.told.filter(({ outcome }) => outcome === 'segment').map(({ captured }) => captured), frames.map(({ length }) => length));
});

test('snap_len cuts, and the cut is known', async (t) => {
  if (!await ready(t)) return;
  const wire = new Wire(t);
  const probe = new Probe(wire, t, 'wire', 'tcp dst port 8080', '60');
  await probe.until('start', ({ started }) => started !== undefined);
  wire.send([hello('cut')]);
  const cut = await probe.until('the frame', ({ captured }) => captured === 60);
  assert.equal(cut.originalLength, hello('cut').length);
});

test('an interface that goes down, or away, is waited for', async (t) => {
  if (!await ready(t)) return;
  const wire = new Wire(t);
  const probe = new Probe(wire, t, 'wire', 'tcp port 8080');
  await probe.until('start', ({ started }) => started !== undefined);

  ip('-n', wire.receiver, 'link', 'set', 'wire', 'down');
  await new Promise((resolve) => setTimeout(resolve, 300));
  ip('-n', wire.receiver, 'link', 'set', 'wire', 'up');
  await new Promise((resolve) => setTimeout(resolve, 300));
  wire.send([hello('down-and-up')]);
  await probe.until('a segment after the interface was down', ({ summary }) => summary?.endsWith('hello-down-and-up') ?? false);

  ip('-n', wire.receiver, 'link', 'del', 'wire');
  await probe.until('the notice', ({ notice }) => /interface wire: .*disappeared; waiting for it to come back/.test(notice ?? ''));
  wire.connect();
  await probe.until('the return', ({ notice }) => notice === 'interface wire: is back');
  wire.send([hello('gone-and-back')]);
  await probe.until('a segment after the interface was gone', ({ summary }) => summary?.endsWith('hello-gone-and-back') ?? false);
  assert.equal((await probe.stop()).lost, 1);
});

test('what cannot be captured is said in a sentence', async (t) => {
  if (!await ready(t)) return;
  const wire = new Wire(t);
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['nowhere', '', /^InterfaceError: interface nowhere: there is no such interface \(there are: .*any\)$/],
    ['wire', 'tcp prot 80', /^InterfaceError: interface wire: filter "tcp prot 80": .+/],
  ];
  for (const [device, filter, expected] of cases) {
    const probe = new Probe(wire, t, device, filter);
    assert.match((await probe.until('the error', ({ error }) => error !== undefined)).error!, expected);
  }
  const unprivileged = wire.run(wire.receiver, 'setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw',
    process.execPath, '--import', 'tsx', 'test/capture/interface-probe.ts', 'wire');
  t.after(() => unprivileged.kill());
  const [told] = await once(unprivileged.stdout!, 'data');
  assert.match(String(told), /interface wire: needs the right to read raw packets: .*setcap cap_net_raw/);
});

test('before and after its life a capture says what it is', async () => {
  const capture = new InterfaceCapture('eth7', { ledger: new Ledger(), filter: 'port 80' });
  assert.equal(capture.describe(), 'interface eth7 (filter "port 80", 65535 bytes of each packet)');
  await assert.rejects(capture.start({ frame() {}, batchEnd() {} }), InterfaceError);
  await capture.stop();
  await capture.done;
});
