import type { Ledger } from '../ledger.ts';
import { total } from './balance.ts';

/** What the status page draws over time. */
export interface Rates {
  readonly packets: number;
  readonly rebuilt: number;
  readonly delivered: number;
  readonly lost: number;
}

const KEPT_SAMPLES = 60;

const frames = (ledger: Ledger): number => ledger.get('capture.frames');

/** Sums of the ledger, sampled about once a second: rates over the last samples, bounded to a minute. */
export class RateHistory {
  private readonly samples: { readonly ms: number; readonly sums: Rates }[] = [];

  sample(ledger: Ledger, nowMs: number): void {
    this.samples.push({
      ms: nowMs,
      sums: {
        packets: frames(ledger),
        rebuilt: total(ledger, 'in', 'requests'),
        delivered: total(ledger, 'out', 'requests'),
        lost: total(ledger, 'lost', 'requests'),
      },
    });
    if (this.samples.length > KEPT_SAMPLES + 1) this.samples.shift();
  }

  /** Per second, between each two samples: oldest first, at most 60. */
  history(): Rates[] {
    return this.samples.slice(1).map((sample, i) => between(this.samples[i]!, sample));
  }

  /** Per second over the last `count` samples; zeros before the second one. */
  latest(count = 5): Rates {
    const last = this.samples.at(-1);
    const first = this.samples.at(-Math.min(count + 1, this.samples.length));
    return last && first && last !== first ? between(first, last) : { packets: 0, rebuilt: 0, delivered: 0, lost: 0 };
  }
}

function between(a: { readonly ms: number; readonly sums: Rates }, b: { readonly ms: number; readonly sums: Rates }): Rates {
  const perSecond = 1000 / Math.max(1, b.ms - a.ms);
  return {
    packets: (b.sums.packets - a.sums.packets) * perSecond,
    rebuilt: (b.sums.rebuilt - a.sums.rebuilt) * perSecond,
    delivered: (b.sums.delivered - a.sums.delivered) * perSecond,
    lost: (b.sums.lost - a.sums.lost) * perSecond,
  };
}
