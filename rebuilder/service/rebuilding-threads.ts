import type { StatusSource } from '../status/status-source.ts';

/** More senders of packets than anybody reads a list of. */
export const SHOWN_SENDERS = 200;

/** What rebuilds: the main thread alone, or workers. */
export interface RebuildingThreads extends Pick<StatusSource, 'ledger' | 'measures' | 'gauges' | 'sources' | 'senders' | 'endpoints' | 'lastPacketMs' | 'recent'> {
  /** Port of the VXLAN socket; 0 = none. */
  readonly vxlanPort: number;
  /** Stops capture, delivers what is there for up to `timeoutMs`, and frees everything. */
  stop(timeoutMs: number): Promise<void>;
}
