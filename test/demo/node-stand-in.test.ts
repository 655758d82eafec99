import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { NodeStandIn, type ReceivedRequest } from '../../rebuilder/demo/node-stand-in.ts';

test('lists each request with the address our rules derived, and flags the path traversal test', async (t) => {
  const told: ReceivedRequest[] = [];
  const node = await NodeStandIn.start('127.0.0.1', 0, (request) => told.push(request));
  t.after(() => node.stop());
  const socket = connect({ host: '127.0.0.1', port: node.port });
  socket.write('GET /etc/passwd HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 10.0.1.7\r\n\r\n'
    + 'POST /x HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 10.0.1.8\r\nContent-Length: 13\r\n\r\nf=../../x&g=1'
    + 'DELETE /y HTTP/1.1\r\nHost: b.example\r\nX-Mirror-Reading: 2\r\nConnection: close\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
  const rows = node
    .received()
    .map(({ method, target, host, clientAddress, attack, reading }) => (
      [method, target, host, clientAddress, attack, reading]));
  assert.deepEqual(rows.sort((a, b) => (String(a[1]) < String(b[1]) ? -1 : 1)), [
    ['GET', '/etc/passwd', 'a.example', '10.0.1.7', 'path traversal', ''],
    ['POST', '/x', 'a.example', '10.0.1.8', 'path traversal', ''],
    ['DELETE', '/y', 'b.example', '', null, '2'],
  ]);
  assert.deepEqual(told, node.received());
});

test('what is in one reading of a request is not flagged in the other', async (t) => {
  const node = await NodeStandIn.start();
  t.after(() => node.stop());
  const send = (body: string, headers: Record<string, string>): Promise<string> =>
    fetch(`http://127.0.0.1:${node.port}/`, { method: 'POST', body, headers: { 'X-Mirror-Id': 'a', ...headers } }).then((response) => response.text());
  await send('f=../../x', {});
  await send('', { 'X-Mirror-Reading': '2' });
  assert.deepEqual([node.attackIn('a', false), node.attackIn('a', true), node.attackIn('b', false)], ['path traversal', null, null]);
});

test('keeps the last 200', async (t) => {
  const node = await NodeStandIn.start();
  t.after(() => node.stop());
  for (let i = 0; i < 250; i++) await (await fetch(`http://127.0.0.1:${node.port}/${i}`)).text();
  assert.equal(node.received().length, 200);
  assert.equal(node.received()[0]!.target, '/50');
});
