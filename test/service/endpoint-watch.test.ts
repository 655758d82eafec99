import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchEndpoints } from '../../rebuilder/service/endpoint-watch.ts';
import type { EndpointCondition } from '../../rebuilder/status/status-source.ts';

test('one line when the endpoint stops answering, one when it answers again, none while nothing changes', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const said: string[] = [];
  let [condition, detail]: [EndpointCondition, string] = ['answering', 'answered'];
  let native: EndpointCondition = 'answering';
  const end = watchEndpoints(() => [
    { key: 'forward.endpoint', url: 'http://node:80', condition, detail },
    { key: 'forward.ext_proc.endpoint', url: 'https://native:5080', condition: native, detail: 'gone' },
  ], 60_000, (sentence) => said.push(sentence));
  const pass = (): void => t.mock.timers.tick(10_000);
  pass();
  assert.deepEqual(said, []);
  [condition, detail] = ['failing', '10.0.0.9 port 80 cannot be reached: ECONNREFUSED'];
  pass();
  detail = '10.0.0.10 port 80 cannot be reached: ECONNREFUSED';
  pass();
  assert.deepEqual(said.splice(0), ['http://node:80: 10.0.0.9 port 80 cannot be reached: ECONNREFUSED; tried again for up to 60 s a request']);
  [condition, detail] = ['answering', 'answered'];
  pass();
  pass();
  assert.deepEqual(said.splice(0), ['http://node:80 answers again']);
  native = 'failing';
  pass();
  pass();
  assert.deepEqual(said.splice(0), ['https://native:5080: gone; tried again for up to 60 s a request'], 'each by itself');
  condition = 'failing';
  end();
  pass();
  assert.deepEqual(said, []);
});
