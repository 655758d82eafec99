/**
 * `npm run bench:soak -- [--minutes 30] [--rate N]`: the service on one core for long, under a load with lost and
 * reordered packets and a node that restarts. Tells each minute, and at the end: whether the ledger balances, how
 * memory went, and how late requests were.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Command } from 'commander';
import { COUNTER_NAMES, Ledger } from '../rebuilder/ledger.ts';
import { balance } from '../rebuilder/status/balance.ts';
import { contenders } from './contenders.ts';
import { buildLoad, NO_FAULTS } from './load.ts';
import { LOADS } from './loads.ts';
import { monotonicMs } from './monotonic.ts';
import { cpuSeconds, isBound, residentMebibytes } from './process-usage.ts';
import { freeUdpPort } from './running.ts';
import { type RequestObserver, RequestStream } from './request-stream.ts';
import { CLIENT_OCTETS, type SoakShare, SentTimes, Shared } from './soak-share.ts';
import { toldLedger } from './told-ledger.ts';

const options = new Command('soak')
  .description('Runs the service for long, with loss, reordering and restarts of the node')
  .option('--minutes <n>', 'how long', '30')
  .option('--load <name>', `one of ${Object.keys(LOADS).join(', ')}`, 'mix')
  .option('--rate <n>', 'requests a second', '15000')
  .option('--restart-minutes <n>', 'the node goes away this often', '5')
  .parse()
  .opts<{ minutes: string; load: string; rate: string; restartMinutes: string }>();

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const AWAY_MS = 2000;
/** After the node is back, what waited comes late. */
const CATCH_UP_MS = 3000;
const LATE_MS = 2000;
/** Memory in the beginning grows: compilers, connections, buffers. */
const SETTLING_MINUTES = 5;
const FORWARDED = Buffer.from('\r\nX-Forwarded-For: ');

const minutes = Number(options.minutes);
const load = buildLoad({ ...LOADS[options.load]!.options, faults: { ...NO_FAULTS, lost: 0.001, reordered: 0.01 } });
const { count, bytes, byteLength, starts, lengths } = load.packets;
const packetsPerSecond = Number(options.rate) * count / load.lastPacket.length;
const shared = new SharedArrayBuffer(byteLength);
new Uint8Array(shared).set(bytes.subarray(0, byteLength));
const state = {
  sentAt: new SharedArrayBuffer(SentTimes.byteLength(count)),
  numbers: new SharedArrayBuffer(Shared.length * 8),
};
const numbers = new Float64Array(state.numbers);
const sentTimes = new SentTimes(state.sentAt, count);

/** How many requests arrived this late, in steps of 1 ms; the last one counts all beyond. */
const delays = new Float64Array(10_001);
const totals = { requests: 0, foreign: 0, late: 0, maxMs: 0 };
let currentPass = 0;
/** A request of the node's absence, or right after it, may be late. */
let excusedFromMs = Infinity;
let excusedToMs = Infinity;

/** Reads which pass a request is of from its client's address. */
class Observer implements RequestObserver {
  #pass = 0;

  head(head: Buffer, start: number, end: number): void {
    const at = head.indexOf(FORWARDED, start);
    const octet = at < 0 || at > end ? 0 : parseInt(head.toString('latin1', at + FORWARDED.length, at + FORWARDED.length + 3), 10);
    currentPass = numbers[Shared.pass]!;
    this.#pass =
      currentPass
      - ((currentPass - ((octet - CLIENT_OCTETS.first) % CLIENT_OCTETS.count) + CLIENT_OCTETS.count)
        % CLIENT_OCTETS.count);
  }

  request(id: number, _altered: boolean, nowMs: number): void {
    totals.requests++;
    const packet = load.lastPacket[id];
    if (packet === undefined) totals.foreign++;
    // Those that lost bytes arrive too, once they are given up.
    if (packet === undefined || packet < 0 || currentPass - this.#pass > 3 || this.#pass < 0) return;
    const sentMs = sentTimes.of(this.#pass)[packet]!;
    const delayMs = nowMs - sentMs;
    if (sentMs >= excusedFromMs && sentMs <= excusedToMs) return;
    delays[Math.min(Math.max(0, Math.floor(delayMs)), delays.length - 1)]!++;
    if (delayMs > LATE_MS) totals.late++;
    if (delayMs > totals.maxMs) totals.maxMs = delayMs;
  }

  unreadable(): void {
    totals.foreign++;
  }
}

const sockets = new Set<Socket>();
function node(): Server {
  return createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const stream = new RequestStream(new Observer(), false);
    socket.on('data', (data: Buffer) => {
      const complete = stream.push(data);
      if (complete > 0) socket.write(ANSWER.repeat(complete), 'latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
}

const dir = mkdtempSync(join(tmpdir(), 'vpc-mirror-soak-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
execFileSync('taskset', ['-apc', '1', String(process.pid)], { stdio: 'ignore' });

let server = node().listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('no port for the node');
const rebuilder = (await contenders(join(dir, 'contenders'), '')).find(({ name }) => name === 'rebuilder')!;
const port = await freeUdpPort();
const logFile = join(dir, 'service.log');
const log = openSync(logFile, 'w');
const [command = '', ...args] = rebuilder.command(port, address.port);
const service = spawn('taskset', ['-c', rebuilder.cores, command, ...args], { stdio: ['ignore', 'ignore', log] });
while (!isBound(port)) {
  if (service.exitCode !== null) throw new Error(`the service ended: ${readFileSync(logFile, 'utf8')}`);
  await setTimeout(50);
}
const pid = service.pid!;

const workerData: SoakShare = {
  packets: { bytes: shared, starts: starts.slice(0, count), lengths: lengths.slice(0, count) },
  port,
  packetsPerSecond,
  minutes,
  state,
};
const sender = new Worker(new URL('soak-sender.js', import.meta.url), { workerData, execArgv: [] });
let isDone = false;
sender.on('message', () => { isDone = true; });
sender.on('error', (error) => { throw error; });
const begin = performance.now();
const memory: { minute: number; mebibytes: number }[] = [];
let nextReportMs = 60_000;
let nextRestartMs = Number(options.restartMinutes) * 60_000;
let restarts = 0;
console.log(`${options.load}, ${options.rate} requests/s, ${Math.round(packetsPerSecond)} packets/s, 0.1 % of packets lost, 1 % reordered`);
while (!isDone) {
  await setTimeout(1000);
  const elapsed = performance.now() - begin;
  memory.push({ minute: elapsed / 60_000, mebibytes: residentMebibytes(pid) });
  if (elapsed >= nextRestartMs) {
    nextRestartMs += Number(options.restartMinutes) * 60_000;
    restarts++;
    excusedFromMs = monotonicMs() - LATE_MS;
    excusedToMs = Infinity;
    server.close();
    for (const socket of sockets) socket.destroy();
    await setTimeout(AWAY_MS);
    server = node().listen(address.port, '127.0.0.1');
    excusedToMs = monotonicMs() + CATCH_UP_MS;
  }
  if (elapsed >= nextReportMs) {
    nextReportMs += 60_000;
    console.log(`${Math.round(elapsed / 60_000)} min: ${Math.round(totals.requests / elapsed * 1000)} requests/s, ${memory.at(-1)!.mebibytes.toFixed(0)} MiB, `
      + `${(cpuSeconds(pid) / elapsed * 1000 * 100).toFixed(0)} % of a core, latest ${totals.maxMs.toFixed(0)} ms, ${restarts} restarts`);
  }
}
await setTimeout(5000);
service.kill('SIGTERM');
await once(service, 'exit');
closeSync(log);

const said = toldLedger(logFile);
if (said === '') throw new Error('the service did not tell its ledger');
const ledger = new Ledger();
for (const [name, value] of Object.entries(JSON.parse(said) as Record<string, number>)) {
  ledger.values[(COUNTER_NAMES as readonly string[]).indexOf(name)] = value;
}
const sent = numbers[Shared.packetsSent]!;
const received = ledger.get('capture.frames') + ledger.get('capture.kernel_drops');
const settled = memory.filter(({ minute }) => minute >= Math.min(SETTLING_MINUTES, minutes / 2));
const answered = delays.reduce((a, b) => a + b, 0);
console.log(`\npackets sent ${sent}, received or dropped by the kernel ${received}${sent === received ? '' : ': NOT EQUAL'}; dropped ${ledger.get('capture.kernel_drops')}`);
for (const { unit, in: came, out, lost, imbalance } of balance(ledger, { packets: 0, bytes: 0, requests: 0 })) {
  console.log(`${unit}: ${came} in = ${out} out + ${lost} lost${imbalance === 0 ? '' : `, NOT BALANCED by ${imbalance}`}`);
}
console.log(`requests: ${totals.requests} at the node, ${totals.foreign} not ours; delay p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, p99.99 ${quantile(0.9999)} ms, `
  + `latest ${totals.maxMs.toFixed(0)} ms, ${totals.late} beyond ${LATE_MS} ms of ${answered} while the node was there`);
console.log(`memory: ${settled[0]!.mebibytes.toFixed(0)} to ${settled.at(-1)!.mebibytes.toFixed(0)} MiB, slope ${(slope(settled) * 60).toFixed(1)} MiB an hour`);
console.log(said);
process.exit(0);

function quantile(q: number): number {
  let left = answered * q;
  return delays.findIndex((n) => (left -= n) <= 0);
}

/** MiB a minute, by least squares. */
function slope(points: readonly { minute: number; mebibytes: number }[]): number {
  const mean = (of: (point: { minute: number; mebibytes: number }) => number): number =>
    points.reduce((a, p) => a + of(p), 0) / points.length;
  const minute = mean((p) => p.minute);
  const mebibytes = mean((p) => p.mebibytes);
  return (
    points.reduce((a, p) => a + (p.minute - minute) * (p.mebibytes - mebibytes), 0)
    / points.reduce((a, p) => a + (p.minute - minute) ** 2, 0)
  );
}
