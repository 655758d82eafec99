import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderName, latin1, valueText } from '../../rebuilder/rules/header-name.ts';
import { requestOf } from './request-of.ts';

test('the last line of a name is found, without case, and then those before it', () => {
  const request = requestOf('GET / HTTP/1.1', ['X-Real-IP: a', 'Host: h', 'x-real-ip: b', 'X-Real-IPs: c']);
  const name = new HeaderName('X-Real-Ip');
  const last = name.lastLine(request, request.lineCount);
  assert.equal(valueText(request, last), 'b');
  const before = name.lastLine(request, last);
  assert.equal(valueText(request, before), 'a');
  assert.equal(name.lastLine(request, before), -1);
});

test('a line that only lenient servers take for that name is none', () => {
  const request = requestOf('GET / HTTP/1.1', ['X_Real_IP: a', 'X-Real-IP : b', ' X-Real-IP: c', 'X-Real-IP']);
  assert.equal(new HeaderName('X-Real-IP').lastLine(request, request.lineCount), -1);
});

test('text keeps one code point for one byte, short or long', () => {
  for (const length of [1, 64, 65, 300]) {
    const bytes = Uint8Array.from({ length: length + 2 }, (_, i) => i * 7 & 255);
    assert.deepEqual(Buffer.from(latin1(bytes, 1, length + 1), 'latin1'), Buffer.from(bytes.subarray(1, length + 1)));
  }
});
