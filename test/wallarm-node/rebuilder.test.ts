// The whole way: packets in a capture, `rebuilder replay --to`, and the node's include in real nginx. What the node
// takes a client for must be what the packets say, whatever the client wrote.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { pcapFile } from '../capture-files.ts';
import { tcpFrame } from '../frames.ts';
import { have, scratch } from '../http-mirror/program.ts';
import { freePort } from '../free-port.ts';
import { Recorder, values, type Recorded } from '../http-mirror/stand-ins.ts';
import { everyName, startNode, verdict, type Verdict } from './node.ts';

const CLIENT = '198.51.100.23:40312';
const SERVER = '10.0.2.9:8080';

/** One connection in a capture: what the client sends, and what the server answers. */
const capture = (request: string, response = ''): Buffer => {
  const frames = [
    { bytes: tcpFrame(CLIENT, SERVER, { seq: 1000, flags: 2 }), timeMs: 1000 },
    { bytes: tcpFrame(SERVER, CLIENT, { seq: 5000, ack: 1001, flags: 18 }), timeMs: 1001 },
  ];
  for (let at = 0; at < request.length; at += 1400) {
    const bytes = tcpFrame(CLIENT, SERVER, { seq: 1001 + at, ack: 5001 }, request.slice(at, at + 1400));
    frames.push({ bytes, timeMs: 1002 + at / 1400 });
  }
  const seq = 1001 + request.length;
  if (response !== '') {
    frames.push({ bytes: tcpFrame(SERVER, CLIENT, { seq: 5001, ack: seq }, response), timeMs: 1044 });
  }
  frames.push({ bytes: tcpFrame(CLIENT, SERVER, { seq, ack: 5001 + response.length, flags: 17 }), timeMs: 1050 });
  return pcapFile(frames);
};

interface Case {
  name: string;
  request: string;
  response?: string;
  configuration?: string;
  expect: Partial<Verdict>;
  inspected?: readonly (readonly [string, string])[];
}

const EXPECTED: Verdict = {
  remote_addr: '198.51.100.23', server_addr: '10.0.2.9', server_port: '8080', response_status: '0', response_time: '0', response_size: '0',
  application: '',
};
const get = (...lines: string[]): string => `GET /etc/passwd?x=%27 HTTP/1.1\r\nHost: shop.example\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const PAIRED = 'tcp_stream:\n  parse_responses: true\n';

const CASES: readonly Case[] = [
  { name: 'a client without a proxy', request: get(), expect: {} },
  { name: 'a load balancer that is trusted', request: get('X-Forwarded-For: 6.6.6.6, 203.0.113.9'),
    configuration: 'proxy_headers:\n  - trusted_networks: [198.51.100.0/24]\n    real_ip: [X-Forwarded-For]\n', expect: { remote_addr: '203.0.113.9' } },
  { name: 'forged: a client that nobody trusts', request: get('X-Forwarded-For: 6.6.6.6', 'X-Real-IP: 6.6.6.6', 'X-SERVER-ADDR: 6.6.6.6'),
    expect: {}, inspected: [['X-Mirror-Original-X-Forwarded-For', '6.6.6.6'], ['X-Mirror-Original-X-SERVER-ADDR', '6.6.6.6']] },
  { name: 'forged with underscores and in another case', request: get('x_server_addr: 6.6.6.6', 'X-Server_Port: 6', 'x-FORWARDED_for: 6.6.6.6', 'User_Attack: ../x'),
    expect: {}, inspected: [['X-Mirror-Original-x_server_addr', '6.6.6.6'], ['User_Attack', '../x']] },
  { name: 'forged: a response that was never given', request: get('X-Response-Status: 200', 'X_Response_Size: 5'), expect: {},
    inspected: [['X-Mirror-Original-X-Response-Status', '200']] },
  { name: 'responses paired', request: get(), response: 'HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnope!', configuration: PAIRED,
    expect: { response_status: '404', response_time: '0.042', response_size: '5' } },
  { name: 'responses paired, a forged one beside it', request: get('X-Response-Status: 200', 'X_Response_Status: 200'),
    response: 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n', configuration: PAIRED,
    expect: { response_status: '403', response_time: '0.042', response_size: '0' } },
  { name: 'the application of a route, and a forged one beside it', request: get('X-Mirror-Application: 6', 'X_Mirror_Application: 6'),
    configuration: 'route_config:\n  wallarm_application: 7\n', expect: { application: '7' }, inspected: [['X-Mirror-Original-X-Mirror-Application', '6']] },
  { name: 'a body of 100 KB', request: `POST /upload HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 100000\r\n\r\n${'b'.repeat(100_000)}`, expect: {} },
];

const delivered = async (t: TestContext, { request, response, configuration = '' }: Case): Promise<Recorded> => {
  const recorder = await new Recorder((_request, answer) => answer.end('ok')).start();
  t.after(() => recorder.stop());
  const port = await freePort();
  // The rebuilder is the only sender here, so that every name is let in.
  await startNode(t, { port, recorder: recorder.port, trusted: ['127.0.0.1/32'], change: everyName });
  const folder = scratch(t);
  writeFileSync(join(folder, 'packets.pcap'), capture(request, response));
  writeFileSync(join(folder, 'conf.yaml'), `version: 4\nmode: tcp-capture-v2\n${configuration}`);
  const rebuilder = join(import.meta.dirname, '../../rebuilder/rebuilder.js');
  await promisify(execFile)(process.execPath, [
    rebuilder, 'replay', join(folder, 'packets.pcap'), '-c', join(folder, 'conf.yaml'), '--to', `http://127.0.0.1:${port}`,
  ], { timeout: 60_000 });
  assert.equal(recorder.requests.length, 1, 'one request, once');
  return recorder.requests[0]!;
};

test('from packets to a node, by way of the rebuilder', async (t) => {
  if (!have(t, 'nginx', 'apt-get install nginx')) return;
  for (const each of CASES) {
    await t.test(each.name, async (t) => {
      const got = await delivered(t, each);
      assert.deepEqual(verdict(got), { ...EXPECTED, ...each.expect });
      assert.deepEqual(values(got, 'host'), ['shop.example']);
      for (const [name, value] of each.inspected ?? []) assert.deepEqual(values(got, name), [value], name);
      const body = each.request.slice(each.request.indexOf('\r\n\r\n') + 4);
      assert.equal(got.body.toString('latin1'), body);
    });
  }
});
