import { COUNTERS, COUNTER_NAMES, type Ledger } from '../ledger.ts';
import type { Gauges } from './status-source.ts';

/** The units of which nothing may disappear. */
export const ACCOUNTED_UNITS = ['packets', 'bytes', 'requests', 'exchanges'] as const;
type AccountedUnit = (typeof ACCOUNTED_UNITS)[number];

export interface UnitBalance {
  readonly unit: AccountedUnit;
  readonly in: number;
  readonly out: number;
  readonly lost: number;
  readonly inFlight: number;
  /** in - out - lost - inFlight: 0, or something disappeared without a reason (> 0) or ended twice (< 0). */
  readonly imbalance: number;
}

export function inFlight(gauges: Gauges): Readonly<Record<AccountedUnit, number>> {
  return {
    packets: gauges.pendingPackets,
    bytes: gauges.pendingBytes,
    requests: gauges.inFlightRequests,
    exchanges: gauges.inFlightExchanges,
  };
}

/** Sum of all counters of one role and unit. */
export function total(ledger: Ledger, role: 'in' | 'out' | 'lost', unit: AccountedUnit): number {
  let sum = 0;
  for (const name of COUNTER_NAMES) {
    if (COUNTERS[name].role === role && COUNTERS[name].unit === unit) sum += ledger.get(name);
  }
  return sum;
}

/** What of each unit is in flight; a unit that is not named holds nothing. */
type InFlight = Readonly<Partial<Record<AccountedUnit, number>>>;

/** The ledger's identities, one a unit: Σ in = Σ out + Σ lost + in flight. */
export function balance(ledger: Ledger, flying: InFlight): UnitBalance[] {
  return ACCOUNTED_UNITS.map((unit) => {
    const came = total(ledger, 'in', unit);
    const left = total(ledger, 'out', unit);
    const lost = total(ledger, 'lost', unit);
    const held = flying[unit] ?? 0;
    return { unit, in: came, out: left, lost, inFlight: held, imbalance: came - left - lost - held };
  });
}
