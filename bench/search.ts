import type { Contender } from './contenders.ts';
import type { Load } from './load.ts';
import { runTrial, type TrialResult } from './trial.ts';

/** What counts as lossless: one request in a thousand may be missing. */
const LOSSLESS = 0.999;
/** The search ends when the rates above and below differ by this factor. */
const PRECISION = 1.08;
/** V8 compiles for seconds before it is at its best; a service runs for weeks. */
export const WARM_UP_SHARE = 0.4;

interface Limit {
  readonly best: TrialResult | undefined;
  /** The generator or the sink, not the contender, set the limit. */
  readonly atLeast: boolean;
}

export async function trialAt(
  contender: Contender, load: Load, dir: string, requestsPerSecond: number, seconds: number, verify = false,
): Promise<TrialResult> {
  const packetsPerRequest = load.packets.count / load.lastPacket.length;
  const packetsPerSecond = requestsPerSecond * packetsPerRequest;
  // A test of identity sends all of it in one go: a pause would look like a client that stalls.
  if (verify) {
    return runTrial(contender, load, { dir, warmUpPackets: 0, packets: load.packets.count, packetsPerSecond, verify });
  }
  const warmUpPackets = Math.floor(load.packets.count * WARM_UP_SHARE);
  const packets = Math.min(load.packets.count - warmUpPackets, Math.floor(packetsPerSecond * seconds));
  return runTrial(contender, load, { dir, warmUpPackets, packets, packetsPerSecond, verify: false });
}

/** The highest rate of requests that arrive without loss, by doubling, then halving the interval. */
export async function findLimit(
  contender: Contender,
  load: Load,
  dir: string,
  startRate: number,
  seconds: number,
  report: (result: TrialResult, ok: boolean) => void,
): Promise<Limit> {
  let best: TrialResult | undefined;
  let low = 0;
  let high = Infinity;
  let rate = startRate;
  while (high / low > PRECISION && rate > 100) {
    const result = await trialAt(contender, load, dir, rate, seconds);
    const ok = result.delivered >= LOSSLESS;
    report(result, ok);
    if (ok) {
      best = result;
      low = rate;
      if (!result.inTime) return { best, atLeast: true };
    } else {
      high = rate;
    }
    rate = high === Infinity ? low * 2 : low === 0 ? high / 2 : Math.sqrt(low * high);
  }
  return { best, atLeast: false };
}
