import { join } from 'node:path';
import type { Contender } from './contenders.ts';
import type { Load } from './load.ts';
import { RAMP_MS } from './pace.ts';
import { cpuSeconds, peakMebibytes } from './process-usage.ts';
import { readDoubles, Running, type Totals } from './running.ts';
import { sendLoad } from './send-load.ts';
import { toldLedger } from './told-ledger.ts';

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

/** Runs a contender once, from its start to its end. */
export async function runTrial(contender: Contender, load: Load, options: TrialOptions): Promise<TrialResult> {
  const { dir, warmUpPackets, packets, packetsPerSecond } = options;
  const flags = contender.rawBytes ? ['--discard'] : options.verify ? ['--verify'] : [];
  const running = await Running.start(contender, load.lastPacket.length, flags, dir);
  try {
    const { pid, listenPort } = running;
    if (warmUpPackets > 0) {
      await sendLoad(dir, [listenPort], { from: 0, to: warmUpPackets, packetsPerSecond: packetsPerSecond / 2, sentAt: 'warm-up.bin' });
    }
    const before = await running.settled();
    const cpuBefore = cpuSeconds(pid);
    const seconds = await sendLoad(dir, [listenPort], {
      from: warmUpPackets, to: warmUpPackets + packets, packetsPerSecond, rampMs: warmUpPackets > 0 ? 0 : RAMP_MS, sentAt: 'sent.bin',
    });
    const totals = await running.settled();
    const cpu = cpuSeconds(pid) - cpuBefore;
    const memory = peakMebibytes(pid);
    await running.stop();
    const arrivals = contender.rawBytes ? undefined : running.arrivals();
    const judged = judge(load, warmUpPackets, packets, arrivals, readDoubles(join(dir, 'sent.bin')));
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
      ledger: toldLedger(running.logFile),
    };
  } finally {
    await running.stop();
  }
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
