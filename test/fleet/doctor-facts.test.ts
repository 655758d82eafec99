// What the doctor reads where the emulated account is simpler than AWS, or is not AWS at all.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { openAccount } from '../../fleet/aws/account.ts';
import { alarmsNamed } from '../../fleet/doctor/facts.ts';
import { read } from '../../fleet/doctor/rebuilder.ts';

test('alarms on the second page are read too', async () => {
  const account = await openAccount({ region: 'us-east-1' });
  account.cloudWatch.middlewareStack.add(
    () => ({ input }) => {
      const isSecond = 'NextToken' in input && input.NextToken !== undefined;
      const page = isSecond ? { MetricAlarms: [{ AlarmName: 'vpc-mirror-b' }] } : { MetricAlarms: [{ AlarmName: 'vpc-mirror-a' }], NextToken: '2' };
      return Promise.resolve({ output: { ...page, $metadata: {} }, response: {} });
    },
    { step: 'initialize', priority: 'low' },
  );
  const names = (await alarmsNamed(account, 'vpc-mirror-')).map(({ AlarmName: name }) => name);
  assert.deepEqual(names, ['vpc-mirror-a', 'vpc-mirror-b']);
});

test('somebody else\'s page at a rebuilder\'s address is named as that', async (t) => {
  let status = 404;
  const server = createServer((_, response) => void response.writeHead(status).end('<html>shop</html>'));
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  t.after(() => void server.close());
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  const address = `http://127.0.0.1:${bound.port}`;
  await assert.rejects(read(address), /\/ready answers 404: is it the metrics address of a rebuilder\?/);
  status = 200;
  await assert.rejects(read(address), /\/ready is not a rebuilder's: is it the metrics address of one\?/);
});
