import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { stateUrl } from '../../rebuilder/cli/top.ts';
import { type Status, topScreen } from '../../rebuilder/cli/top-screen.ts';
import { StatusServer } from '../../rebuilder/status/server.ts';
import { ANY_PORTS, PROGRAM, file, folder, rebuilder } from '../command-line.ts';
import { freePort } from '../free-port.ts';
import { installed } from '../installed.ts';
import { listed, StubSource } from '../status/stub-source.ts';

const off = { enabled: false, listen: { host: '127.0.0.1', port: 0 } };

function source(): StubSource {
  const one = new StubSource();
  one.last = Date.now();
  one.values.count('capture.frames', 1000);
  one.values.count('http.requests', 50);
  one.values.count('forward.queue_full', 7);
  one.seen = [{ address: 0x0a000107, vni: 1377, packets: 1000, cutPackets: 2, lastMs: Date.now() }];
  one.list!.merge(Array.from({ length: 60 }, (_, i) => listed(`0-${i}`, { timeMs: i, method: 'GET', target: `/${i}/${'x'.repeat(200)}`, badges: ['cut'] })));
  return one;
}

/** A terminal of 80 by 24 in tmux. */
function terminal(t: TestContext): { tmux: (...args: string[]) => string; shows: (what: RegExp) => Promise<string> } {
  const socket = `${folder(t)}/tmux`;
  const tmux = (...args: string[]): string => spawnSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' }).stdout;
  t.after(() => tmux('kill-server'));
  const shows = async (what: RegExp): Promise<string> => {
    for (const end = Date.now() + 25_000; ;) {
      const screen = tmux('capture-pane', '-p');
      if (what.test(screen)) return screen;
      assert.ok(Date.now() < end, `${what} in ${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  return { tmux, shows };
}

for (const [address, url] of [['9000', 'http://127.0.0.1:9000/status.json'], ['10.0.2.9:9000', 'http://10.0.2.9:9000/status.json'], ['http://a:1/', 'http://a:1/status.json'],
  ['10.0.2.9', 'http://10.0.2.9:9000/status.json'], ['http://[::1]/', 'http://[::1]:9000/status.json'], ['a:80', 'http://a/status.json']] as const) {
  test(`address ${address}`, () => assert.equal(stateUrl(address).href, url));
}

test('piped: one state as text, at most 80 wide, with rates, losses, nodes, sources and the last requests', async (t) => {
  const server = await StatusServer.start(source(), { ...off, enabled: true }, off);
  t.after(() => server.close());
  const { status, stdout, stderr } = await rebuilder(['top', server.metricsAddress!]);
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(stdout.split('\n').filter((line) => line.length > 80), []);
  for (const said of [/^Packets arrive .* 1,000 packets$/m, /^lost {4}7 requests forward\.queue_full/m, /^node {4}answering: http:/m, /^source {2}10\.0\.1\.7, VNI 1377: 1,000 packets, 2 cut/m,
    /GET +shop\.example\/59\//]) assert.match(stdout, said);
});

test('at 40 columns nothing is wider, and sentences are whole', async (t) => {
  const state = source();
  state.node = { ...state.node, condition: 'failing', detail: 'cannot be reached: ECONNREFUSED, and this is told to its end' };
  const server = await StatusServer.start(state, { ...off, enabled: true }, off);
  t.after(() => server.close());
  const shown = (await (await fetch(`http://${server.metricsAddress}/status.json`)).json()) as Status;
  const lines = topScreen(shown, server.metricsAddress!, 40, Infinity, false);
  assert.deepEqual(lines.filter((line) => line.length > 40), []);
  const text = lines.join(' ').replace(/ +/g, ' ');
  for (const said of [shown.verdict.sentence, 'ECONNREFUSED, and this is told to its end', 'source 10.0.1.7, VNI 1377: 1,000 packets, 2 cut, seen']) assert.ok(text.includes(said), `${said} in ${text}`);
});

test('a method of any length leaves room for the target; bytes are told in the unit that fits', async (t) => {
  const state = source();
  state.values.count('tcp.stream_bytes', 1536);
  state.values.count('forward.alb_limit', 1);
  state.list!.merge([listed('0-62', { method: 'CONNECT', target: 'shop.example:443', badges: [] }), listed('0-61', { method: `{"q":"${'A'.repeat(58)}`, timeMs: 100, target: '/next', badges: [] })]);
  const server = await StatusServer.start(state, { ...off, enabled: true }, off);
  t.after(() => server.close());
  const shown = (await (await fetch(`http://${server.metricsAddress}/status.json`)).json()) as Status;
  const lines = topScreen(shown, server.metricsAddress!, 80, Infinity, false);
  assert.ok(lines.some((line) => /^\S+ \{"q":"AAA\.\.\. {5}shop\.example\/next$/.test(line)), lines.join('\n'));
  assert.ok(lines.some((line) => /CONNECT +shop\.example shop\.example:443$/.test(line)), 'a target that is no path stands apart');
  assert.ok(lines.some((line) => /^ +1 request forward\.alb_limit|^lost +1 request forward\.alb_limit/.test(line)), lines.join('\n'));
  assert.ok(lines.some((line) => /^TCP streams .* 1\.5 KiB$/.test(line)), lines.join('\n'));
});

test('an address where nobody is, and one that is none', async () => {
  const port = await freePort();
  const away = await rebuilder(['top', String(port)]);
  assert.deepEqual([away.status, away.stdout], [1, '']);
  assert.match(away.stderr, /^rebuilder: 127\.0\.0\.1:\d+: nothing listens there \(ECONNREFUSED\); is a rebuilder running there \(metrics\.listen_address\)\?/);
  assert.match((await rebuilder(['top', 'nowhere.invalid'])).stderr, /^rebuilder: nowhere\.invalid:9000: (?:no such name is known|its name cannot be looked up at present) \(/);
  assert.equal((await rebuilder(['top', 'http://'])).status, 2);
});

test('at 80 by 24 in tmux it fills the screen, follows the state, and leaves the terminal as it was', { timeout: 60_000 }, async (t) => {
  if (!installed(t, 'tmux')) return;
  const state = source();
  const server = await StatusServer.start(state, { ...off, enabled: true }, off);
  t.after(() => server.close());
  const { tmux, shows } = terminal(t);
  tmux('new-session', '-d', '-x', '80', '-y', '24', `echo BEFORE; '${process.execPath}' '${PROGRAM}' top ${server.metricsAddress}; echo AFTER; sleep 30`);
  const screen = await shows(/q or Ctrl-C ends/);
  assert.ok(screen.trimEnd().split('\n').length === 24, screen);
  assert.match(screen, /GET +shop\.example\/59\//);
  state.node = { ...state.node, condition: 'failing', detail: 'cannot be reached: ECONNREFUSED' };
  await shows(/Not delivering: http/);
  tmux('send-keys', 'q');
  assert.match(await shows(/AFTER/), /^BEFORE\n+AFTER/);
});

const RUN = `workers: 0\ntcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}\n${ANY_PORTS}`;

test('run --top: the screen of top, the last line of the log at its foot, and all of the log when it is over', { timeout: 60_000 }, async (t) => {
  if (!installed(t, 'tmux')) return;
  const conf = file(t, 'conf.yaml', `${RUN}input_filters: {bypass: [{path: /health}]}`);
  const { tmux, shows } = terminal(t);
  tmux('new-session', '-d', '-x', '80', '-y', '24', `'${process.execPath}' '${PROGRAM}' run --top -c ${conf} --to http://127.0.0.1:9; echo CODE $?; sleep 30`);
  const screen = await shows(/^rebuilder \S+ at 127\.0\.0\.1:\d+, up /m);
  assert.match(screen, /^Packets arrive /m);
  assert.doesNotMatch(screen, /input_filters\.bypass looks at/, 'the log waits');
  await shows(/\d\d:\d\d:\d\d\S* INFO: delivering to http:\/\/127\.0\.0\.1:9\s*$|cannot be reached/);
  tmux('send-keys', 'q');
  const after = await shows(/CODE 0/);
  for (const line of [/input_filters\.bypass looks at/, /status page on/, /stopping: capture ends/, /ledger/]) assert.match(after.replaceAll('\n', ''), line);
});

test('run --top without a terminal is a mistake', async (t) => {
  const { status, stderr } = await rebuilder(['run', '--top', '-c', file(t, 'conf.yaml', RUN)]);
  assert.deepEqual([status, stderr], [2, 'rebuilder: --top needs a terminal; elsewhere run without it, and see rebuilder top --help\n']);
});
