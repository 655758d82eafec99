// `node --import tsx test/scale/flood-process.ts NAME=AMOUNT…`: plays floods of floods.ts at once into a pipeline with
// small limits, in a process whose memory is nobody else's, and prints what it cost.
import { parseArgs } from 'node:util';
import { loadLibc } from '../../rebuilder/capture/libc.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { FreedMemory } from '../../rebuilder/service/freed-memory.ts';
import { balance } from '../../rebuilder/status/balance.ts';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { Flood, playTogether } from './floods.ts';
import { LIMITS } from './flood-limits.ts';

export interface Cost {
  readonly packets: number;
  /** Bytes of all packets. */
  readonly received: number;
  /** Bytes that were copied from one place in memory to another. */
  readonly copied: number;
  /** Holes given up between two packets. */
  readonly holesAtOnce: number;
  /** Most that the budgets had granted. */
  readonly heldBytes: number;
  /** By how much the process was larger than before, at most, and how large it was. */
  readonly grownBytes: number;
  readonly residentBytes: number;
  /** The longest that one batch took, ms of the process's own time: for reading, not for judging. */
  readonly longestMs: number;
  /** Requests of a neighbour: sent, told. */
  readonly neighbours: readonly [sent: number, told: number];
  readonly faults: number;
  readonly imbalance: readonly string[];
}

const { positionals } = parseArgs({ allowPositionals: true });
const floods = positionals.map((flood) => {
  const [name = '', amount] = flood.split('=');
  return { name, amount: Number(amount) };
});

let copied = 0;
const { set, slice } = Uint8Array.prototype;
Object.defineProperties(Uint8Array.prototype, {
  set: { value(this: Uint8Array, source: ArrayLike<number>, at?: number): void {
    copied += source.length;
    set.call(this, source, at);
  } },
  slice: { value(this: Uint8Array, start?: number, end?: number): Uint8Array {
    const part = slice.call(this, start, end);
    copied += part.length;
    return part;
  } },
});

function ownMs(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
}

const ledger = new Ledger();
let told = 0;
const options = {
  ...LIVE_OPTIONS, limits: LIMITS, isLive: true, bodyLimitBytes: 8 << 20, parseResponses: false,
};
const pipeline = new Pipeline(options, ledger, {
  exchange: (request) => {
    ledger.count('http.exchanges');
    if (request.bytes[request.targetStart + 1] === 'n'.charCodeAt(0)) told++;
  },
});
const libc = await loadLibc();
const memory = new FreedMemory(() => libc?.trim());
let lookedMs = 0;
let [heldBytes, holesAtOnce, holesBefore] = [0, 0, 0];
let [longestMs, usedMs] = [0, ownMs()];
const before = process.resourceUsage().maxRSS;
const flood = new Flood(pipeline, 100_000, () => {
  heldBytes = Math.max(heldBytes, pipeline.gauges().memoryBytes);
  const holes = ledger.get('tcp.reassembly_gap');
  holesAtOnce = Math.max(holesAtOnce, holes - holesBefore);
  holesBefore = holes;
  // As the service does, in the flood's own time.
  if (flood.nowMs >= lookedMs + 1000) {
    lookedMs = flood.nowMs;
    memory.look();
  }
  longestMs = Math.max(longestMs, ownMs() - usedMs);
  usedMs = ownMs();
});
playTogether(flood, floods);
const residentBytes = process.resourceUsage().maxRSS * 1024;
const grownBytes = residentBytes - before * 1024;
const copiedBytes = copied - flood.written;
pipeline.flush();
const { pendingPackets, pendingBytes, waitingRequests } = pipeline.gauges();
const cost: Cost = {
  packets: flood.packets, received: flood.bytes, copied: copiedBytes, holesAtOnce, heldBytes, grownBytes,
  residentBytes, longestMs,
  neighbours: [flood.neighbours, told],
  faults: ledger.get('pipeline.faults'),
  imbalance: balance(ledger, { packets: pendingPackets, bytes: pendingBytes, requests: waitingRequests })
    .filter((unit) => unit.imbalance !== 0).map(({ unit, imbalance }) => `${unit} ${imbalance}`),
};
console.log(JSON.stringify(cost));
