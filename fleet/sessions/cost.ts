import table from './prices.json' with { type: 'json' };

/** List prices of one region on one day; docs/cost.md shows the same table. */
export const PRICES = table;

interface MonthlyCost {
  /** Sessions, 730 hours each. */
  readonly sessions: number;
  /** Capacity units and zone crossings of the mirrored bytes; null = the bytes are not known. */
  readonly traffic: number | null;
}

interface Traffic {
  /** Mirrored in a month, in GB. */
  readonly gigabytes: number;
  /** How much of it crosses zones, 0 to 1. */
  readonly crossZoneShare: number;
}

/** What sessions cost in a month, in dollars of the price table. */
export function monthlyCost(sessions: number, traffic: Traffic | null): MonthlyCost {
  const { mirror_session_hour: session, nlb_gb: nlb, cross_zone_gb: crossing } = table.prices;
  return {
    sessions: sessions * session.price * table.hours_a_month,
    traffic: traffic === null ? null : traffic.gigabytes * (nlb.price + crossing.price * traffic.crossZoneShare),
  };
}

/** Two decimals, thousands apart: `$1,095.00`. */
export const dollars = (amount: number): string =>
  `$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
