import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { isReservedName } from '../../rebuilder/forward/header-name.ts';
import { have } from '../http-mirror/program.ts';
import { freePort } from '../free-port.ts';
import { Recorder, sendRaw, values, type Recorded } from '../http-mirror/stand-ins.ts';
import { everyName, startNode, verdict, type NodeOptions, type Verdict } from './node.ts';

type Field = readonly [name: string, value: string];

/**
 * As the rebuilder writes it (design: "What is added to a forwarded request"): the client's lines, its claims renamed,
 * then ours.
 */
const rebuilt = (client: readonly Field[], ours: readonly Field[], { target = '/', method = 'GET', body = '' } = {}): string => {
  const renamed = client.map(([name, value]): Field => {
    const bytes = Buffer.from(name, 'latin1');
    return [isReservedName(bytes, 0, bytes.length) ? `X-Mirror-Original-${name}` : name, value];
  });
  const length: Field[] = body === '' ? [] : [['Content-Length', String(Buffer.byteLength(body))]];
  const lines = [...renamed, ...length, ...ours, ['Connection', 'close'] as const].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${target} HTTP/1.1\r\n${lines}\r\n${body}`;
};

const OURS: readonly Field[] = [
  ['X-Forwarded-For', '203.0.113.7'], ['X-Real-IP', '203.0.113.7'], ['X-Scheme', 'http'], ['X-Mirror-Forwarded-Proto', 'http'],
  ['X-Mirror-Forwarded-Port', '40312'], ['X-Forwarded-Proto', 'http'], ['X-Forwarded-Port', '40312'], ['X-SERVER-ADDR', '10.0.2.9'],
  ['X-SERVER-PORT', '8080'], ['X-Request-ID', 'a1'], ['X-Mirror-Id', 'a1'], ['X-Mirror-Vni', '1377'], ['X-Mirror-Complete', 'true'],
];
const HOST: Field = ['Host', 'shop.example'];
const EXPECTED: Verdict = {
  remote_addr: '203.0.113.7', server_addr: '10.0.2.9', server_port: '8080', response_status: '0', response_time: '0', response_size: '0',
  application: '',
};

interface Case {
  name: string;
  request: string;
  expect: Partial<Verdict>;
  /** Fields that must arrive for inspection, and with what value. */
  inspected?: readonly Field[];
}

const paired = (status: string, time: string, size: string): Field[] => [
  ...OURS, ['X-Response-Status', status], ['X-Response-Time', time], ['X-Response-Size', size],
];

const CASES: readonly Case[] = [
  { name: 'a plain request', request: rebuilt([HOST], OURS), expect: {} },
  { name: 'an IPv6 client and server',
    request: rebuilt([HOST], [['X-Forwarded-For', '2001:db8::7'], ['X-SERVER-ADDR', '2001:db8::2:9'], ['X-SERVER-PORT', '80']]),
    expect: { remote_addr: '2001:db8::7', server_addr: '2001:db8::2:9', server_port: '80' } },
  { name: 'a client inside the trusted network', request: rebuilt([HOST], [['X-Forwarded-For', '127.0.0.9'], ...OURS.slice(1)]),
    expect: { remote_addr: '127.0.0.9' } },
  { name: 'a paired response', request: rebuilt([HOST], paired('404', '0.042', '1830')),
    expect: { response_status: '404', response_time: '0.042', response_size: '1830' } },
  { name: 'a paired response that makes no sense counts as none', request: rebuilt([HOST], paired('2000', '-1', '1e3')), expect: {} },
  { name: 'a forged X-Forwarded-For, with an attack in it',
    request: rebuilt([HOST, ['X-Forwarded-For', '127.0.0.1\' or 1=1--, 6.6.6.6']], OURS), expect: {},
    inspected: [['X-Mirror-Original-X-Forwarded-For', '127.0.0.1\' or 1=1--, 6.6.6.6']] },
  { name: 'forged server and response, before and in another case',
    request: rebuilt([['x-server-addr', '6.6.6.6'], ['X-SERVER-PORT', '1'], HOST, ['X-RESPONSE-STATUS', '200'], ['X-Response-Size', '5']], OURS), expect: {},
    inspected: [['X-Mirror-Original-x-server-addr', '6.6.6.6'], ['X-Mirror-Original-X-RESPONSE-STATUS', '200']] },
  { name: 'the application of a route', request: rebuilt([HOST], [...OURS, ['X-Mirror-Application', '7']]), expect: { application: '7' } },
  { name: 'an application that is no positive number is the node\'s default', request: rebuilt([HOST], [...OURS, ['X-Mirror-Application', '0']]), expect: {} },
  { name: 'a forged application', request: rebuilt([['x-mirror-application', '6'], ['X-Mirror-Partner', 'forged'], HOST], OURS), expect: {},
    inspected: [['X-Mirror-Original-x-mirror-application', '6'], ['X-Mirror-Original-X-Mirror-Partner', 'forged']] },
  { name: 'forged names with underscores', request: rebuilt([HOST, ['X_Server_Addr', '6.6.6.6'], ['X_FORWARDED_FOR', '6.6.6.6']], OURS), expect: {} },
  { name: 'a field of 20 KB is inspected, not refused', request: rebuilt([HOST, ['X-Long', 'a'.repeat(20_000)]], OURS), expect: {},
    inspected: [['X-Long', 'a'.repeat(20_000)]] },
  { name: 'a target of 15 KB is inspected, not refused', request: rebuilt([HOST], OURS, { target: `/?q=${'a'.repeat(15_000)}` }), expect: {} },
  { name: 'a body of 3 MB is inspected, not refused', request: rebuilt([HOST], OURS, { method: 'POST', body: 'b'.repeat(3_000_000) }), expect: {} },
];

interface Node {
  ask: (request: string) => Promise<Recorded>;
}

const node = async (t: TestContext, options: Pick<NodeOptions, 'trusted' | 'change'>): Promise<Node> => {
  const recorder = await new Recorder((_request, response) => response.end('ok')).start();
  t.after(() => recorder.stop());
  const port = await freePort();
  await startNode(t, { port, recorder: recorder.port, ...options });
  return {
    ask: async (request) => {
      const before = recorder.requests.length;
      assert.match(await sendRaw(port, request), /^HTTP\/1.1 200/);
      const got = recorder.requests[before];
      assert.ok(got);
      return got;
    },
  };
};

test('examples/wallarm-node/mirror.conf in real nginx', async (t) => {
  if (!have(t, 'nginx', 'apt-get install nginx')) return;

  await t.test('requests of the rebuilder', async (t) => {
    const { ask } = await node(t, { trusted: ['127.0.0.0/8', '::1/128'] });
    for (const { name, request, expect, inspected = [] } of CASES) {
      await t.test(name, async () => {
        const got = await ask(request);
        assert.deepEqual(verdict(got), { ...EXPECTED, ...expect });
        for (const [field, value] of inspected) assert.deepEqual(values(got, field), [value]);
      });
    }
  });

  await t.test('a peer that is not a sender of ours is itself the client', async (t) => {
    const { ask } = await node(t, { trusted: ['10.0.0.0/8'] });
    assert.equal(verdict(await ask(rebuilt([HOST], OURS))).remote_addr, '127.0.0.1');
  });

  await t.test('with every name let in: right with the rebuilder alone, and odd names are inspected', async (t) => {
    const { ask } = await node(t, { trusted: ['127.0.0.0/8'], change: everyName });
    for (const { name, request, expect, inspected = [] } of CASES) {
      await t.test(name, async () => {
        const got = await ask(request);
        assert.deepEqual(verdict(got), { ...EXPECTED, ...expect });
        for (const [field, value] of inspected) assert.deepEqual(values(got, field), [value]);
      });
    }
    const odd: Field[] = [['X_Server_Addr', '6.6.6.6'], ['X-Server_Port', '6'], ['User_Attack', '../../etc/passwd'], ['x.attack', '${jndi:ldap://a}']];
    const got = await ask(rebuilt([...odd, HOST], OURS));
    assert.deepEqual(verdict(got), EXPECTED);
    for (const [field, value] of [['X-Mirror-Original-X_Server_Addr', '6.6.6.6'], ...odd.slice(2)] as const) assert.deepEqual(values(got, field), [value]);
  });

  await t.test('with every name let in, a sender that renames nothing lets the client forge: why it is off by default', async (t) => {
    const lines = [HOST, ['X_Server_Addr', '6.6.6.6'], ...OURS, ['Connection', 'close']].map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const request = `GET / HTTP/1.1\r\n${lines}\r\n`;
    const open = await node(t, { trusted: ['127.0.0.0/8'], change: everyName });
    assert.match(verdict(await open.ask(request)).server_addr, /6\.6\.6\.6/);
    const shipped = await node(t, { trusted: ['127.0.0.0/8'] });
    assert.deepEqual(verdict(await shipped.ask(request)), EXPECTED);
  });

  await t.test('a load balancer that appends its own address: real_ip_recursive on finds the client', async (t) => {
    const appended = rebuilt([HOST], [['X-Forwarded-For', '203.0.113.7, 127.0.0.50'], ...OURS.slice(1)]);
    const off = await node(t, { trusted: ['127.0.0.0/8'] });
    assert.equal(verdict(await off.ask(appended)).remote_addr, '127.0.0.50');
    const on = await node(t, { trusted: ['127.0.0.0/8'], change: (text) => text.replace('real_ip_recursive off', 'real_ip_recursive on') });
    assert.equal(verdict(await on.ask(appended)).remote_addr, '203.0.113.7');
  });
});
