// The command line as a user has it: `rebuilder …` as a process of its own, in a folder of the test's.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COUNTER_NAMES, type CounterName } from '../rebuilder/ledger.ts';
import { familyOf } from '../rebuilder/status/metrics.ts';

export const PROGRAM = fileURLToPath(new URL('../rebuilder/rebuilder.js', import.meta.url));

export interface Result { readonly status: number | null; readonly stdout: string; readonly stderr: string }

/** Runs `rebuilder` to its end; the test's own servers go on in the meantime. */
export async function rebuilder(args: readonly string[], input: string | Uint8Array = ''): Promise<Result> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, COLUMNS: '80' } });
  const said = collect(child);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...said };
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const said = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk: Buffer) => { said.stdout += chunk.toString(); });
  child.stderr!.on('data', (chunk: Buffer) => { said.stderr += chunk.toString(); });
  return said;
}

/** A folder that goes with the test. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rebuilder-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A file in a folder of its own. @returns its path */
export function file(t: TestContext, name: string, content: string | Uint8Array): string {
  const path = join(folder(t), name);
  writeFileSync(path, content);
  return path;
}

/** What the ledger line at the end of a command's or a service's output says. */
export function ledgerOf(text: string): Partial<Record<CounterName, number>> {
  const line = /\{("[a-z_.0-9]+":\d+,?)*\}\s*$/m.exec(text);
  if (line === null) throw new Error(`no ledger line in: ${text}`);
  return JSON.parse(line[0]) as Partial<Record<CounterName, number>>;
}

/** All on loopback, on any free port: what a test's configuration begins with. */
export const ANY_PORTS = 'metrics: {listen_address: "127.0.0.1:0"}\nhealth_check: {listen_address: "127.0.0.1:0"}\n';

/** Starts a program, in a network namespace for instance. */
type Launch = (program: string, args: readonly string[]) => ChildProcess;
const here: Launch = (program, args) => spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** `rebuilder run` with a configuration. Ended with the test. */
export class RunningService {
  readonly child: ChildProcess;
  readonly said: { stdout: string; stderr: string };

  private constructor(child: ChildProcess) {
    this.child = child;
    this.said = collect(child);
  }

  /**
   * Starts it and waits until its status page is there (log.level info or debug, to stderr). Throws with what it said
   * when it ends instead.
   */
  static async start(
    t: TestContext, configuration: string, args: readonly string[] = [], launch: Launch = here,
  ): Promise<RunningService> {
    const conf = file(t, 'wallarm-node-conf.yaml', configuration);
    const child = launch(process.execPath, [PROGRAM, 'run', '-c', conf, ...args]);
    t.after(() => child.kill('SIGKILL'));
    const service = new RunningService(child);
    await service.says(/status page on /);
    return service;
  }

  /** Waits until its log holds a line. */
  async says(what: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = what.exec(this.said.stderr);
      if (found !== null) return found;
      if (this.child.exitCode !== null) throw new Error(`rebuilder run ended with ${this.child.exitCode}: ${this.said.stderr}`);
      await Promise.race([once(this.child.stderr!, 'data'), once(this.child, 'close')]);
    }
  }

  /** UDP port of a tunnel's listener. */
  port(tunnel: 'vxlan' | 'geneve'): number {
    return Number(new RegExp(`${tunnel} \\S+:(\\d+)`).exec(this.said.stderr)![1]);
  }

  get statusUrl(): string {
    return /status page on (http:\S+)\//.exec(this.said.stderr)![1]!;
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.statusUrl}/metrics`)).text();
  }

  /** A counter of the ledger as its metrics have it now. */
  async count(name: CounterName): Promise<number> {
    return counterIn(await this.metrics(), name);
  }

  /** Waits until a counter has reached a number; throws with all counters when it takes too long. */
  async reaches(name: CounterName, number: number, timeoutMs = 60_000): Promise<void> {
    for (const deadline = Date.now() + timeoutMs; ;) {
      const text = await this.metrics();
      if (counterIn(text, name) >= number) return;
      if (Date.now() > deadline) {
        const others = COUNTER_NAMES.map((one) => [one, counterIn(text, one)] as const).filter(
          ([, value]) => value !== 0,
        );
        throw new Error(`${name} is ${counterIn(text, name)}, not ${number}: ${JSON.stringify(Object.fromEntries(others))}\n${this.said.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Sends a signal and waits for the end. @returns the exit code, or the signal's name */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    const closed = once(this.child, 'close');
    this.child.kill(signal);
    const [code, by] = (await closed) as [number | null, string | null];
    return code ?? by;
  }
}

function counterIn(metrics: string, name: CounterName): number {
  const line = `${familyOf(name)}{name="${name}"} `;
  const at = metrics.indexOf(line);
  return at < 0 ? 0 : Number.parseFloat(metrics.slice(at + line.length));
}
