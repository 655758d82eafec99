import type { Contender } from './contenders.ts';
import type { Load } from './load.ts';
import { cpuSeconds } from './process-usage.ts';
import { Running } from './running.ts';
import { WARM_UP_SHARE } from './search.ts';
import { sendLoad } from './send-load.ts';

/** So short that what else the machine does meets both; so long that a turn's first packets are few. */
const TURN_SECONDS = 1;

export interface TurnAboutResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Of each contender, in their order. */
  readonly cpuPer100kRequests: readonly number[];
  /** Of each contender: requests of the whole load that reached its sink, as a share. */
  readonly delivered: readonly number[];
}

/**
 * Runs contenders side by side under the same load, each a second at a time while the others rest: a machine that is
 * slower for a minute is slower for all of them. The warm-up is not measured.
 */
export async function turnAbout(
  contenders: readonly Contender[], load: Load, dir: string, requestsPerSecond: number,
): Promise<TurnAboutResult> {
  const { count } = load.packets;
  const requests = load.lastPacket.length;
  const packetsPerSecond = requestsPerSecond * count / requests;
  const turnPackets = Math.ceil(packetsPerSecond * TURN_SECONDS);
  const warm = Math.floor(count * WARM_UP_SHARE);
  const running: Running[] = [];
  try {
    for (const contender of contenders) running.push(await Running.start(contender, requests, [], dir));
    const ports = running.map(({ listenPort }) => listenPort);
    await sendLoad(dir, ports, { from: 0, to: warm, packetsPerSecond, turnPackets, sentAt: 'warm-up.bin' });
    for (const one of running) await one.settled();
    const before = running.map(({ pid }) => cpuSeconds(pid));
    const seconds = await sendLoad(dir, ports, { from: warm, to: count, packetsPerSecond, turnPackets, sentAt: 'sent.bin' });
    const totals = await Promise.all(running.map((one) => one.settled()));
    const measured = load.lastPacket.filter((packet) => packet >= warm).length;
    return {
      requests: measured,
      requestsPerSecond: measured * contenders.length / seconds,
      cpuPer100kRequests: running.map(({ pid }, i) => (cpuSeconds(pid) - before[i]!) / measured * 1e5),
      delivered: totals.map(({ requests: arrived, duplicates }) => (arrived - duplicates) / requests),
    };
  } finally {
    for (const one of running) await one.stop();
  }
}
