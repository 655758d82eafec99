import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Contender } from './contenders.ts';
import type { Load } from './load.ts';
import { RAMP_MS } from './pace.ts';
import { cpuSeconds, isBound, peakMebibytes } from './process-usage.ts';
import { toldLedger } from './told-ledger.ts';

/** Generator and sink run here, the contender on core 0 (or both, with two workers). */
const OTHER_CORE = '1';
const START_TIMEOUT_MS = 15_000;
const SETTLE_MS = 500;
const DRAIN_TIMEOUT_MS = 15_000;

interface TrialOptions {
  readonly dir: string;
  /** Packets sent first, at half the rate, that are not measured: compilers and connections warm up. */
  readonly warmUpPackets: number;
  /** Packets measured. */
  readonly packets: number;
  readonly packetsPerSecond: number;
  /** The sink checks digests. */
  readonly verify: boolean;
}

export interface TrialResult {
  /** Requests whose last packet was in the measured part and that had lost nothing on the way. */
  readonly expected: number;
  /** Share of them that arrived. */
  readonly delivered: number;
  readonly requestsPerSecond: number;
  readonly packetsPerSecond: number;
  readonly megabitsPerSecond: number;
  /** The generator reached its rate. */
  readonly inTime: boolean;
  readonly cpuPer100kRequests: number;
  readonly peakMebibytes: number;
  /** From the last byte of a request being sent to its last byte arriving. */
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly totals: Totals;
  /** What the contender itself says it did, of the whole run; empty = it does not. */
  readonly ledger: string;
}

interface Totals {
  requests: number; duplicates: number; foreign: number; altered: number; unreadable: number; bytes: number;
}

/** Runs a contender once, from its start to its end. */
export async function runTrial(contender: Contender, load: Load, options: TrialOptions): Promise<TrialResult> {
  const result = join(options.dir, 'arrived.bin');
  const sink = startSink(load.lastPacket.length, contender.rawBytes ? ['--discard'] : options.verify ? ['--verify'] : [], result);
  const listenPort = await freeUdpPort();
  const logFile = join(options.dir, 'contender.log');
  const log = openSync(logFile, 'w');
  let program: ChildProcess | undefined;
  try {
    const [{ port: sinkPort }] = await once(sink, 'message') as [{ port: number }];
    const [command = '', ...args] = contender.command(listenPort, sinkPort);
    program = spawn('taskset', ['-c', contender.cores, command, ...args], { stdio: ['ignore', 'ignore', log] });
    await bound(listenPort, program);
    const pid = program.pid!;
    const { warmUpPackets, packets, packetsPerSecond } = options;
    if (warmUpPackets > 0) await send(options, listenPort, 0, warmUpPackets, packetsPerSecond / 2, 'warm-up.bin', 0);
    const before = await settled(sink);
    const cpuBefore = cpuSeconds(pid);
    const seconds = await send(options, listenPort, warmUpPackets, warmUpPackets + packets, packetsPerSecond, 'sent.bin', warmUpPackets > 0 ? 0 : RAMP_MS);
    const totals = await settled(sink);
    const cpu = cpuSeconds(pid) - cpuBefore;
    const memory = peakMebibytes(pid);
    await stopped(program);
    await stopped(sink);
    const arrivals = contender.rawBytes ? undefined : readDoubles(result);
    const judged = judge(load, warmUpPackets, packets, arrivals, readDoubles(join(options.dir, 'sent.bin')));
    return {
      ...judged,
      delivered: arrivals
        ? judged.delivered
        : (totals.bytes - before.bytes) / payloadBytes(load, warmUpPackets, packets),
      requestsPerSecond: judged.expected / seconds,
      packetsPerSecond: packets / seconds,
      megabitsPerSecond: (judged.wireBytes * 8) / 1e6 / seconds,
      inTime: seconds < (packets / packetsPerSecond + (warmUpPackets > 0 ? 0 : RAMP_MS / 2000)) * 1.05,
      cpuPer100kRequests: (cpu / judged.expected) * 1e5,
      peakMebibytes: memory,
      totals,
      ledger: toldLedger(logFile),
    };
  } finally {
    closeSync(log);
    if (program) await stopped(program);
    await stopped(sink);
  }
}

function startSink(count: number, flags: string[], result: string): ChildProcess {
  return spawn('taskset', ['-c', OTHER_CORE, process.execPath, '--import', 'tsx', join(import.meta.dirname, 'sink.ts'), String(count), ...flags], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...process.env, RESULT: result },
  });
}

/** A UDP port that nobody has at this moment. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => { socket.close(resolve); });
  return port;
}

async function bound(port: number, program: ChildProcess): Promise<void> {
  for (let waited = 0; !isBound(port); waited += 50) {
    if (program.exitCode !== null) throw new Error('the contender ended before it listened');
    if (waited > START_TIMEOUT_MS) throw new Error('the contender does not listen');
    await setTimeout(50);
  }
  await setTimeout(SETTLE_MS);
}

/** Seconds it took. */
async function send(
  options: TrialOptions, port: number, from: number, to: number, rate: number, output: string, rampMs: number,
): Promise<number> {
  const child = spawn('taskset', [
    '-c', OTHER_CORE, process.execPath, '--import', 'tsx', join(import.meta.dirname, 'send.ts'),
    options.dir, String(port), String(from), String(to), String(rate), join(options.dir, output), String(rampMs),
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (text: Buffer) => { printed += text.toString(); });
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error('the generator failed');
  return Number(printed);
}

/** The sink's totals once nothing has come for a while. */
async function settled(sink: ChildProcess): Promise<Totals> {
  let last: Totals | undefined;
  let quietMs = 0;
  for (let waited = 0; waited < DRAIN_TIMEOUT_MS && quietMs < SETTLE_MS; waited += 100) {
    await setTimeout(100);
    sink.send('totals');
    const [totals] = await once(sink, 'message') as [Totals];
    quietMs = last?.bytes === totals.bytes ? quietMs + 100 : 0;
    last = totals;
  }
  return last!;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const gone = once(child, 'exit');
  if (await Promise.race([gone, setTimeout(5000, 'timeout')]) === 'timeout') child.kill('SIGKILL');
  await gone;
}

function readDoubles(file: string): Float64Array {
  const bytes = readFileSync(file);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/**
 * @param arrivals when each id arrived; undefined = not known @param sentAt when each packet from `from` on was sent
 */
function judge(load: Load, from: number, count: number, arrivals: Float64Array | undefined, sentAt: Float64Array): {
  expected: number; delivered: number; delayMs: TrialResult['delayMs']; wireBytes: number;
} {
  let expected = 0;
  let arrived = 0;
  const delays: number[] = [];
  load.lastPacket.forEach((packet, id) => {
    if (packet < from || packet >= from + count) return;
    expected++;
    const at = arrivals?.[id] ?? 0;
    if (at === 0) return;
    arrived++;
    delays.push(at - sentAt[packet - from]!);
  });
  delays.sort((a, b) => a - b);
  const quantile = (q: number): number => delays[Math.min(delays.length - 1, Math.floor(delays.length * q))] ?? NaN;
  let wireBytes = 0;
  for (let i = from; i < from + count; i++) wireBytes += load.packets.lengths[i]!;
  return {
    expected, delivered: arrived / expected, wireBytes,
    delayMs: { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) },
  };
}

/** TCP payload to the server in plain packets: what the floor writes. */
function payloadBytes(load: Load, from: number, count: number): number {
  let sum = 0;
  for (let i = from; i < from + count; i++) {
    const packet = load.packets.packet(i);
    if (packet.readUInt16BE(44) === 8080) sum += Math.max(0, packet.length - 22 - 52);
  }
  return sum;
}
