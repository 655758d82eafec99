import type { Ledger } from '../ledger.ts';
import type { Budget } from '../reassembly/budget.ts';
import { type ReaderContext, readerContext } from '../http/reader-context.ts';
import { ChunkScanner } from './chunk-scanner.ts';
import type { MessageProgress } from './message-progress.ts';

/** So many are kept for later messages: after a flood of halves the others are let go. */
export const MOST_SPARE = 1024;

/** What all readers of HTTP/1 of one pipeline share besides. */
export interface Http1Context extends ReaderContext {
  /** For chunked bodies that lie whole in one piece. */
  readonly chunks: ChunkScanner;
  /** Ready for the next messages that do not: most connections have none in progress, so they hold none. */
  readonly spareProgress: MessageProgress[];
}

/** @param headBytes and bodyLimitBytes: how much of a head and of a body is kept */
export function http1Context(ledger: Ledger, budget: Budget, headBytes: number, bodyLimitBytes: number): Http1Context {
  return { ...readerContext(ledger, budget, headBytes, bodyLimitBytes), chunks: new ChunkScanner(), spareProgress: [] };
}
