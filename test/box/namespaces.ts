// Network namespaces of one test: named after this process, so that tests side by side never meet, and removed whatever
// happens.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const PREFIX = 'vpcbox';
let made = 0;

/** Runs a program to its end; throws with what it said when it failed. */
function must(program: string, ...args: string[]): string {
  const run = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (run.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${run.error?.message ?? run.stderr}`);
  return run.stdout;
}

export class Namespace {
  readonly name: string;
  readonly #children = new Set<ChildProcess>();

  constructor(role: string) {
    this.name = `${PREFIX}-${process.pid}-${++made}-${role}`;
    must('ip', 'netns', 'add', this.name);
    living.add(this);
    // No neighbour discovery of IPv6: what is mirrored is what the test sends.
    this.run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
    this.ip('link', 'set', 'lo', 'up');
  }

  ip(...args: string[]): string {
    return must('ip', '-n', this.name, ...args);
  }

  /** Runs a program in this namespace to its end. */
  run(program: string, ...args: string[]): string {
    return must('ip', 'netns', 'exec', this.name, program, ...args);
  }

  /**
   * Starts a program in this namespace; `ip netns exec` replaces itself by it, so the process id is the program's own.
   */
  spawn(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name, program, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Ends what runs in it and removes it. Synchronous, so that it also works while the process exits. */
  remove(): void {
    living.delete(this);
    for (const child of this.#children) child.kill('SIGKILL');
    for (const pid of pidsIn(this.name)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself in the meantime.
      }
    }
    spawnSync('ip', ['netns', 'del', this.name]);
  }
}

const living = new Set<Namespace>();

const removeAll = (): void => {
  for (const namespace of [...living]) namespace.remove();
};
process.on('exit', removeAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    removeAll();
    process.exit(1);
  });
}

function pidsIn(name: string): number[] {
  return spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean).map(Number);
}

/** Names of this process's namespaces that are still there. */
export function leftovers(): string[] {
  return must('ip', 'netns', 'list').split('\n').map((line) => line.split(' ')[0]!).filter((name) => name.startsWith(`${PREFIX}-${process.pid}-`));
}

/** A virtual cable between two namespaces. */
export function cable(a: Namespace, aName: string, b: Namespace, bName: string, mtu: number): void {
  must('ip', 'link', 'add', 'name', aName, 'netns', a.name, 'mtu', String(mtu), 'type', 'veth', 'peer', 'name', bName, 'netns', b.name);
  b.ip('link', 'set', bName, 'mtu', String(mtu));
  a.ip('link', 'set', aName, 'up');
  b.ip('link', 'set', bName, 'up');
}

/** Waits for the first line of a program's standard output, such as `ready`. */
export async function firstLine(child: ChildProcess, timeoutMs = 60_000): Promise<string> {
  let said = '';
  let complained = '';
  child.stderr!.on('data', (chunk: Buffer) => { complained = (complained + chunk.toString()).slice(-4000); });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  try {
    for (;;) {
      const chunk: unknown = await Promise.race([
        once(child.stdout!, 'data').then(([data]: unknown[]) => data),
        once(child, 'exit').then(() => null),
      ]);
      if (chunk === null) throw new Error(`${child.spawnargs.join(' ')} ended (or was ended after ${timeoutMs} ms): ${said}${complained}`);
      said += String(chunk);
      if (said.includes('\n')) return said.slice(0, said.indexOf('\n'));
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a program by its process id and waits for its end. Returns its exit code, or the name of the signal. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 60_000): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const [code, by] = (await exited) as [number | null, string | null];
  clearTimeout(timer);
  return code ?? by;
}
