/** What the two threads of a soak share. */
export interface SoakShare {
  readonly packets: { readonly bytes: SharedArrayBuffer; readonly starts: Float64Array; readonly lengths: Uint32Array };
  readonly port: number;
  readonly packetsPerSecond: number;
  readonly minutes: number;
  readonly state: { readonly sentAt: SharedArrayBuffer; readonly numbers: SharedArrayBuffer };
}

/** Positions in `numbers`. */
export const Shared = { pass: 0, packetsSent: 1, length: 2 } as const;

/** First octets of the clients' addresses, one a pass: by it the sink knows which pass a request is of. */
export const CLIENT_OCTETS = { first: 11, count: 100 } as const;

/** Passes that are remembered: a request may arrive that much later. */
const PASSES = 4;

/** When each packet of the last passes was sent, ms of the monotonic clock. */
export class SentTimes {
  readonly #times: Float64Array[];

  constructor(memory: SharedArrayBuffer, packets: number) {
    this.#times = Array.from({ length: PASSES }, (_, i) => new Float64Array(memory, i * packets * 8, packets));
  }

  static byteLength(packets: number): number {
    return PASSES * packets * 8;
  }

  of(pass: number): Float64Array {
    return this.#times[pass % PASSES]!;
  }
}
