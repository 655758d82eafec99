import type { Packet } from '../wire/packet.ts';

/**
 * Which checksums one direction has shown to be right: from then on a wrong or missing one is the receiver's reason to drop, so ours, too. Where none
 * was ever right, the capture spoilt them (segmentation offload, addresses that were replaced).
 */
export class ShownSums {
  #ofSegments = false;
  #ofHeaders = false;

  /** @returns false: there is reason to doubt the packet */
  accept({ checksum, headerSum }: Packet): boolean {
    if (checksum === 'wrong' && this.#ofSegments) return false;
    if ((headerSum === 'none' || headerSum === 'wrong') && this.#ofHeaders) return false;
    if (checksum === 'correct') this.#ofSegments = true;
    if (headerSum === 'correct') this.#ofHeaders = true;
    return true;
  }
}
