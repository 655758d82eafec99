import type { Ledger } from '../ledger.ts';
import type { Packet } from '../wire/packet.ts';

/** Counts data that no receiver takes, with the flags SYN or RST. */
export function refuseData({ dataStart, dataEnd }: Packet, ledger: Ledger): void {
  const length = dataEnd - dataStart;
  if (length === 0) return;
  ledger.count('tcp.refused_segments');
  ledger.count('tcp.refused_bytes', length);
}
