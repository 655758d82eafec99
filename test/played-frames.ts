// Captured frames through the pipeline, as `replay` sends them.
import assert from 'node:assert/strict';
import { REPLAY_OPTIONS } from '../rebuilder/cli/replay.ts';
import { type ExchangeJson, exchangeJson } from '../rebuilder/exchange/exchange-json.ts';
import { type HttpRequest, isHttp09 } from '../rebuilder/http/http-request.ts';
import { Ledger } from '../rebuilder/ledger.ts';
import { Pipeline, type PipelineOptions } from '../rebuilder/pipeline.ts';
import { balance } from '../rebuilder/status/balance.ts';
import type { CollectedFrame } from './collected-frames.ts';

/**
 * Plays the frames to their end: nothing may be left in flight, and the ledger must balance.
 * @param look called with each request that becomes an exchange, while its bytes are borrowed
 */
export function play(
  frames: readonly CollectedFrame[], options: Partial<PipelineOptions> = {},
  look: (request: HttpRequest) => void = () => {},
): { exchanges: ExchangeJson[]; ledger: Ledger } {
  const ledger = new Ledger();
  const exchanges: ExchangeJson[] = [];
  const pipeline = new Pipeline({ ...REPLAY_OPTIONS, ...options }, ledger, {
    exchange: (request) => {
      if (isHttp09(request)) {
        ledger.count('http.http09_request');
        return;
      }
      ledger.count('http.exchanges');
      exchanges.push(exchangeJson(request));
      look(request);
    },
  });
  for (const { link, bytes, originalLength, timeMs } of frames) {
    pipeline.frame(link, bytes, 0, bytes.length, originalLength, timeMs, 0);
  }
  pipeline.flush();
  const { pendingBytes, pendingPackets, waitingRequests } = pipeline.gauges();
  const flying = { packets: pendingPackets, bytes: pendingBytes, requests: waitingRequests };
  assert.deepEqual(flying, { packets: 0, bytes: 0, requests: 0 }, 'nothing is in flight');
  assert.deepEqual(balance(ledger, flying).filter((unit) => unit.imbalance !== 0), [], 'ledger');
  return { exchanges, ledger };
}
