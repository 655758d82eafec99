import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Contender } from './contenders.ts';
import { isBound } from './process-usage.ts';

/** Generator and sink run here, the contender on core 0 (or both, with two workers). */
export const OTHER_CORE = '1';
const START_TIMEOUT_MS = 15_000;
const SETTLE_MS = 500;
const DRAIN_TIMEOUT_MS = 15_000;

/** What a sink counted. */
export interface Totals {
  requests: number; duplicates: number; foreign: number; altered: number; unreadable: number; bytes: number;
}

/** A contender that listens on loopback, with a sink of its own. Its files are `dir/<name>.log` and `.arrived`. */
export class Running {
  readonly listenPort: number;
  readonly logFile: string;
  readonly #arrivedFile: string;
  readonly #program: ChildProcess;
  readonly #sink: ChildProcess;

  private constructor(listenPort: number, file: string, program: ChildProcess, sink: ChildProcess) {
    this.listenPort = listenPort;
    this.logFile = `${file}.log`;
    this.#arrivedFile = `${file}.arrived`;
    this.#program = program;
    this.#sink = sink;
  }

  /**
   * Listens when it resolves. Rejects when the contender ends first or does not listen.
   * @param requests how many ids the load has @param sinkFlags see sink.ts
   */
  static async start(contender: Contender, requests: number, sinkFlags: string[], dir: string): Promise<Running> {
    const file = join(dir, contender.name);
    const sink = spawn('taskset', [
      '-c', OTHER_CORE, process.execPath, '--import', 'tsx', join(import.meta.dirname, 'sink.ts'), String(requests), ...sinkFlags,
    ], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...process.env, RESULT: `${file}.arrived` } });
    const listenPort = await freeUdpPort();
    const log = openSync(`${file}.log`, 'w');
    let program: ChildProcess | undefined;
    try {
      const [{ port: sinkPort }] = await once(sink, 'message') as [{ port: number }];
      const [command = '', ...args] = contender.command(listenPort, sinkPort);
      program = spawn('taskset', ['-c', contender.cores, command, ...args], { stdio: ['ignore', 'ignore', log] });
      await bound(listenPort, program);
      return new Running(listenPort, file, program, sink);
    } catch (error) {
      if (program) await stopped(program);
      await stopped(sink);
      throw error;
    } finally {
      closeSync(log);
    }
  }

  get pid(): number {
    return this.#program.pid!;
  }

  /** The sink's totals once nothing has come for a while. */
  async settled(): Promise<Totals> {
    let last: Totals | undefined;
    let quietMs = 0;
    for (let waited = 0; waited < DRAIN_TIMEOUT_MS && quietMs < SETTLE_MS; waited += 100) {
      await setTimeout(100);
      this.#sink.send('totals');
      const [totals] = await once(this.#sink, 'message') as [Totals];
      quietMs = last?.bytes === totals.bytes ? quietMs + 100 : 0;
      last = totals;
    }
    return last!;
  }

  /** Ends both. Again: nothing. */
  async stop(): Promise<void> {
    await stopped(this.#program);
    await stopped(this.#sink);
  }

  /** When each id arrived, in milliseconds of the monotonic clock, 0 = never. After `stop`. */
  arrivals(): Float64Array {
    return readDoubles(this.#arrivedFile);
  }
}

export function readDoubles(file: string): Float64Array {
  const bytes = readFileSync(file);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
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

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const gone = once(child, 'exit');
  if (await Promise.race([gone, setTimeout(5000, 'timeout')]) === 'timeout') child.kill('SIGKILL');
  await gone;
}
