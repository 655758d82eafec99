import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request } from '../../rebuilder/http/message.ts';
import { Redaction, type RetainableRequest } from '../../rebuilder/rules/redaction.ts';
import { requestOf } from './request-of.ts';

const SECRET = 'hunter2-secret';
const redaction = new Redaction({ headers: ['authorization', 'x-api-key', 'cookie'], query: ['token', 'api key'], body: [] });
const text = (request: Request): string => Buffer.from(request.bytes.subarray(request.start, request.end)).toString('latin1');

const CASES: readonly (readonly [why: string, target: string, headers: readonly string[]])[] = [
  ['a header', '/', [`Authorization: Bearer ${SECRET}`]],
  ['in another case', '/', [`AUTHORIZATION: ${SECRET}`]],
  ['with underscores, as some servers read it', '/', [`X_Api_Key: ${SECRET}`]],
  ['a blank before the colon', '/', [`Authorization : ${SECRET}`]],
  ['twice', '/', [`Cookie: a=${SECRET}`, `cookie: b=${SECRET}`]],
  ['folded', '/', ['Authorization: Bearer', ` ${SECRET}`, `\t${SECRET}`]],
  ['a query value', `/?a=1&token=${SECRET}&b=2`, []],
  ['an encoded name', `/?%74oken=${SECRET}`, []],
  ['a name with a blank', `/?api+key=${SECRET}&api%20key=${SECRET}`, []],
  ['parted by a semicolon', `/?a=1;token=${SECRET}`, []],
  ['in an absolute target', `http://h/?token=${SECRET}`, []],
  ['a value with an equals sign', `/?token=${SECRET}=${SECRET}`, []],
];

for (const [why, target, headers] of CASES) {
  test(`masked: ${why}`, () => {
    const request = requestOf(`GET ${target} HTTP/1.1`, ['Host: h', ...headers], {}, 'body');
    const before = text(request);
    const masked = redaction.request(request);
    const after = text(request);
    assert.ok(masked > 0);
    assert.ok(!after.includes(SECRET), after);
    assert.equal(after.length, before.length);
    // Only the values changed, line ends did not.
    assert.equal(after.replace(/[^\r\n]/g, '.'), before.replace(/[^\r\n]/g, '.'));
    for (let i = 0; i < before.length; i++) if (after[i] !== before[i]) assert.equal(after[i], '*');
  });
}

test('no parameter is searched beyond its end: a query of 60,000 without a value, before a body without one', () => {
  const request = requestOf(`GET /?${'&'.repeat(60_000)} HTTP/1.1`, ['Host: h'], {}, 'b'.repeat(32 << 20));
  assert.equal(redaction.request(request), 0);
});

function chunkedRequest(body: string, complete: boolean): RetainableRequest {
  return Object.assign(requestOf('POST / HTTP/1.1', ['Host: h', 'Transfer-Encoding: chunked'], {}, body), { framing: 'chunked' as const, complete });
}

const TRAILERS: readonly (readonly [why: string, trailers: string, count: number])[] = [
  ['one', `Authorization: ${SECRET}\r\n`, 1],
  ['among others, in another spelling', `X: y\r\nX_API_KEY : ${SECRET}\r\nZ: 1\r\n`, 1],
  ['folded', `Authorization: ${SECRET}\r\n ${SECRET}\r\n\t${SECRET}\r\n`, 1],
  ['twice, with bare line feeds', `Cookie:${SECRET}\ncookie: ${SECRET}\n`, 2],
];

for (const [why, trailers, count] of TRAILERS) {
  for (const [how, end, complete] of [['whole', '\r\n', true], ['cut off', '', false]] as const) {
    test(`masked in chunked trailers: ${why}, ${how}`, () => {
      const body = `5;token=x\r\nhello\r\n0\r\n${trailers}${end}`;
      const request = chunkedRequest(body, complete);
      const before = text(request);
      assert.equal(redaction.request(request), count);
      const after = text(request);
      assert.ok(!after.includes(SECRET), after);
      assert.equal(after.replace(/[^\r\n]/g, '.'), before.replace(/[^\r\n]/g, '.'));
      assert.ok(after.includes('5;token=x\r\nhello\r\n0\r\n'));
    });
  }
}

test('chunk data that looks like a trailer stays', () => {
  const data = `0\r\nAuthorization: ${SECRET}\r\n\r\n`;
  const body = `${data.length.toString(16)}\r\n${data}\r\n0\r\n\r\n`;
  const request = chunkedRequest(body, true);
  assert.equal(redaction.request(request), 0);
});

test('what is not named stays', () => {
  const request = requestOf(`GET /token=${SECRET}?tokens=${SECRET}&x=token HTTP/1.1`, [`X-Authorization: ${SECRET}`, 'Host: h'], {}, `token=${SECRET}`);
  const before = text(request);
  assert.equal(redaction.request(request), 0);
  assert.equal(text(request), before);
});

test('the parser\'s own bytes stay as they were captured', () => {
  const request = requestOf('GET /?token=x HTTP/1.1', [`Cookie: ${SECRET}`]);
  const { bytes } = request;
  const before = Buffer.from(bytes);
  assert.equal(redaction.request(request), 2);
  assert.notEqual(request.bytes, bytes);
  assert.deepEqual(bytes, before);
});

test('a request with nothing to mask is not copied', () => {
  const request = requestOf('GET /?tokens=x HTTP/1.1');
  const { bytes } = request;
  assert.equal(redaction.request(request), 0);
  assert.equal(request.bytes, bytes);
});

test('nothing to mask is known at once', () => {
  assert.ok(new Redaction({ headers: [], query: [], body: [] }).isEmpty);
});

test('names of parameters are found in any case of letters, beyond ASCII too', () => {
  const some = new Redaction({ headers: [], query: ['Password', 'straße'], body: [] });
  const request = requestOf(`GET /?PASSWORD=${SECRET}&pass%57ord=${SECRET}&stra%C3%9Fe=${SECRET}&passwords=x HTTP/1.1`);
  assert.equal(some.request(request), 3);
  assert.match(text(request), /^GET \/\?PASSWORD=\*+&pass%57ord=\*+&stra%C3%9Fe=\*+&passwords=x /);
});
