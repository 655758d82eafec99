import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ledger } from '../../rebuilder/ledger.ts';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { exchangeOutput } from '../../rebuilder/cli/exchange-output.ts';
import { REPLAY_OPTIONS, replay } from '../../rebuilder/cli/replay.ts';
import { balance } from '../../rebuilder/status/balance.ts';
import { differences, expectedCaptures } from '../corpus.ts';

describe('replay of real captures with known requests', { skip: expectedCaptures().length === 0 && '../shared/captures is not beside this checkout' }, () => {
  for (const expected of expectedCaptures()) {
    test(`${expected.name} (${expected.tags.join(' ')})`, async () => {
      const exchanges: ExchangeJson[] = [];
      const ledger = new Ledger();
      const output = exchangeOutput('jsonl', (line) => exchanges.push(JSON.parse(line.toString()) as ExchangeJson), ledger);
      const pipeline = await replay([expected.file], REPLAY_OPTIONS, output, ledger);
      assert.deepEqual(differences(expected, exchanges), []);
      const gauges = pipeline.gauges();
      const flying = { packets: gauges.pendingPackets, bytes: gauges.pendingBytes, requests: gauges.waitingRequests };
      assert.deepEqual(balance(ledger, flying).filter((unit) => unit.imbalance !== 0), []);
      assert.deepEqual(flying, { packets: 0, bytes: 0, requests: 0 }, 'nothing is in flight after the end of a file');
    });
  }
});
