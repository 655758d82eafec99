import { AgingMap } from './aging-map.ts';

/** So many are remembered. */
const MOST = 1024;

/** Keys of datagrams that were refused, and when: a mirror may show their fragments twice. */
export class RefusedDatagrams {
  readonly #times = new AgingMap<string, number>();

  add(key: string, nowMs: number): void {
    this.#times.set(key, nowMs);
    if (this.#times.size > MOST) this.#times.deleteOldest();
  }

  has(key: string, nowMs: number, timeoutMs: number): boolean {
    const refusedMs = this.#times.get(key);
    return refusedMs !== undefined && nowMs - refusedMs < timeoutMs;
  }
}
