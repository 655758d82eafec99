import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Finding, inspect, REFUSED } from '../../rebuilder/forward/alb-limits.ts';
import { buildRequest } from './request-builder.ts';

const CLEAN: readonly (readonly [name: string, bytes: string])[] = [
  ['GET', 'GET /a?b=1 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['HEAD', 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['GET with an empty body', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ['POST', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'],
  ['POST without body', 'POST / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['chunked', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ['chunked, another case', 'PUT / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: Chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX: y\r\n\r\n'],
  ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n'],
  ['absolute target', 'GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['bytes beyond ASCII', 'GET /\xe4 HTTP/1.1\r\nHost: a\r\nX: \xe4\xff\r\n\r\n'],
  ['no blank behind the colon', 'GET / HTTP/1.1\r\nHost:a\r\nX:y\r\n\r\n'],
  ['an attack in its value', 'GET /?q=\'%20or%201=1--&x=<script> HTTP/1.1\r\nHost: a\r\nUser-Agent: ${jndi:ldap://x}\r\n\r\n'],
  ['names that only resemble', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Language: en\r\nTransfer: x\r\nContent-Lengthy: 1\r\nX-Content-Length: 1\r\n\r\n'],
];

for (const [name, bytes] of CLEAN) {
  test(`passes: ${name}`, () => {
    assert.equal(inspect(buildRequest(bytes)) & REFUSED, 0);
  });
}

for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'M-SEARCH', 'VERSION_CONTROL', 'X', 'A'.repeat(40)]) {
  test(`passes: ${method}`, () => {
    assert.equal(inspect(buildRequest(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)) & REFUSED, 0);
  });
}

const long = (bytes: number): string => 'x'.repeat(bytes);

const REFUSALS: readonly (readonly [name: string, finding: number, bytes: string])[] = [
  ['request line over 16K', Finding.size, `GET /${long(16 * 1024)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['header over 16K', Finding.size, `GET / HTTP/1.1\r\nHost: a\r\nX: ${long(16 * 1024)}\r\n\r\n`],
  ['headers over 64K', Finding.size, `GET / HTTP/1.1\r\nHost: a\r\n${`X: ${long(10_000)}\r\n`.repeat(7)}\r\n`],
  ...['TRACE', 'CONNECT', 'get', 'Get', 'G3T', 'G!', 'A'.repeat(41)].map((method) => [`method ${method}`, Finding.method, `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`] as const),
  ['no Host', Finding.line, 'GET / HTTP/1.1\r\nX: y\r\n\r\n'],
  ['an empty Host', Finding.line, 'GET / HTTP/1.1\r\nHost: \r\n\r\n'],
  ['a slash in Host', Finding.line, 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  ['two Hosts', Finding.line, 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
  ['HTTP/1.2', Finding.line, 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
  ['HTTP/2.0', Finding.line, 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
  ['no version', Finding.line, 'GET /\r\nHost: a\r\n\r\n'],
  ['blank in the target', Finding.line, 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['two blanks', Finding.line, 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['control byte in the target', Finding.line, 'GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['NUL in the target', Finding.line, 'GET /a\x00 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['target without a slash', Finding.line, 'GET a HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['target that begins nearly as a URL does', Finding.line, 'GET HTTP/1.1?a HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['OPTIONS *', Finding.line, 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['bare LF behind the request line', Finding.line, 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
  ['bare LF behind a header', Finding.line, 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n'],
  ['bare LF for the empty line', Finding.line, 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
  ['line without a colon', Finding.line, 'GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n'],
  ['CL and TE', Finding.framing, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['the same CL twice', Finding.framing, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi'],
  ['a length that is not true', Finding.framing, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nhi'],
  ['a length with a sign', Finding.framing, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nhi'],
  ['a length behind a tab', Finding.framing, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t2\r\n\r\nhi'],
  ['a length before a blank', Finding.framing, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2 \r\n\r\nhi'],
  ['an unknown coding', Finding.framing, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['chunks that are read differently', Finding.framing, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n'],
  ['chunks in HTTP/1.0', Finding.framing, 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a body that nothing announces', Finding.framing, 'POST / HTTP/1.1\r\nHost: a\r\n\r\nhello'],
  ['GET with a body', Finding.bodyOnGet, 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'],
  ['HEAD with a body', Finding.bodyOnGet, 'HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'],
  ['GET with chunks', Finding.bodyOnGet, 'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ...['Transfer_Encoding', 'Content_Length', 'ContentLength', 'transfer-encoding\x0b', 'Content--Length', '1Content-Length', 'Tran\xc5\xbffer-Encoding', 'Transfer-Encod\xc4\xb1ng']
    .map((name) => [`name ${JSON.stringify(name)}`, Finding.suspicious, `POST / HTTP/1.1\r\nHost: a\r\n${name}: 5\r\n\r\n`] as const),
];

for (const [name, finding, bytes] of REFUSALS) {
  test(`is kept off shared connections: ${name}`, () => {
    const found = inspect(buildRequest(bytes));
    assert.notEqual(found & finding, 0, `found ${found & REFUSED}`);
  });
}

test('each limit is reached by one byte more than it allows', () => {
  const line = (n: number): number => inspect(buildRequest(`GET /${long(n)} HTTP/1.1\r\nHost: a\r\n\r\n`)) & Finding.size;
  const fits = 16 * 1024 - 'GET / HTTP/1.1\r\n'.length;
  assert.equal(line(fits), 0);
  assert.equal(line(fits + 1), Finding.size);
});
