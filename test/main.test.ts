// The command line as people use it: help that fits, mistakes in one sentence, exit codes, and what each command does
// with real input.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { ExchangeJson } from '../rebuilder/exchange/exchange-json.ts';
import { pcapFile, type CapturedFrame } from './capture-files.ts';
import { ANY_PORTS, PROGRAM, RunningService, file, ledgerOf, rebuilder } from './command-line.ts';
import { tcpFrame } from './frames.ts';
import { freePort } from './free-port.ts';
import { Recorder, values } from './http-mirror/stand-ins.ts';
import { MirroredRequests } from './mirrored-requests.ts';

const COMMANDS = ['run', 'replay', 'check', 'learn-health-checks', 'attack-test', 'top', 'demo'];

let captures = 0;

/** A capture of one-way connections, one for each list of requests. */
function capture(...connections: readonly (readonly string[])[]): Buffer {
  let timeMs = 1_700_000_000_000;
  const first = 41_000 + captures++ * 100;
  return pcapFile(connections.flatMap((requests, i): CapturedFrame[] => {
    let seq = 1000;
    return requests.map((request) => {
      const bytes = tcpFrame(`10.0.1.7:${first + i}`, '10.0.2.9:80', { seq }, request);
      seq += request.length;
      return { bytes, timeMs: timeMs += 10 };
    });
  }));
}

const get = (target: string, ...headers: string[]): string => ['GET ' + target + ' HTTP/1.1', 'Host: shop.example', ...headers, '', ''].join('\r\n');

async function node(t: TestContext, status = 200): Promise<Recorder> {
  const recorder = await new Recorder((_request, response) => {
    response.writeHead(status, { 'Content-Length': 0 });
    response.end();
  }).start();
  t.after(() => recorder.stop());
  return recorder;
}

describe('help', { concurrency: 2 }, () => {
  for (const args of [['--help'], ...COMMANDS.map((name) => [name, '--help']), ['help', 'replay']]) {
    test(args.join(' '), async () => {
      const { status, stdout, stderr } = await rebuilder(args);
      assert.deepEqual([status, stderr], [0, '']);
      assert.deepEqual(stdout.split('\n').filter((line) => line.length > 80), [], 'fits into 80 columns');
      assert.match(stdout, /^Usage: rebuilder /);
    });
  }

  test('the first page names every command, and each example is a command line that is understood', async () => {
    const { stdout } = await rebuilder(['--help']);
    for (const name of COMMANDS) assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
    for (const name of COMMANDS) {
      const { stdout: page } = await rebuilder([name, '--help']);
      const flags = [...page.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
      for (const [, example] of page.matchAll(/^ {2}(?:.*\| )?rebuilder ([^\n>]+)/gm)) {
        assert.equal(example!.split(' ')[0], name);
        for (const flag of example!.match(/--[a-z-]+/g) ?? []) assert.ok(flags.includes(flag), `${example} has ${flag}`);
      }
    }
  });

  test('no command at all shows the help, and is a mistake', async () => {
    const { status, stderr } = await rebuilder([]);
    assert.equal(status, 2);
    assert.match(stderr, /^Usage: rebuilder <command>/);
  });

  test('--version says what package.json says', async () => {
    const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.deepEqual(await rebuilder(['--version']), { status: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('a mistake is one sentence and exit code 2', { concurrency: 2 }, () => {
  for (const [line, sentence] of [
    ['rn', /unknown command 'rn' \(did you mean run\?\); see rebuilder --help$/],
    ['run', /-c <file> is missing; see rebuilder run --help$/],
    ['run -c x y', /too many arguments/],
    ['check --confg x', /unknown option '--confg' \(did you mean --config\?\)/],
    ['check x y', /too many arguments/],
    ['check x -c y', /check takes one file, here are y and x;/],
    ['replay', /missing required argument 'file'/],
    ['replay --format xml x', /Allowed choices are jsonl, http, har; see rebuilder replay --help$/],
    ['replay --to https://node x', /--to: 'https:\/\/node' is not plain HTTP.*write http:\/\/host:port/],
    ['replay --to http://node/path x', /--to: .* holds more than a host and a port/],
    ['replay --to http://node --format har x', /cannot be used with/],
    ['replay /no/such/file', /\/no\/such\/file: cannot be read: there is no such file/],
    ['replay package.json', /package.json: is not a capture file/],
    ['learn-health-checks', /needs either capture files or --live/],
    ['learn-health-checks --live x', /needs either capture files or --live/],
    ['learn-health-checks --live', /--live needs the configuration .* -c <file>/],
    ['learn-health-checks --live --seconds soon', /--seconds: 'soon' is not a number/],
    ['attack-test', /--to <url> is missing/],
    ['attack-test --to shop.example', /--to shop.example: not a URL; .* http:\/\/shop.example/],
    ['demo --port x', /--port: 'x' is not a port: give a number up to 65535/],
    ['demo --status-port=-1', /--status-port: '-1' is not a port/],
    ['demo --ports 1', /unknown option '--ports'/],
  ] as const) {
    test(line, async () => {
      const { status, stdout, stderr } = await rebuilder(line.split(' '));
      const said = stderr.split('\n').filter((text) => text !== '' && text !== '{}');
      assert.deepEqual([status, stdout, said.length], [2, '', 1], stderr);
      assert.match(said[0]!, /^rebuilder: /);
      assert.match(said[0]!, sentence);
    });
  }
});

describe('mistakes of several flags are said together', () => {
  for (const [line, ...sentences] of [
    ['replay --fromat har --to ftp://x x.pcap', /^rebuilder: unknown option '--fromat' \(did you mean --format\?\)/, /^rebuilder: --to: 'ftp:\/\/x' is not plain HTTP/],
    ['replay /no/such/file -c /no/such.yaml --to ftp://x', /^\/no\/such\.yaml: 1 mistake$/, /^- cannot be read: there is no such file$/, /^rebuilder: --to: 'ftp:\/\/x'/],
    ['demo --port 99999 --status-port x', /^rebuilder: --port: '99999' is not a port/, /^rebuilder: --status-port: 'x' is not a port/],
    ['learn-health-checks --live -c /no/such.yaml --seconds soon', /^\/no\/such\.yaml: 1 mistake$/, /^- cannot be read/, /^rebuilder: --seconds: 'soon' is not a number/],
  ] as const) {
    test(line, async () => {
      const { status, stdout, stderr } = await rebuilder(line.split(' '));
      const said = stderr.trimEnd().split('\n');
      assert.deepEqual([status, stdout, said.length], [2, '', sentences.length], stderr);
      for (const [i, sentence] of sentences.entries()) assert.match(said[i]!, sentence);
    });
  }
});

describe('check', () => {
  test('names all five mistakes with their path, and what to write for an unknown key', async (t) => {
    const conf = file(t, 'conf.yaml', `
mode: tcp-capture-v2
tcp_stream:
  from_vxlan: {listen_adr: 0.0.0.0:4789}
  ignore_ips: [{subnets: [10.0.0.0/99], match_type: src}]
forward:
  endpoint: ftp://node
  connect_timeout: 5
log: {level: loud}
`);
    const { status, stdout, stderr } = await rebuilder(['check', '-c', conf]);
    assert.deepEqual([status, stdout], [2, '']);
    assert.deepEqual(await rebuilder(['check', conf]), { status, stdout, stderr });
    const lines = stderr.replace(/\n {2}/g, ' ').trimEnd().split('\n');
    assert.equal(lines[0], `${conf}: 5 mistakes`);
    for (const [i, start] of [
      '- line 4: tcp_stream.from_vxlan.listen_adr: ', '- line 5: tcp_stream.ignore_ips[0].subnets[0]: ', '- line 7: forward.endpoint: ',
      '- line 8: forward.connect_timeout: ', '- line 9: log.level: ',
    ].entries()) assert.ok(lines[i + 1]!.startsWith(start), lines[i + 1]);
    assert.match(lines[1]!, /did you mean 'listen_addr'\?/);
    assert.equal(lines.length, 6);
  });

  test('a file without mistakes: says so, warns, and names what a service would still need', async (t) => {
    const conf = file(t, 'conf.yaml', 'mode: tcp-capture-v2\nhttp_inspector: {workers: auto, real_ip_header: X-Real-IP}\n');
    const { status, stdout, stderr } = await rebuilder(['check', '-c', conf]);
    assert.equal(status, 2, 'run would refuse it');
    assert.match(stdout.replace(/\n {2}/g, ' '), /^\S+: no mistakes\n\S+: before it can run: forward.endpoint is missing: /);
    assert.equal((await rebuilder(['check', conf, '--to', 'http://node:8445'])).status, 0);
    assert.match(stderr, /warning: real_ip_header/);
    assert.deepEqual(`${stdout}${stderr}`.split('\n').filter((line) => line.length > 80), []);
    assert.match(stderr.replace(/\n {2}/g, ' '), /no effect here, these belong to the detection node: http_inspector.workers/);
  });
});

describe('replay', () => {
  const frames = capture([get('/1'), get('/2?a=b')], ['POST /3 HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\n\r\nhello']);
  const targets = (text: string): string[] => text.trimEnd().split('\n').map((line) => (JSON.parse(line) as ExchangeJson).request.target);

  test('prints a line of JSON for each request, and the ledger last', async (t) => {
    const { status, stdout, stderr } = await rebuilder(['replay', file(t, 'x.pcap', frames)]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(targets(stdout).sort(), ['/1', '/2?a=b', '/3']);
    assert.equal(ledgerOf(stderr)['http.exchanges'], 3);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });

  test('reads standard input, several files in their order, and prints the bytes as they were sent', async (t) => {
    const { status, stdout } = await rebuilder(['replay', '--format', 'http', '-', file(t, 'x.pcap', capture([get('/last')]))], frames);
    assert.equal(status, 0);
    assert.ok(stdout.includes(`${get('/1')}\n### `), stdout);
    assert.ok(stdout.includes('Content-Length: 5\r\n\r\nhello\n'));
    assert.equal(stdout.match(/^### /gm)!.length, 4);
    assert.ok(stdout.endsWith(`${get('/last')}\n`));
  });

  test('writes an HTTP Archive', async (t) => {
    const { status, stdout } = await rebuilder(['replay', '--format', 'har', file(t, 'x.pcap', frames)]);
    assert.equal(status, 0);
    const { log } = JSON.parse(stdout) as {
      log: { version: string; entries: { request: { method: string; url: string } }[] };
    };
    assert.equal(log.version, '1.2');
    assert.deepEqual(log.entries.map(({ request }) => request.url).sort(), ['http://shop.example/1', 'http://shop.example/2?a=b', 'http://shop.example/3']);
  });

  for (const format of ['jsonl', 'har'] as const) {
    test(`a capture cut off in the middle: what was read is printed (${format}), then the sentence, exit code 2`, async (t) => {
      const cut = capture([get('/1')], [get('/2')]);
      const { status, stdout, stderr } = await rebuilder(['replay', '--format', format, file(t, 'x.pcap', cut.subarray(0, cut.length - 10))]);
      assert.equal(status, 2);
      assert.match(stderr, /^\{.*"capture.frames":1.*\}\nrebuilder: \S+x.pcap: is cut off in the middle of a record.*the 1 frame before it was read\n$/);
      if (format === 'jsonl') assert.deepEqual(targets(stdout), ['/1']);
      else assert.equal((JSON.parse(stdout) as { log: { entries: unknown[] } }).log.entries.length, 1);
    });
  }

  test('the rules of a configuration apply: filters, redaction, health checks', async (t) => {
    const conf = file(t, 'conf.yaml', `
input_filters: {bypass: [{path: ^/static/}]}
health_checks: [{target: /health, headers: ["Host: {server}", "User-Agent: ELB-HealthChecker/2.0"]}]
forward: {redact: {headers: [Authorization], query: [token]}}
`);
    const health = 'GET /health HTTP/1.1\r\nHost: 10.0.2.9\r\nUser-Agent: ELB-HealthChecker/2.0\r\n\r\n';
    const x = file(t, 'x.pcap', capture([get('/static/a.css'), health, get('/a?token=secret&b=c', 'Authorization: Bearer s')]));
    const { status, stdout, stderr } = await rebuilder(['replay', '-c', conf, x]);
    assert.equal(status, 0);
    const { request } = JSON.parse(stdout) as ExchangeJson;
    assert.equal(request.target, '/a?token=******&b=c');
    assert.deepEqual(request.headers[1], ['Authorization', '********']);
    const ledger = ledgerOf(stderr);
    assert.deepEqual([ledger['rules.filter_bypass'], ledger['rules.health_check'], ledger['rules.redacted'], ledger['http.exchanges']], [1, 1, 2, 1]);
  });

  test('--to delivers, with the headers of the design, and counts', async (t) => {
    const recorder = await node(t, 403);
    const { status, stdout, stderr } = await rebuilder(['replay', file(t, 'x.pcap', frames), '--to', `http://127.0.0.1:${recorder.port}`]);
    assert.deepEqual([status, stdout], [0, ''], stderr);
    assert.deepEqual(recorder.requests.map(({ target }) => target).sort(), ['/1', '/2?a=b', '/3']);
    for (const request of recorder.requests) {
      assert.deepEqual([values(request, 'X-Forwarded-For'), values(request, 'X-SERVER-ADDR')], [['10.0.1.7'], ['10.0.2.9']]);
    }
    assert.equal(recorder.requests.find(({ method }) => method === 'POST')!.body.toString(), 'hello');
    assert.equal(ledgerOf(stderr)['forward.delivered'], 3);
  });

  test('--to where nobody answers: said while it is tried, then how many were not delivered and why, exit code 1', async (t) => {
    const conf = file(t, 'conf.yaml', 'forward: {deadline: 3s, connect_timeout: 100ms}\n');
    const { status, stderr } = await rebuilder(['replay', file(t, 'x.pcap', frames), '-c', conf, '--to', `http://127.0.0.1:${await freePort()}`]);
    assert.equal(status, 1);
    assert.match(stderr, /^http:\/\/127.0.0.1:\d+: .*ECONNREFUSED; tried again for up to 3 s a request\ndelivered 0 of 3 requests to http.*\n\{.*\}\n/);
    assert.match(stderr, /^rebuilder: 3 of 3 requests were not delivered to http:\/\/127.0.0.1:\d+: .+\n$/m);
  });

  test('--to an endpoint that is away: given up after a stated time, not after the deadline of each request', { timeout: 60_000 }, async (t) => {
    const { status, stderr } = await rebuilder(['replay', file(t, 'x.pcap', frames), '--to', `http://127.0.0.1:${await freePort()}`]);
    assert.equal(status, 1);
    assert.match(stderr, /^rebuilder: 3 of 3 requests were not delivered to .*ECONNREFUSED.*; given up after 10 s without an answer$/m);
    assert.equal(ledgerOf(stderr.slice(0, stderr.lastIndexOf('rebuilder:')))['forward.drain_timeout'], 3);
  });

  test('--to an endpoint that takes connections and answers nothing: given up likewise', { timeout: 60_000 }, async (t) => {
    const silent = await new Recorder(() => undefined).start();
    t.after(() => silent.stop());
    const { status, stderr } = await rebuilder(['replay', file(t, 'x.pcap', frames), '--to', `http://127.0.0.1:${silent.port}`]);
    assert.equal(status, 1);
    assert.match(stderr, /^rebuilder: 3 of 3 requests were not delivered to .*: no request was answered yet; given up after 10 s without an answer$/m);
  });

  test('an output that cannot be written is one sentence, and so is a file for the ledger', async (t) => {
    const capture = file(t, 'x.pcap', frames);
    const full = openSync('/dev/full', 'w');
    t.after(() => closeSync(full));
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'replay', capture], { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    assert.deepEqual([status, /^rebuilder: the output cannot be written: ENOSPC/m.test(stderr)], [1, true], stderr);
    const ledger = await rebuilder(['replay', capture, '--ledger', '/dev/null/x']);
    assert.deepEqual([ledger.status, ledger.stderr], [2, 'rebuilder: --ledger: /dev/null/x cannot be written: what it names as its folder is a file\n']);
  });

  test('--ledger makes its folder, and says before anything is read where it cannot', async (t) => {
    const capture = file(t, 'x.pcap', frames);
    const { status, stdout, stderr } = await rebuilder(['replay', capture, '--ledger', '/dev/null/x/y']);
    assert.deepEqual([status, stdout, stderr], [2, '', 'rebuilder: --ledger: /dev/null/x/y cannot be written: what it names as its folder is a file\n']);
    const ledger = join(dirname(capture), 'new', 'folder', 'ledger.json');
    assert.equal((await rebuilder(['replay', capture, '--ledger', ledger])).status, 0);
    assert.equal(ledgerOf(readFileSync(ledger, 'utf8'))['http.exchanges'], 3);
  });

  test('one bad file does not end the others: each is named, and a file without packets is too', async (t) => {
    const empty = file(t, 'empty.pcap', pcapFile([]));
    const zstd = file(t, 'x.pcap.zst', Buffer.from('28b52ffd0458', 'hex'));
    const { status, stdout, stderr } = await rebuilder(['replay', '/no/such/file', empty, zstd, file(t, 'x.pcap', capture([get('/last')]))]);
    assert.equal(status, 2);
    assert.deepEqual(targets(stdout), ['/last']);
    assert.match(stderr, /^\S+empty\.pcap: 0 packets$/m);
    assert.match(stderr, /^rebuilder: \/no\/such\/file: cannot be read: there is no such file$/m);
    assert.match(stderr, /^rebuilder: \S+: is compressed; unpack it first, such as with: zstd -dc FILE \| rebuilder replay -$/m);
  });

  test('--ledger writes it into a file; an HTTP Archive is valid for odd targets and IPv6, with text as text', async (t) => {
    const ledger = file(t, 'ledger.json', '');
    const odd = pcapFile([['OPTIONS *', 'a'], ['CONNECT shop.example:443', 'b c'], ['GET /\xff?a=1', '[::1']].map(([line, host], i): CapturedFrame => ({
      bytes: tcpFrame(`[2001:db8::7]:${42_000 + i}`, '[2001:db8::1]:80', { seq: 1 }, Buffer.from(`${line} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 3\r\n\r\nabc`, 'latin1')),
      timeMs: 1_700_000_000_000 + i,
    })));
    const { stdout, stderr } = await rebuilder(['replay', '--format', 'har', '--ledger', ledger, file(t, 'x.pcap', odd)]);
    assert.equal(stderr, '');
    assert.equal(ledgerOf(readFileSync(ledger, 'utf8'))['http.exchanges'], 3);
    type Entry = { serverIPAddress: string; request: { url: string; postData: { text: string } } };
    for (const { serverIPAddress, request } of (JSON.parse(stdout) as { log: { entries: Entry[] } }).log.entries) {
      assert.equal(serverIPAddress, '2001:db8::1');
      assert.equal(new URL(request.url).protocol, 'http:');
      assert.equal(request.postData.text, 'abc');
    }
  });

  test('a reader that has seen enough is no failure', async (t) => {
    const many = capture(Array.from({ length: 5000 }, (_, i) => get(`/${i}`)));
    const { spawn } = await import('node:child_process');
    const child = spawn('sh', ['-c', '"$@" | head -n 1; echo end', 'sh', process.execPath, 'rebuilder/rebuilder.js', 'replay', file(t, 'x.pcap', many)]);
    let [said, complained] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { complained += chunk.toString(); });
    await once(child, 'close');
    assert.match(said, /^\{.*\}\nend\n$/);
    assert.doesNotMatch(complained, /EPIPE|at /);
  });
});

describe('learn-health-checks', () => {
  const check = 'GET /health HTTP/1.1\r\nHost: 10.0.2.9:80\r\nConnection: close\r\nUser-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n';

  test('from a capture: YAML that, pasted, leaves out just these requests', async (t) => {
    const x = file(t, 'x.pcap', capture([check], [get('/health')], [check], [check.replace('/health', '/health?attack')]));
    const learned = await rebuilder(['learn-health-checks', x]);
    assert.equal(learned.status, 0, learned.stderr);
    assert.match(learned.stdout, /seen 2 times.*from 10\.0\.1\.7/);
    assert.equal(learned.stderr, '4 requests seen, 1 form of health check proposed\n');
    const conf = file(t, 'conf.yaml', learned.stdout);
    assert.equal((await rebuilder(['check', '-c', conf, '--to', 'http://node:8445'])).status, 0);
    const { stderr } = await rebuilder(['replay', x, '-c', conf]);
    assert.deepEqual([ledgerOf(stderr)['rules.health_check'], ledgerOf(stderr)['http.exchanges']], [2, 2]);
    const again = await rebuilder(['learn-health-checks', x, '-c', conf]);
    assert.match(again.stdout, /^health_checks: \[\]$/m, 'what is known is not proposed again');
  });

  test('--live: from the sources of a configuration, until Ctrl-C', async (t) => {
    const conf = file(t, 'conf.yaml', 'tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}\n');
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, ['rebuilder/rebuilder.js', 'learn-health-checks', '--live', '-c', conf]);
    t.after(() => child.kill('SIGKILL'));
    let [said, complained] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { complained += chunk.toString(); });
    while (!/looking at/.test(complained)) await Promise.race([once(child.stderr, 'data'), once(child, 'exit').then(() => assert.fail(complained))]);
    const mirror = new MirroredRequests(t, Number(/vxlan \S+:(\d+)/.exec(complained)![1]));
    for (let i = 0; i < 3; i++) await mirror.connection([check]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0, complained);
    assert.match(said, /target: \/health/);
    assert.match(said, /Host: "?\{server\}:\{port\}/);
  });
});

describe('attack-test', () => {
  test('sends the attack and says where to look', async (t) => {
    const site = await node(t, 404);
    const { status, stdout, stderr } = await rebuilder(['attack-test', '--to', 'http://shop.example', '--via', `127.0.0.1:${site.port}`]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(site.requests[0]!.target, /^\/etc\/passwd\?vpc-mirror-test-/);
    assert.match(stdout.replace(/\n */g, ' '), /answered with 404/);
    assert.deepEqual(stdout.split('\n').filter((line) => line.length > 80), []);
    assert.match(stdout, /^ {2}node {10}\S.*\n {16}\S/m);
  });

  test('a site that does not answer is exit code 1', async () => {
    const { status, stdout } = await rebuilder(['attack-test', '--to', `http://127.0.0.1:${await freePort()}`]);
    assert.equal(status, 1);
    assert.match(stdout, /ECONNREFUSED/);
  });
});

describe('run', () => {
  const vxlan = 'mode: tcp-capture-v2\ntcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}\n';

  test('a configuration that names no destination does not start: exit code 2', async (t) => {
    const conf = file(t, 'conf.yaml', vxlan + ANY_PORTS);
    const { status, stderr } = await rebuilder(['run', '-c', conf]);
    assert.equal(status, 2);
    assert.match(stderr, /1 mistake\n- forward.endpoint: is missing/);
  });

  for (const [what, conf, sentence] of [
    ['UDP', (port: number) => `workers: 0\n${vxlan.replace(':0', `:${port}`)}${ANY_PORTS}`, /cannot listen on UDP .* another process already does/],
    ['UDP, with workers', (port: number) => `workers: 2\n${vxlan.replace(':0', `:${port}`)}${ANY_PORTS}`, /cannot listen on UDP .* another process already does/],
    ['status', (port: number) => `workers: 0\n${vxlan}${ANY_PORTS.replace(':0', `:${port}`)}`, /metrics.listen_address: .* is in use/],
  ] as const) {
    test(`a port in use (${what}) is one sentence and exit code 1`, async (t) => {
      let port: number;
      if (what === 'status') {
        const server = createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        t.after(() => server.close());
        ({ port } = server.address() as AddressInfo);
      } else {
        const { createSocket } = await import('node:dgram');
        const socket = createSocket('udp4').bind(0, '127.0.0.1');
        await once(socket, 'listening');
        t.after(() => socket.close());
        ({ port } = socket.address());
      }
      const { status, stderr } = await rebuilder(['run', '-c', file(t, 'conf.yaml', conf(port)), '--to', 'http://127.0.0.1:9']);
      const lines = stderr.trimEnd().split('\n');
      assert.deepEqual([status, lines.length], [1, 1], stderr);
      assert.match(lines[0]!, sentence);
    });
  }

  test('a second signal ends it at once: how much was left, and exit code 1', async (t) => {
    const silent = await new Recorder(() => undefined).start();
    t.after(() => silent.stop());
    const service = await RunningService.start(t, `workers: 0\n${vxlan}${ANY_PORTS}forward: {drain_timeout: 60s}`,
      ['--to', `http://127.0.0.1:${silent.port}`]);
    await new MirroredRequests(t, service.port('vxlan')).connection([get('/waits')]);
    await service.reaches('forward.submitted', 1);
    service.child.kill('SIGTERM');
    await service.says(/stopping: capture ends/);
    assert.equal(await service.stop('SIGTERM'), 1);
    assert.match(service.said.stderr, /WARN: ended at once by a second signal, with 1 request undelivered\n$/);
  });

  test('--wait: a file that cannot be written is waited for too, and said once', { timeout: 60_000 }, async (t) => {
    const conf = file(t, 'conf.yaml', `workers: 0\n${vxlan}${ANY_PORTS}log: {log_file: /dev/null/x}\nexchanges: {file: /dev/full}\n`);
    const child = spawn(process.execPath, [PROGRAM, 'run', '--wait', '-c', conf], { stdio: ['ignore', 'ignore', 'pipe'] });
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    while (!said.includes('waiting for the file to be completed')) await once(child.stderr, 'data');
    writeFileSync(conf, `workers: 0\n${vxlan}${ANY_PORTS}exchanges: {file: /dev/full}\n`);
    while (!said.includes('status page on')) await once(child.stderr, 'data');
    assert.equal(said.match(/log\.log_file: \/dev\/null\/x cannot be written/g)?.length, 1, said);
  });

  for (const workers of [0, 2]) {
    test(`SIGTERM: what was captured is delivered, the ledger balances, exit code 0 (workers: ${workers})`, async (t) => {
      const recorder = await node(t);
      const service = await RunningService.start(t, `workers: ${workers}\n${vxlan}${ANY_PORTS}`, ['--to', `http://127.0.0.1:${recorder.port}`]);
      const mirror = new MirroredRequests(t, service.port('vxlan'));
      for (let i = 0; i < 20; i++) await mirror.connection([get(`/${i}`)], [get(`/${i}/again`)]);
      await service.reaches('http.requests', 40);
      assert.equal(await service.stop(), 0);
      assert.equal(recorder.requests.length, 40);
      const { stderr } = service.said;
      assert.match(stderr, /stopping: capture ends, what is queued is delivered/);
      const ledger = ledgerOf(stderr);
      assert.deepEqual([ledger['http.requests'], ledger['forward.delivered']], [40, 40]);
      assert.equal(ledger['tcp.stream_bytes'], ledger['http.request_bytes']);
    });
  }

  test('a terminal that closes: SIGHUP, twice even, ends it as SIGTERM does', async (t) => {
    const recorder = await node(t);
    const service = await RunningService.start(t, `workers: 0\n${vxlan}${ANY_PORTS}`, ['--to', `http://127.0.0.1:${recorder.port}`]);
    await new MirroredRequests(t, service.port('vxlan')).connection([get('/')]);
    await service.reaches('http.requests', 1);
    service.child.kill('SIGHUP');
    assert.equal(await service.stop('SIGHUP'), 0);
    assert.equal(ledgerOf(service.said.stderr)['forward.delivered'], 1);
  });

  test('requests that are left at the end are a warning with the reason, exit code 1; JSON lines hold fields, words and ISO times', { timeout: 60_000 }, async (t) => {
    const conf = `workers: 0\n${vxlan}${ANY_PORTS}forward: {drain_timeout: 200ms}\nlog: {pretty: false, iso: true}\n`;
    const service = await RunningService.start(t, conf, ['--to', `http://127.0.0.1:${await freePort()}`]);
    const mirror = new MirroredRequests(t, service.port('vxlan'));
    for (let i = 0; i < 3; i++) await mirror.connection([get(`/${i}`)]);
    await service.reaches('forward.connect_failed', 1);
    assert.equal(await service.stop(), 1);
    const lines = service.said.stderr.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { level, time } of lines) assert.ok(/^(info|warn)$/.test(String(level)) && !Number.isNaN(Date.parse(String(time))), `${level} ${time}`);
    const warning = lines.find(({ undelivered }) => undelivered !== undefined);
    assert.deepEqual([warning?.['level'], warning?.['undelivered']], ['warn', 3]);
    assert.match(String(warning?.['msg']), /^3 requests were still undelivered after 0\.2 s \(forward\.drain_timeout\): http:\S+ .*ECONNREFUSED/);
    assert.equal((lines.at(-1)?.['ledger'] as Record<string, number>)['forward.drain_timeout'], 3);
  });

  test('a second signal ends it at once, exit code 1', async (t) => {
    // A node that never answers keeps the drain waiting.
    const silent = await new Recorder(() => undefined).start();
    t.after(() => silent.stop());
    const service = await RunningService.start(t, `workers: 0\n${vxlan}${ANY_PORTS}forward: {drain_timeout: 10m}\n`, ['--to', `http://127.0.0.1:${silent.port}`]);
    await new MirroredRequests(t, service.port('vxlan')).connection([get('/')]);
    await silent.waitFor(() => true, 'request');
    service.child.kill('SIGTERM');
    await service.says(/stopping/);
    assert.equal(await service.stop('SIGINT'), 1);
  });
});
