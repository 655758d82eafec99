/**
 * One sender of mirrored packets: the outer address of the tunnel (for AWS the primary address of the mirrored
 * interface) and its VNI.
 */
export interface SeenSource {
  /** IPv4 address as a signed 32-bit number; 0 = none, as for a captured interface. */
  readonly address: number;
  /** -1 = none */
  readonly vni: number;
  readonly packets: number;
  /** Packets whose end the capture had cut off. */
  readonly cutPackets: number;
  /** ms since the epoch */
  readonly lastMs: number;
}

const SLOTS = 1024;
/** So many cut frames of a source may be a client's, which lied about their length. */
const FIRST_CUTS = 64;
/** Slots looked at for a source before it is taken for one too many. */
const PROBES = 8;

/**
 * Who sends packets, counted for every packet: so it is a few loads and stores, and nothing is allocated. Bounded: of
 * more sources than fit, the one that has been silent for longest makes room. An outer address can be forged by whoever
 * reaches the port; it is shown, never believed.
 */
export class SourceTable {
  readonly #addresses = new Int32Array(SLOTS);
  readonly #vnis = new Int32Array(SLOTS);
  readonly #packets = new Float64Array(SLOTS);
  readonly #cut = new Float64Array(SLOTS);
  readonly #lastMs = new Float64Array(SLOTS);
  /** Bytes of the longest frame that was whole. */
  readonly #longest = new Uint32Array(SLOTS);

  /**
   * @param length of the frame, bytes
   * @param isCut its end is not there
   * @returns does this sender cut frames so? A mirror cuts all of them at one length: what is no longer than a whole
   * one was made so, and so may be the first ones.
   */
  seen(address: number, vni: number, length: number, isCut: boolean, nowMs: number): boolean {
    const slot = this.#slot(address, vni);
    this.#packets[slot]!++;
    this.#lastMs[slot] = nowMs;
    const isLongest = length > this.#longest[slot]!;
    if (isCut) this.#cut[slot]!++;
    else if (isLongest) this.#longest[slot] = length;
    return isLongest && this.#cut[slot]! > FIRST_CUTS;
  }

  #slot(address: number, vni: number): number {
    const first = Math.imul(address ^ Math.imul(vni, 0x85eb_ca6b), 0x9e37_79b1) >>> 22;
    let oldest = first;
    for (let i = 0; i < PROBES; i++) {
      const slot = (first + i) & (SLOTS - 1);
      if (this.#packets[slot] === 0) return this.#take(slot, address, vni);
      if (this.#addresses[slot] === address && this.#vnis[slot] === vni) return slot;
      if (this.#lastMs[slot]! < this.#lastMs[oldest]!) oldest = slot;
    }
    return this.#take(oldest, address, vni);
  }

  #take(slot: number, address: number, vni: number): number {
    this.#addresses[slot] = address;
    this.#vnis[slot] = vni;
    this.#packets[slot] = 0;
    this.#cut[slot] = 0;
    this.#longest[slot] = 0;
    return slot;
  }

  /** In no order. */
  list(): SeenSource[] {
    const found: SeenSource[] = [];
    for (let i = 0; i < SLOTS; i++) {
      if (this.#packets[i] === 0) continue;
      found.push({
        address: this.#addresses[i]!,
        vni: this.#vnis[i]!,
        packets: this.#packets[i]!,
        cutPackets: this.#cut[i]!,
        lastMs: this.#lastMs[i]!,
      });
    }
    return found;
  }
}

/** Of several threads: one entry a source, the busiest first, at most `limit`. */
export function mergeSources(lists: readonly (readonly SeenSource[])[], limit: number): SeenSource[] {
  const merged = new Map<string, SeenSource>();
  for (const one of lists.flat()) {
    const key = `${one.address} ${one.vni}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? one : {
      ...one,
      packets: known.packets + one.packets,
      cutPackets: known.cutPackets + one.cutPackets,
      lastMs: Math.max(known.lastMs, one.lastMs),
    });
  }
  return [...merged.values()].sort((a, b) => b.packets - a.packets).slice(0, limit);
}
