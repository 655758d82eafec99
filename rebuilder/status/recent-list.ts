import type { RecentRequest } from './recent-requests.ts';

/** What changed since a revision; the next question begins at the one it is of. */
export interface Recent { readonly requests: readonly RecentRequest[]; readonly revision: number }

/** The last requests of all threads, as each has reported them: one that is reported again has gone a step further. */
export class RecentList {
  readonly #limit: number;
  readonly #entries = new Map<string, { request: RecentRequest; revision: number }>();
  #revision = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  merge(requests: readonly RecentRequest[]): void {
    for (const request of requests) {
      const revision = ++this.#revision;
      const known = this.#entries.get(request.key);
      if (known === undefined) this.#entries.set(request.key, { request, revision });
      else Object.assign(known, { request, revision });
    }
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(key);
    }
  }

  since(revision: number): Recent {
    const changed = [...this.#entries.values()].filter((one) => one.revision > revision).map(({ request }) => request);
    return { requests: changed.sort((a, b) => a.timeMs - b.timeMs), revision: this.#revision };
  }
}
