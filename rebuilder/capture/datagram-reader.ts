/** How a DatagramReceiver reads its socket: two ways (batch-reader.ts, dgram-reader.ts), one contract. */
export interface DatagramReader {
  readonly port: number;
  /** Such as `recvmmsg, 32 MiB receive buffer`. */
  describe(): string;
  stop(): Promise<void>;
}

/** The longest time a live source goes without batchEnd, and between two looks at the kernel's drop counter. */
export const BEAT_MS = 100;

/** `32 MiB receive buffer`, or how to get the one that was asked for. */
export function describeReceiveBuffer(grantedBytes: number, wantedBytes: number): string {
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 102.4) / 10} MiB`;
  if (grantedBytes >= wantedBytes) return `${mebibytes(wantedBytes)} receive buffer`;
  return `${mebibytes(grantedBytes)} receive buffer of the ${mebibytes(wantedBytes)} wanted: raise net.core.rmem_max or give CAP_NET_ADMIN`;
}
