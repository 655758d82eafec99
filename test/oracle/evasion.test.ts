// What a real receiver read of packets made to mislead whoever watches (../shared/evasion, where it is at hand): all of it must be told, from both
// directions and from the client's packets alone.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { REPLAY_OPTIONS, readCaptures } from '../../rebuilder/cli/replay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { absent } from '../installed.ts';

const FOLDER = path.join(import.meta.dirname, '../../../shared/evasion');

interface Truth {
  readonly requests: readonly (readonly [method: string, target: string, body: string])[];
  readonly phantoms?: readonly (readonly [string, string])[];
}

async function told(file: string): Promise<{ name: string; complete: boolean; reading: number }[]> {
  const found: { name: string; complete: boolean; reading: number }[] = [];
  const pipeline = new Pipeline(REPLAY_OPTIONS, new Ledger(), {
    exchange: (request) => {
      const text = (start: number, end: number): string => Buffer.from(request.bytes.subarray(start, end)).toString('latin1');
      const body = text(request.headEnd, request.end);
      found.push({
        name: `${text(request.start, request.methodEnd)} ${text(request.targetStart, request.targetEnd)} ${body}`,
        complete: request.complete, reading: request.reading,
      });
    },
  });
  await readCaptures([file], pipeline);
  return found;
}

/** Packets' cases; those of framing (h…) have a test of their own. */
const cases = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => /^[efr].*\.pcap$/.test(name) && name !== 'r_longmethod.oneway.pcap').sort() : [];

test('captures with a receiver\'s word are at hand', (t) => {
  if (cases.length === 0) absent(t, 'no ../shared/evasion beside the checkout: the cases of test/oracle/kernel stand for its kinds');
});

for (const file of cases) {
  test(file, async () => {
    const truths = JSON.parse(readFileSync(path.join(FOLDER, `${file.replace(/(\.oneway)?\.pcap$/, '')}.truth.json`), 'utf8')) as Truth[];
    const seen = await told(path.join(FOLDER, file));
    for (const { requests, phantoms = [] } of truths) {
      const wanted = requests.map(([method, target, body]) => `${method} ${target} ${body}`);
      const whole = seen.filter(({ complete }) => complete).map(({ name }) => name);
      assert.deepEqual(wanted.filter((one) => !whole.includes(one)), [], `not told; told: ${JSON.stringify(seen)}`);
      assert.deepEqual(seen.filter(({ name }) => phantoms.some(([method, target]) => name.startsWith(`${method} ${target} `))), [], 'phantoms');
      assert.deepEqual(seen.filter(({ name, reading }) => reading === 1 && !wanted.includes(name)).map(({ name }) => name), [], 'not read, and not marked');
      assert.equal(new Set(seen.filter(({ reading }) => reading === 1).map(({ name }) => name)).size, seen.filter(({ reading }) => reading === 1).length, 'told twice');
    }
  });
}
