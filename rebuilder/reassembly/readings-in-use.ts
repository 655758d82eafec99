/** Streams that are read in more than one way, longest ago first: where memory for that is short, the oldest make room. */
export class ReadingsInUse {
  readonly #streams = new Set<{ drop(): void }>();

  add(stream: { drop(): void }): void {
    this.#streams.add(stream);
  }

  delete(stream: { drop(): void }): void {
    this.#streams.delete(stream);
  }

  /** @returns false: there is nobody left */
  evict(): boolean {
    for (const stream of this.#streams) {
      stream.drop();
      this.#streams.delete(stream);
      return true;
    }
    return false;
  }
}
