/** Waiting for what is in flight to come to its end, before everything is closed. */
export class Drain {
  #emptied: (() => void) | null = null;

  /** Resolves when emptied() is called, after `timeoutMs` at the latest. */
  async wait(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#emptied = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#emptied = null;
  }

  /** Nothing is in flight at this moment. */
  emptied(): void {
    this.#emptied?.();
  }
}
