import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSampleApp } from '../../rebuilder/demo/sample-app.ts';

test('answers what the introduction tells people to try', async (t) => {
  const app = await startSampleApp();
  t.after(() => app.stop());
  const url = `http://127.0.0.1:${app.port}`;
  assert.equal((await fetch(url)).status, 200);
  assert.equal((await fetch(`${url}/api/users`, { method: 'POST', body: 'Edsger' })).status, 201);
  const form = await fetch(`${url}/api/users`, { method: 'POST', body: new URLSearchParams({ name: 'Ada L.' }) });
  assert.equal(((await form.json()) as { name: string }).name, 'Ada L.', 'as curl -d sends it');
  assert.match(await (await fetch(`${url}/api/users`)).text(), /Edsger/);
  assert.deepEqual(await (await fetch(`${url}/echo`, { method: 'PUT', body: 'x'.repeat(100_000) })).json(), { method: 'PUT', bytes: 100_000 });
  assert.equal((await fetch(`${url}/etc/passwd`)).status, 404);
});

test('a body beyond the limit is refused', async (t) => {
  const app = await startSampleApp();
  t.after(() => app.stop());
  const answer = await fetch(`http://127.0.0.1:${app.port}/echo`, { method: 'POST', body: Buffer.alloc(17 * 1024 * 1024) }).then(({ status }) => status, () => 0);
  assert.ok(answer === 413 || answer === 0);
});
