/**
 * No deeper than what the node answers in this time: a queue of our own can still go elsewhere, one on a connection
 * cannot.
 */
const DEPTH_MS = 4;
const MIN_DEPTH = 2;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 1_000;

/**
 * How fast an endpoint is asked: how much is put on a connection ahead of its answers, and how long nothing is sent
 * when no node answers.
 */
export class Pace {
  readonly #maxDepth: number;
  /** ms a response takes in the middle of a batch, a low quantile: what our own pauses add is not the node's. */
  #serviceMs = 0.5;
  /** In a row: the load balancer said that no node answers. */
  #unavailable = 0;
  #pausedUntilMs = 0;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  /** Requests that one connection may hold unanswered. */
  get depth(): number {
    return Math.min(Math.max(MIN_DEPTH, Math.round(DEPTH_MS / this.#serviceMs)), this.#maxDepth);
  }

  /** One request at a time, until one is answered. */
  get isProbing(): boolean {
    return this.#unavailable > 0;
  }

  isPaused(nowMs: number): boolean {
    return nowMs < this.#pausedUntilMs;
  }

  /** A batch took `ms` for each of its responses. */
  took(ms: number): void {
    this.#serviceMs += (ms - this.#serviceMs) * (ms < this.#serviceMs ? 0.3 : 0.01);
  }

  /** The next pause is a short one again. */
  settle(): void {
    this.#unavailable = 0;
  }

  answered(): void {
    this.#unavailable = 0;
    this.#pausedUntilMs = 0;
  }

  /**
   * The load balancer answered in the node's place: longer pauses each time, never two rebuilders in step. What else
   * was asked before a pause does not make that longer.
   */
  unavailable(nowMs: number): void {
    if (this.isPaused(nowMs)) return;
    const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#unavailable, 10));
    this.#unavailable++;
    this.#pausedUntilMs = nowMs + pause * (0.5 + Math.random() / 2);
  }
}
