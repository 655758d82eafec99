// Programs that start others (a server and its workers), each in a process group of its own: ended with all of them.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';

/** How long the kernel may take to end what cannot refuse. */
const KILLED_MS = 5000;
const LOOK_MS = 20;

/** The groups that have not been ended: the process id of whoever was started first. */
const groups = new Set<number>();
let isEndPassedOn = false;

/** Starts a program as the leader of a group. Without `endGroup` the group ends with this process. */
export function spawnGroup(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  passOnEnd();
  const leader = spawn(program, args, { ...options, detached: true });
  if (leader.pid !== undefined) groups.add(leader.pid);
  return leader;
}

/**
 * Asks the leader to end, and kills whoever of its group is left after `patienceMs`: a leader that is killed alone
 * leaves workers behind that wait for a thread, or that spin. Throws if one of them is there even then.
 */
export async function endGroup(leader: ChildProcess, patienceMs: number): Promise<void> {
  const { pid: group } = leader;
  if (group === undefined) return;
  leader.kill('SIGTERM');
  if (!await isGone(group, patienceMs)) kill(group);
  const isOver = await isGone(group, KILLED_MS);
  groups.delete(group);
  // Whoever is left has the other ends, for which this process would wait.
  for (const pipe of leader.stdio) pipe?.destroy();
  if (!isOver) throw new Error(`${leader.spawnfile} left behind: ${processesOf(group).join(', ')}`);
}

/** The process ids of a group; of the dead that nobody has waited for none. */
export function processesOf(group: number): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    const { state, processGroup } = statOf(pid);
    return processGroup === group && state !== 'Z';
  });
}

/** proc_pid_stat(5): the name, which may hold anything, is in parentheses. */
function statOf(pid: number): { state: string; processGroup: number } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', , processGroup] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, processGroup: Number(processGroup) };
  } catch {
    return { state: 'Z', processGroup: 0 }; // it ended meanwhile
  }
}

async function isGone(group: number, patienceMs: number): Promise<boolean> {
  for (const end = performance.now() + patienceMs; performance.now() < end;) {
    if (processesOf(group).length === 0) return true;
    await setTimeout(LOOK_MS);
  }
  return processesOf(group).length === 0;
}

function kill(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

/** A terminal's Ctrl-C goes to its foreground group alone, of which these are none. */
function passOnEnd(): void {
  if (isEndPassedOn) return;
  isEndPassedOn = true;
  process.once('exit', () => {
    for (const group of groups) kill(group);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
