import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchEndpoints } from '../../rebuilder/service/endpoint-watch.ts';

test('one line when the endpoint stops to answer, one when it answers again, none while nothing changes', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const said: string[] = [];
  let [answering, nativeAnswers, detail] = [true, true, 'answering'];
  const end = watchEndpoints(() => [
    { url: 'http://node:80', answering, detail }, { url: 'https://native:5080', answering: nativeAnswers, detail: 'gone' },
  ], 60_000, (sentence) => said.push(sentence));
  const pass = (): void => t.mock.timers.tick(10_000);
  pass();
  assert.deepEqual(said, []);
  [answering, detail] = [false, '10.0.0.9 port 80 cannot be reached: ECONNREFUSED'];
  pass();
  detail = '10.0.0.10 port 80 cannot be reached: ECONNREFUSED';
  pass();
  assert.deepEqual(said.splice(0), ['http://node:80: 10.0.0.9 port 80 cannot be reached: ECONNREFUSED; tried again for up to 60 s a request (forward.deadline)']);
  [answering, detail] = [true, 'answering'];
  pass();
  pass();
  assert.deepEqual(said.splice(0), ['http://node:80 answers again']);
  nativeAnswers = false;
  pass();
  pass();
  assert.deepEqual(said.splice(0), ['https://native:5080: gone; tried again for up to 60 s a request (forward.deadline)'], 'each by itself');
  answering = false;
  end();
  pass();
  assert.deepEqual(said, []);
});
