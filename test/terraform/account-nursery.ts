// Emulated accounts, forked off one process of Python that has made the described account once: for all files of a run.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

interface EmulatedAccount { readonly endpoint: string; readonly ids: Readonly<Record<string, string>> }

/** Python starts within a second, or a busy machine's dozens. */
const START_MS = 120_000;

interface Nursery { readonly socket: string; readonly child: ChildProcess | undefined }
let nursery: Nursery | undefined;

/**
 * One more account, as it was made.
 * @param python with moto, for whoever comes first
 * @param env for the account alone
 */
export async function newAccount(
  python: string, labFile: string, env: Readonly<Record<string, string>>,
): Promise<EmulatedAccount> {
  nursery ??= begin(python, labFile);
  const connection = await connected(nursery);
  connection.end(`${JSON.stringify(env)}\n`);
  const { port, ids }: { port: number; ids: Record<string, string> } = JSON.parse(await text(connection));
  return { endpoint: `http://127.0.0.1:${port}`, ids };
}

/** Of this run of tests (test/run.js says where, and whose it is), or of this process alone. */
function begin(python: string, labFile: string): Nursery {
  const { NURSERY_FOLDER: shared, NURSERY_OWNER: owner = String(process.pid) } = process.env;
  const folder = shared ?? mkdtempSync(join(tmpdir(), 'nursery-'));
  if (shared === undefined) process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'socket');
  if (!isFirst(folder)) return { socket, child: undefined };
  // It outlives this process, and ends with its owner's.
  const child = spawn(python, ['test/terraform/moto_server.py', labFile, socket, owner], { detached: true, stdio: 'ignore' });
  child.unref();
  return { socket, child };
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(join(folder, 'begun'));
    return true;
  } catch {
    return false;
  }
}

/** It listens before it can answer. */
async function connected({ socket, child }: Nursery): Promise<Socket> {
  for (const deadline = Date.now() + START_MS; ; await sleep(100)) {
    const connection = connect(socket);
    try {
      await once(connection, 'connect');
      return connection;
    } catch (cause) {
      if (typeof child?.exitCode === 'number' || Date.now() > deadline) throw new Error('the emulated accounts do not start', { cause });
    }
  }
}
