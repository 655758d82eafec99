// The service with native nodes alone: where its requests end, and what it says when the nodes are away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_PORTS, RunningService, file, ledgerOf, rebuilder } from '../command-line.ts';
import { NodeStandIn } from '../forward/ext-proc/node-stand-in.ts';
import { freePort } from '../free-port.ts';
import { MirroredRequests } from '../mirrored-requests.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const get = (i: number): string => `GET /${i} HTTP/1.1\r\nHost: shop.example\r\n\r\n`;

const configuration = (workers: number, port: number): string => `
mode: tcp-capture-v2
workers: ${workers}
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}, parse_responses: true}
forward: {deadline: 4s, ext_proc: {endpoint: "http://127.0.0.1:${port}"}}
${ANY_PORTS}`;

/** Workers tell ten times a second what they hold. */
async function balanced(service: RunningService): Promise<void> {
  const isSettled = (text: string): boolean => /^rebuilder_(requests|exchanges)_in_flight 0$/m.test(text) && !/^rebuilder_imbalance.* [^0]\S*$/m.test(text);
  while (!isSettled(await service.metrics())) await new Promise((resolve) => setTimeout(resolve, 100));
}

for (const workers of [0, 2]) {
  test(`each request ends with its hand-over, each exchange at a node, and both sums hold (workers: ${workers})`, { timeout: 60_000 }, async (t) => {
    const node = await NodeStandIn.start(t);
    const service = await RunningService.start(t, configuration(workers, node.port));
    const mirror = new MirroredRequests(t, service.port('vxlan'));
    for (let i = 0; i < 40; i++) await mirror.connection([get(i), ANSWER]);
    for (let i = 0; i < 10; i++) await mirror.connection([get(i)]);
    await service.reaches('ext_proc.delivered', 50);
    await balanced(service);
    assert.equal(await service.stop(), 0);
    const ledger = ledgerOf(service.said.stderr);
    assert.deepEqual(
      [ledger['http.requests'], ledger['ext_proc.only_delivery'], ledger['ext_proc.submitted'], ledger['ext_proc.delivered'], ledger['ext_proc.without_response']],
      [50, 50, 50, 50, 10],
    );
    assert.equal(node.streamCount, 50);
    assert.match(service.said.stderr, new RegExp(`delivering to http://127.0.0.1:${node.port}`));
  });

  test(`nodes that are away are one line with the reason, and their return another (workers: ${workers})`, { timeout: 60_000 }, async (t) => {
    const port = await freePort();
    const service = await RunningService.start(t, configuration(workers, port));
    const mirror = new MirroredRequests(t, service.port('vxlan'));
    await mirror.connection([get(1), ANSWER]);
    await service.says(new RegExp(`http://127\\.0\\.0\\.1:${port}: .*cannot be reached: .*ECONNREFUSED.*; tried again`));
    await service.reaches('ext_proc.deadline', 1);
    await balanced(service);
    await NodeStandIn.start(t, undefined, null, {}, port);
    await mirror.connection([get(2), ANSWER]);
    await service.says(new RegExp(`http://127\\.0\\.0\\.1:${port} answers again`));
    assert.equal(await service.stop(), 0);
  });
}

test('a file of certificates that is none is a sentence before anything is started', async (t) => {
  const conf = file(t, 'conf.yaml', `forward: {ext_proc: {endpoint: "https://nodes.example:5080", tls: {ca_file: /dev/null}}}\n${ANY_PORTS}`);
  const { status, stderr } = await rebuilder(['run', '-c', conf]);
  assert.equal(status, 2);
  assert.match(stderr, /^rebuilder: forward\.ext_proc\.tls\.ca_file: \/dev\/null holds no certificate/m);
});
