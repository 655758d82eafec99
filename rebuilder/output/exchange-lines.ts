import { exchangeLine } from '../exchange/exchange-json.ts';
import { isHttp09, type HttpRequest } from '../http/http-request.ts';
import type { CounterName, Ledger } from '../ledger.ts';

/** Takes whole lines; resolves to how many of them were written. Never rejects. */
export type LineWriter = (lines: Uint8Array) => Promise<number>;

export interface ExchangeLinesOptions {
  readonly write: LineWriter;
  /**
   * Lines not yet written, bytes: the first that comes when there are so many is left out, and all behind it until some
   * are written.
   */
  readonly queueBytes: number;
  readonly ledger: Ledger;
  /** A request that is not written has no other end: nothing is delivered. */
  readonly isOnlyEnd: boolean;
}

const BATCH_BYTES = 256 << 10;
const BATCH_MS = 50;
/** A disk that works needs no longer than this, also where delivery is not waited for. */
const LEAST_DRAIN_MS = 1000;

/**
 * The exchanges of one thread, as lines on their way to `exchanges.file`. Nobody waits for the disk: what it cannot
 * take is counted.
 */
export class ExchangeLines {
  readonly #options: ExchangeLinesOptions;
  #batch: Buffer[] = [];
  #batchBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Lines whose end is not known yet. */
  #pendingLines = 0;
  #pendingBytes = 0;
  readonly #writing = new Set<Promise<void>>();

  constructor(options: ExchangeLinesOptions) {
    this.#options = options;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Requests that are in flight because they have no other end. */
  get waitingRequests(): number {
    return this.#options.isOnlyEnd ? this.#pendingLines : 0;
  }

  exchange(request: HttpRequest): void {
    const { queueBytes, ledger, isOnlyEnd } = this.#options;
    // The format is that of HTTP/1.x.
    if (isHttp09(request)) {
      ledger.count(isOnlyEnd ? 'http.http09_request' : 'exchanges.http09_request');
      return;
    }
    if (this.#pendingBytes >= queueBytes) {
      this.#notWritten('exchanges.queue_full', 1);
      return;
    }
    const line = Buffer.from(exchangeLine(request));
    this.#batch.push(line);
    this.#batchBytes += line.length;
    this.#pendingBytes += line.length;
    this.#pendingLines++;
    if (this.#batchBytes >= BATCH_BYTES) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), BATCH_MS);
  }

  /**
   * No more will come: waits until all is written, for at most `timeoutMs` (but a second at least); what is not counts
   * as left out.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#send();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(timeoutMs, LEAST_DRAIN_MS));
    });
    await Promise.race([Promise.all(this.#writing), timeout]);
    clearTimeout(timer);
    this.#notWritten('exchanges.queue_full', this.#pendingLines);
    this.#pendingLines = 0;
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#batch.length === 0) return;
    const [lines, bytes] = [this.#batch.length, this.#batchBytes];
    const written = this.#options.write(Buffer.concat(this.#batch, bytes)).then((count) => {
      this.#writing.delete(written);
      this.#pendingBytes -= bytes;
      // After the end of the wait they are counted already.
      if (this.#pendingLines < lines) return;
      this.#pendingLines -= lines;
      this.#options.ledger.count('exchanges.written', count);
      if (this.#options.isOnlyEnd) this.#options.ledger.count('http.exchanges', count);
      this.#notWritten('exchanges.write_failed', lines - count);
    });
    this.#writing.add(written);
    this.#batch = [];
    this.#batchBytes = 0;
  }

  #notWritten(reason: CounterName, lines: number): void {
    this.#options.ledger.count(reason, lines);
    if (this.#options.isOnlyEnd) this.#options.ledger.count('exchanges.lost_request', lines);
  }
}
