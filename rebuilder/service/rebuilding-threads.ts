import type { StatusSource } from '../status/status-source.ts';

/** What rebuilds: the main thread alone, or workers. */
export interface RebuildingThreads extends Pick<StatusSource, 'ledger' | 'gauges' | 'sources' | 'endpoints' | 'lastPacketMs'> {
  /** Port of the VXLAN socket; 0 = none. */
  readonly vxlanPort: number;
  /** Stops capture, delivers what is there for up to `timeoutMs`, and frees everything. */
  stop(timeoutMs: number): Promise<void>;
}
