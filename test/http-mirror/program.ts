// Real programs in tests: found on the PATH, started in the foreground, waited for until they accept, ended with
// whoever they started.
import { spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { absent } from '../installed.ts';
import { endGroup, spawnGroup } from '../process-group.ts';

/**
 * False, with the reason as a skip, where a program is missing; a failure instead where CI is set: there everything
 * must be installed.
 */
export const have = (t: TestContext, program: string, install: string): boolean => {
  if (spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0) return true;
  return absent(t, `${program} is not installed: ${install}`);
};

/** A folder that is gone when the test is over; open to the users that servers change to. */
export const scratch = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'http-mirror-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/**
 * An example file of ours with its addresses replaced, as the comments in it tell a user to. Every `from` must be in
 * the file exactly once, so that an example that changes under its test is noticed.
 */
export const exampleFile = (path: string, replace: readonly (readonly [from: string, to: string])[]): string => {
  let text = readFileSync(new URL(`../../examples/${path}`, import.meta.url), 'utf8');
  for (const [from, to] of replace) {
    const count = text.split(from).length - 1;
    if (count !== 1) throw new Error(`examples/${path} has ${JSON.stringify(from)} ${count} times, the test replaces exactly one`);
    text = text.replace(from, () => to);
  }
  return text;
};

const accepts = (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  socket.once('connect', () => {
    socket.destroy();
    resolve(true);
  });
  socket.once('error', () => resolve(false));
});

const alive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** Starts a program and resolves once every port accepts. Its output is shown when it ends before that. */
export const startProgram = async (
  t: TestContext, command: readonly string[], ports: readonly number[], environment: NodeJS.ProcessEnv = {},
): Promise<void> => {
  const [program = '', ...args] = command;
  const child = spawnGroup(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { output = (output + chunk.toString()).slice(-8000); });
  t.after(() => endGroup(child, 3000));
  const deadline = Date.now() + 30_000;
  for (const port of ports) {
    while (!await accepts(port)) {
      if (!alive(child)) throw new Error(`${command.join(' ')} ended with ${child.exitCode ?? child.signalCode}:\n${output}`);
      if (Date.now() > deadline) throw new Error(`${command.join(' ')} does not accept on port ${port} after 30 s:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  if (!alive(child)) throw new Error(`${command.join(' ')} ended with ${child.exitCode ?? child.signalCode}, and something else has its ports:\n${output}`);
};
