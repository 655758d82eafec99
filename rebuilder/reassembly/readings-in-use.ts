import { AgingMap } from './aging-map.ts';

interface Evictable { evict(): void }

/**
 * Streams that are read in more than one way, longest ago first: where memory for that is short, the oldest make room.
 */
export class ReadingsInUse {
  readonly #streams = new AgingMap<Evictable, Evictable>();

  add(stream: Evictable): void {
    if (this.#streams.get(stream) === undefined) this.#streams.set(stream, stream);
  }

  delete(stream: Evictable): void {
    this.#streams.delete(stream);
  }

  /** @returns false: there is nobody left */
  evict(): boolean {
    const { oldest } = this.#streams;
    if (oldest === undefined) return false;
    this.#streams.delete(oldest);
    oldest.evict();
    return true;
  }
}
