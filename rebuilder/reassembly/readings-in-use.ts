import { AgingMap } from './aging-map.ts';

interface Droppable { drop(): void }

/** Streams that are read in more than one way, longest ago first: where memory for that is short, the oldest make room. */
export class ReadingsInUse {
  readonly #streams = new AgingMap<Droppable, Droppable>();

  add(stream: Droppable): void {
    if (this.#streams.get(stream) === undefined) this.#streams.set(stream, stream);
  }

  delete(stream: Droppable): void {
    this.#streams.delete(stream);
  }

  /** @returns false: there is nobody left */
  evict(): boolean {
    const { oldest } = this.#streams;
    if (oldest === undefined) return false;
    oldest.drop();
    this.#streams.delete(oldest);
    return true;
  }
}
