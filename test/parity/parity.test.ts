// The same attack, told twice: straight to a web application firewall, and through mirror, rebuilder and load balancer
// to another of its kind. Each request must set off the same rules. `PARITY=full npm test parity/parity` plays every
// attack at every place and in every framing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { SoftwareMirror } from '../../rebuilder/demo/software-mirror.ts';
import { ANY_PORTS, RunningService } from '../command-line.ts';
import { until } from '../forward/dispatcher-fixture.ts';
import { parityCases } from './cases.ts';
import { LoadBalancerStandIn } from './load-balancer.ts';
import { Waf, wafInstalled } from './waf.ts';

/** Sends all of it and waits for the end of the answers: the server closes, or nothing comes any more. */
async function send(port: number, bytes: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.setTimeout(400, () => socket.end());
  socket.write(bytes, 'latin1');
  socket.resume();
  await once(socket, 'close');
}

test('each attack sets off the same rules at the node as at the application', { timeout: 600_000 }, async (t) => {
  if (!wafInstalled(t)) return;
  const cases = parityCases(process.env['PARITY'] === 'full');
  assert.ok(cases.length >= 500, `${cases.length} cases`);
  const [application, node] = [await Waf.start(t), await Waf.start(t)];
  const balancer = await LoadBalancerStandIn.start(t, node.port);
  const service = await RunningService.start(t, `
mode: tcp-capture-v2
workers: 0
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}
forward: {raw_endpoint: "127.0.0.1:${node.port}"}
${ANY_PORTS}`, ['--to', `http://127.0.0.1:${balancer.port}`]);
  const mirror = await SoftwareMirror.start({
    listen: { host: '127.0.0.1', port: 0 }, app: { host: '127.0.0.1', port: application.port },
    rebuilder: { host: '127.0.0.1', port: service.port('vxlan') }, vni: 7,
  });
  t.after(() => mirror.stop());
  for (let from = 0; from < cases.length; from += 16) {
    await Promise.all(cases.slice(from, from + 16).map(({ bytes }) => send(mirror.port, bytes)));
  }
  const expected = application.hits();
  assert.ok(expected.size >= 0.9 * cases.length, `the application read ${expected.size} of ${cases.length}`);
  await service.reaches('forward.delivered', expected.size);
  // It has answered; what it wrote down may lie in its buffer for a moment.
  await until('the node to have all', () => node.hits().size >= expected.size, 30_000).catch(() => undefined);
  const hits = node.hits();
  const missed = [...expected].filter(([number, rules]) => hits.get(number)?.join() !== rules.join());
  const differences = missed.map(([number, rules]) => ({
    name: cases[Number(number)]?.name ?? number, application: rules.join(' '), node: hits.get(number)?.join(' ') ?? 'nothing came',
  }));
  assert.deepEqual(differences, [], await service.metrics());
  assert.ok([...expected.values()].filter((rules) => rules.length > 0).length > 0.8 * expected.size, 'most cases are attacks that the rules know');
  assert.deepEqual(balancer.refused, []);
});
