// Captures made to mislead whoever watches, read from their files: from both directions and from the client's packets
// alone.
import { test } from 'node:test';
import { REPLAY_OPTIONS, readCaptures } from '../../rebuilder/cli/replay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { absent } from '../installed.ts';
import { EVASIONS, type Told, assertTold, evasionFile } from './evasions.ts';

async function told(file: string): Promise<Told[]> {
  const found: Told[] = [];
  const pipeline = new Pipeline(REPLAY_OPTIONS, new Ledger(), {
    exchange: (request) => {
      const text = (start: number, end: number): string => Buffer.from(request.bytes.subarray(start, end)).toString('latin1');
      const body = text(request.headEnd, request.end);
      found.push({
        name: `${text(request.start, request.methodEnd)} ${text(request.targetStart, request.targetEnd)} ${body}`,
        complete: request.complete, reading: request.reading, correction: request.correction,
      });
    },
  });
  await readCaptures([file], pipeline);
  return found;
}

test('captures with a receiver\'s word are at hand', (t) => {
  if (EVASIONS.length === 0) absent(t, 'no ../shared/evasion beside the checkout: the cases of test/oracle/kernel stand for its kinds');
});

for (const name of EVASIONS) test(name, async () => assertTold(name, await told(evasionFile(name))));
