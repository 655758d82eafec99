import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drain } from '../../rebuilder/forward/drain.ts';

test('a drain ends when all has come to its end, without waiting for its time', async () => {
  const drain = new Drain();
  drain.emptied(); // Nobody waits yet.
  const waiting = drain.wait(2 ** 31 - 1).then(() => 'ended');
  const soon = (): Promise<string> => Promise.race([waiting, new Promise<string>((resolve) => setImmediate(resolve, 'waits'))]);
  assert.equal(await soon(), 'waits');
  drain.emptied();
  assert.equal(await soon(), 'ended');
});

test('a drain ends after its time, whatever is still in flight', async () => {
  const drain = new Drain();
  await drain.wait(1);
  assert.doesNotThrow(() => drain.emptied(), 'too late, and no harm');
});
