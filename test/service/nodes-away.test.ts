// A load balancer that stands, with no healthy node behind it: it takes every connection, and answers itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_PORTS, RunningService } from '../command-line.ts';
import { Recorder } from '../http-mirror/stand-ins.ts';
import { MirroredRequests } from '../mirrored-requests.ts';

for (const workers of [0, 2]) {
  test(`nodes that are away behind a load balancer are said: log, page, /ready, metric (workers: ${workers})`, { timeout: 120_000 }, async (t) => {
    let isAway = true;
    const balancer = await new Recorder((_request, response) => response
      .writeHead(isAway ? 503 : 200, { Server: isAway ? 'awselb/2.0' : 'nginx', 'Content-Length': 0 }).end()).start();
    t.after(() => balancer.stop());
    const service = await RunningService.start(t, `workers: ${workers}\ntcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}\n${ANY_PORTS}`,
      ['--to', `http://127.0.0.1:${balancer.port}`]);
    const mirror = new MirroredRequests(t, service.port('vxlan'));
    await mirror.connection(['GET /waits HTTP/1.1\r\nHost: a\r\n\r\n']);

    await service.says(/answers 503 in the node's place; tried again for up to 60 s a request/);
    const ready = await fetch(`${service.statusUrl}/ready`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /"endpoint answering","ok":false,"reason":"\S+: the load balancer answers 503 in the node's place"/);
    assert.match(await (await fetch(`${service.statusUrl}/metrics`)).text(), /^rebuilder_endpoint_up 0$/m);
    const { verdict } = (await (await fetch(`${service.statusUrl}/status.json`)).json()) as { verdict: { sentence: string } };
    assert.match(verdict.sentence, /^Not delivering: \S+ the load balancer answers 503 in the node's place; 1 request waits\.$/);

    isAway = false;
    await service.says(/http:\S+ answers again/);
    assert.ok(balancer.requests.some(({ target }) => target === '/waits'));
  });
}
