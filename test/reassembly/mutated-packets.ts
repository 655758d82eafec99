// `node --import tsx test/reassembly/mutated-packets.ts [--packets N] [--seed S]`: packets of real and made
// connections, damaged, doubled, out of order, through the whole pipeline; prints how many faults reached it, and
// whether its account adds up.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { PcapFile } from '../../rebuilder/capture/pcap-file.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { balance } from '../../rebuilder/status/balance.ts';
import { type CollectedFrame, framesOf } from '../collected-frames.ts';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { randomNumbers } from '../random-numbers.ts';

/** Ours, and those of others where they are at hand. */
const FOLDERS = ['../captures', '../../../shared/captures'].map((name) => path.join(import.meta.dirname, name));
/** Enough of each file: what follows is alike. */
const MOST_OF_ONE = 400;

export interface Outcome {
  readonly packets: number;
  readonly faults: number;
  readonly exchanges: number;
  readonly imbalance: ReturnType<typeof balance>;
}

export async function playMutated(packets: number, seed: number): Promise<Outcome> {
  const frames: CollectedFrame[] = [];
  for (const folder of FOLDERS.filter((one) => existsSync(one))) {
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.pcap')).sort()) {
      frames.push(...(await framesOf(new PcapFile(path.join(folder, name)))).slice(0, MOST_OF_ONE));
    }
  }
  const random = randomNumbers(seed);
  const ledger = new Ledger();
  const limits = {
    ...LIVE_OPTIONS.limits, flows: 500, memoryBytes: 8 << 20, reorderBytes: 4 << 20, correctionBytes: 4 << 20,
    fragmentsBytes: 1 << 20,
  };
  const pipeline = new Pipeline({ ...LIVE_OPTIONS, limits }, ledger, { exchange: () => { ledger.count('http.exchanges'); } });
  let nowMs = 1_800_000_000_000;
  let at = 0;
  for (let i = 0; i < packets; i++) {
    at = random(20) === 0 ? random(frames.length) : (at + 1) % frames.length;
    const { link, bytes } = frames[at]!;
    const copy = Uint8Array.from(bytes);
    for (let damages = random(4); damages > 0; damages--) {
      // Half of it in the headers, which lie in front.
      const where = random(2) === 0 ? random(Math.min(copy.length, 80)) : random(copy.length);
      copy[where] = random(3) === 0 ? copy[where]! ^ 1 << random(8) : random(256);
    }
    const end = random(50) === 0 ? random(copy.length + 1) : copy.length;
    nowMs += random(100) === 0 ? random(2000) : random(3) / 10;
    pipeline.frame(
      link, copy, 0, end, random(50) === 0 ? copy.length + random(2000) : Math.max(end, copy.length), nowMs, 0,
    );
    if (random(64) === 0) pipeline.batchEnd(nowMs);
  }
  pipeline.flush();
  const { pendingBytes, pendingPackets, waitingRequests } = pipeline.gauges();
  const imbalance = balance(ledger, { packets: pendingPackets, bytes: pendingBytes, requests: waitingRequests })
    .filter((unit) => unit.imbalance !== 0);
  return { packets, faults: ledger.get('pipeline.faults'), exchanges: ledger.get('http.exchanges'), imbalance };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { packets: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } } });
  console.log(JSON.stringify(await playMutated(Number(values.packets), Number(values.seed))));
}
