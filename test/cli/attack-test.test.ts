import assert from 'node:assert/strict';
import test from 'node:test';
import { attackTest } from '../../rebuilder/cli/attack-test.ts';
import { ProbeUsageError } from '../../rebuilder/cli/probe.ts';
import { rebuilder } from '../command-line.ts';
import { freePort } from '../free-port.ts';
import { Recorder, values } from '../http-mirror/stand-ins.ts';

const siteAnswering = (status: number, headers: Record<string, string> = {}): Promise<Recorder> =>
  new Recorder((_request, response) => {
    response.writeHead(status, headers);
    response.end();
  }).start();

test('attack-test sends the path traversal and says where to look', async (t) => {
  const site = await siteAnswering(404);
  t.after(() => site.stop());
  const result = await attackTest({ to: `http://127.0.0.1:${site.port}/shop?ignored` });
  assert.equal(result.sent, true);
  assert.equal(result.status, 404);
  assert.deepEqual(site.requests.map(({ method, target }) => [method, target]), [['GET', `/etc/passwd?${result.mark}`]]);
  assert.match(result.lines[0]!, /answered with 404/);
  assert.ok(result.lines.some((line) => line.includes('access log') && line.includes(result.mark)));
  for (const counter of ['capture.frames', 'forward.delivered']) assert.ok(result.lines.some((line) => line.includes(counter)));
});

test('attack-test --via connects to one mirrored server and still asks for the site', async (t) => {
  const server = await siteAnswering(200);
  t.after(() => server.stop());
  const result = await attackTest({ to: 'http://shop.example', via: `127.0.0.1:${server.port}` });
  assert.equal(result.status, 200);
  assert.deepEqual(values(server.requests[0]!, 'host'), ['shop.example']);
  assert.match(result.lines[0]!, new RegExp(`shop.example at 127.0.0.1:${server.port}`));
});

test('attack-test: each run is told from the others', async (t) => {
  const site = await siteAnswering(200);
  t.after(() => site.stop());
  const to = `http://127.0.0.1:${site.port}`;
  assert.notEqual((await attackTest({ to })).mark, (await attackTest({ to })).mark);
});

test('attack-test points at a site that sends its clients to TLS', async (t) => {
  const site = await siteAnswering(301, { Location: 'https://shop.example/etc/passwd' });
  t.after(() => site.stop());
  const { lines } = await attackTest({ to: `http://127.0.0.1:${site.port}` });
  assert.ok(lines.some((line) => line.includes('--to https://shop.example')));
});

test('attack-test: a site that cannot be reached, or does not answer, is a result with its reason', async (t) => {
  const refused = await attackTest({ to: `http://127.0.0.1:${await freePort()}` });
  assert.deepEqual([refused.sent, refused.status], [false, null]);
  assert.match(refused.lines[0]!, /ECONNREFUSED/);
  const silent = await new Recorder(() => undefined).start();
  t.after(() => silent.stop());
  const none = await attackTest({ to: `http://127.0.0.1:${silent.port}`, timeoutMs: 200 });
  assert.equal(none.sent, false);
  assert.match(none.lines[0]!, /no answer within 0.2 s/);
});

test('attack-test: of an https site that is an address, Node has nothing to warn of', async () => {
  const { status, stdout, stderr } = await rebuilder(['attack-test', '--to', `https://127.0.0.1:${await freePort()}`]);
  assert.deepEqual([status, stderr], [1, '']);
  assert.match(stdout, /ECONNREFUSED/);
});

test('attack-test: a wrong flag is named, with what to write instead', async () => {
  for (const [options, sentence] of [
    [{ to: 'shop.example' }, /--to shop.example: .*http:\/\/shop.example/],
    [{ to: 'ftp://shop.example' }, /--to ftp:/],
    [{ to: 'http://shop.example', via: 'http://10.0.0.1' }, /--via http:\/\/10.0.0.1: .*10.0.2.9:8080/],
    [{ to: 'http://shop.example', via: '10.0.0.1/x' }, /--via/],
    [{ to: 'http://shop.example', via: '10.0.0.1:99999' }, /--via/],
  ] as const) {
    await assert.rejects(
      attackTest(options),
      (error: Error) => error instanceof ProbeUsageError && sentence.test(error.message),
    );
  }
});
