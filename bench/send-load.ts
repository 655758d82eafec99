import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { OTHER_CORE } from './running.ts';

interface SendOptions {
  /** Packets from..to of the load in `dir`. */
  readonly from: number;
  readonly to: number;
  readonly packetsPerSecond: number;
  /** The rate grows from nothing during so long. */
  readonly rampMs?: number;
  /** Several ports take turns of so many packets. */
  readonly turnPackets?: number;
  /** A file of `dir`, which is to tell when each packet was sent. */
  readonly sentAt: string;
}

/** Sends a part of a load from a process of its own (send.ts). Seconds it took. */
export async function sendLoad(dir: string, ports: readonly number[], options: SendOptions): Promise<number> {
  const { from, to, packetsPerSecond, rampMs = 0, turnPackets = to - from, sentAt } = options;
  const child = spawn('taskset', [
    '-c', OTHER_CORE, process.execPath, '--import', 'tsx', join(import.meta.dirname, 'send.ts'),
    dir, ports.join(','), ...[from, to, packetsPerSecond].map(String), join(dir, sentAt), String(rampMs), String(turnPackets),
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (text: Buffer) => { printed += text.toString(); });
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error('the generator failed');
  return Number(printed);
}
