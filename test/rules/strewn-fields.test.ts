import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Redaction, type RetainableRequest } from '../../rebuilder/rules/redaction.ts';
import { requestOf } from './request-of.ts';

const redaction = new Redaction({ headers: ['authorization'], query: ['token'], body: ['q', 'password'] });
const text = ({ bytes, start, end }: RetainableRequest): string => Buffer.from(bytes.subarray(start, end)).toString('latin1');

/** A request whose whole text this is, as the second reading of its place. */
function second(whole: string, from: Partial<RetainableRequest> = {}): RetainableRequest {
  const headEnd = whole.indexOf('\r\n\r\n');
  const [startLine = '', ...headers] = whole.slice(0, headEnd).split('\r\n');
  return Object.assign(requestOf(startLine, headers, {}, whole.slice(headEnd + 4)), { reading: 2, ...from });
}

const HOST = 'Host: h\r\n';
const BOUNDARY = '----WebKitFormBoundaryqZx';
const CASES: readonly (readonly [why: string, sent: string, expected: string])[] = [
  ['JSON in the request line', `{"q":"union select"}GET /next HTTP/1.1\r\n${HOST}\r\n`, `{"q":"***** ******"}GET /next HTTP/1.1\r\n${HOST}\r\n`],
  ['JSON whose opening mark was the body', `q":"union"}GET /next HTTP/1.1\r\n${HOST}\r\n`, `q":"*****"}GET /next HTTP/1.1\r\n${HOST}\r\n`],
  ['a string that no mark closes', `{"q":"union GET /next HTTP/1.1\r\n${HOST}\r\n`, `{"q":"***** *** ***** HTTP/1.1\r\n${HOST}\r\n`],
  ['an object that nothing closes', `{"q":{"a":GET /next HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nbody`, `{"q":{"*":*** ***** HTTP/1.1\r\nHost: *\r\nContent-Length: 4\r\n\r\n****`],
  ['JSON over lines', `{ "a": "b",\r\n"q": "x y",\r\n"password":\r\n "z"}: v\r\n${HOST}\r\n`, `{ "a": "b",\r\n"q": "* *",\r\n"password":\r\n "*"}: v\r\n${HOST}\r\n`],
  ['a form in the request line', `q=union+selectGET /next HTTP/1.1\r\n${HOST}\r\n`, `q=*************** ***** HTTP/1.1\r\n${HOST}\r\n`],
  ['a form with blanks, no longer than its field', `a=1&q=x y&b=2GET /next HTTP/1.1\r\n${HOST}\r\n`, `a=1&q=* *&b=2GET /next HTTP/1.1\r\n${HOST}\r\n`],
  ['a form behind chunks that end at once', `POST / HTTP/1.1\r\n${HOST}\r\n0\r\n\r\nq=union+select`, `POST / HTTP/1.1\r\n${HOST}\r\n0\r\n\r\nq=************`],
  ['a form in chunks that are read as bytes', `POST / HTTP/1.1\r\n${HOST}\r\n3\r\nq=u\r\n5\r\nnion&\r\n3\r\na=1\r\n0\r\n\r\n`, `POST / HTTP/1.1\r\n${HOST}\r\n3\r\nq=*\r\n5\r\n****&\r\n3\r\na=1\r\n0\r\n\r\n`],
  ['JSON whose name is cut by chunks', `POST / HTTP/1.1\r\n${HOST}\r\n7\r\n{"passw\r\na\r\nord":"ab"}\r\n0\r\n\r\n`, `POST / HTTP/1.1\r\n${HOST}\r\n7\r\n{"passw\r\na\r\nord":"**"}\r\n0\r\n\r\n`],
  ['JSON whose value begins in the next chunk', `POST / HTTP/1.1\r\n${HOST}\r\n5\r\n{"q":\r\n5\r\n"ab"}\r\n0\r\n\r\n`, `POST / HTTP/1.1\r\n${HOST}\r\n5\r\n{"q":\r\n5\r\n"**"}\r\n0\r\n\r\n`],
  ['a field in an extension of a chunk', `POST / HTTP/1.1\r\n${HOST}\r\n3;q=union\r\nabc\r\n0\r\n\r\n`, `POST / HTTP/1.1\r\n${HOST}\r\n3;q=*****\r\nabc\r\n0\r\n\r\n`],
  ['a field of a header', `GET / HTTP/1.1\r\n${HOST}X-Note: a q=union\r\n\r\n`, `GET / HTTP/1.1\r\n${HOST}X-Note: a q=*****\r\n\r\n`],
  ['a request in the body', `POST / HTTP/1.1\r\n${HOST}\r\nGET /a?token=abc&b=1 HTTP/1.1\r\nAuthorization: Basic x\r\n y\r\nA: b\r\n\r\n`, `POST / HTTP/1.1\r\n${HOST}\r\nGET /a?token=***&b=1 HTTP/1.1\r\nAuthorization: *******\r\n**\r\nA: b\r\n\r\n`],
  ['a header behind a bare CR, no longer than its line', `GET / HTTP/1.1\r\n${HOST}X:\rAuthorization: Basic x\rA: b\r\n\r\n`, `GET / HTTP/1.1\r\n${HOST}X:\rAuthorization: ***** *\rA: b\r\n\r\n`],
  ['the last parameter of a request in the body', `POST / HTTP/1.1\r\n${HOST}\r\nGET /a?TOKEN=abc HTTP/1.1\r\n\r\n`, `POST / HTTP/1.1\r\n${HOST}\r\nGET /a?TOKEN=*** HTTP/1.1\r\n\r\n`],
  ['a part of multipart, of no type', `POST / HTTP/1.1\r\n${HOST}\r\n0\r\n\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="q"\r\n\r\nunion\r\n--no\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="b"\r\n\r\nx\r\n`,
    `POST / HTTP/1.1\r\n${HOST}\r\n0\r\n\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="q"\r\n\r\n*****\r\n****\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="b"\r\n\r\nx\r\n`],
  ['a part whose head is taken for that of a request', 'Content-Disposition: form-data; name="q"\r\n\r\nunion\r\n--b--\r\n', 'Content-Disposition: form-data; name="q"\r\n\r\n*****\r\n--b--\r\n'],
];

for (const [why, sent, expected] of CASES) {
  test(`masked in a second reading: ${why}`, () => {
    const request = second(sent);
    assert.ok(redaction.request(request) > 0);
    assert.equal(text(request), expected);
  });
}

const JSON_LINE = `{"q":"union"}GET /next HTTP/1.1\r\n${HOST}\r\n`;

for (const [why, marks] of [
  ['found by a search', { reading: 1, isFound: true }],
  ['irregular', { reading: 1, irregular: ['invalid_method'] }],
  ['irregular, of HTTP/2', { reading: 1, irregular: ['http2_translated', 'http2_malformed'] }],
] as const) {
  test(`masked in a request that is ${why}`, () => {
    const request = second(JSON_LINE, { ...marks, irregular: 'irregular' in marks ? [...marks.irregular] : null });
    assert.ok(redaction.request(request) > 0);
    assert.ok(!text(request).includes('union'));
  });
}

test('a request of which there is one reading is looked at where its fields are, and nowhere else', () => {
  for (const irregular of [null, ['http2_translated']]) {
    const request = second(`GET /?a={"q":"union"} HTTP/1.1\r\n${HOST}X-Note: q=union\r\n\r\n`, { reading: 1, irregular });
    const before = text(request);
    assert.equal(redaction.request(request), 0);
    assert.equal(text(request), before);
  }
});

test('a second reading without such a name stays as it was sent, and is not copied', () => {
  for (const sent of [
    `{"qq":"union"}GET /?tokens=1 HTTP/1.1\r\n${HOST}X: "q" q\r\n\r\n`,
    `POST / HTTP/1.1\r\n${HOST}\r\n5\r\naq=b&\r\n0\r\n\r\ntoken=abc`,
    `POST / HTTP/1.1\r\n${HOST}\r\n{"x":"<script>","r":"q"}`,
  ]) {
    const request = second(sent);
    const { bytes } = request;
    assert.equal(redaction.request(request), 0);
    assert.equal(request.bytes, bytes);
    assert.equal(text(request), sent);
  }
});

test('nothing more of a JSON body is hidden by a name that a string of it holds', () => {
  const request = second(`POST / HTTP/1.1\r\n${HOST}\r\n{"x":"&password=abc","r":"<script>"}`);
  redaction.request(request);
  assert.equal(text(request), `POST / HTTP/1.1\r\n${HOST}\r\n{"x":"&password=***","r":"<script>"}`);
});

test('without redaction nothing changes', () => {
  const request = second(JSON_LINE);
  assert.equal(new Redaction({ headers: [], query: [], body: [] }).request(request), 0);
  assert.equal(text(request), JSON_LINE);
});

test('what frames a request stays, whatever it holds, cut anywhere', () => {
  const whole = `{"q":{"a" : [GET /q=1?token=x;q=2 HTTP/1.1\r\nHost: q=h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nAuthorization: q="x\r\n\r\n4;q=1\r\n{"q"\r\n3\r\n:{"\r\n0\r\nq: "q":{\r\n\r\n--b\r\nform-data; name=q\r\n\r\n1`;
  for (let at = 0; at < whole.indexOf('HTTP/'); at++) {
    for (const framing of ['chunked', 'length'] as const) {
      const sent = whole.slice(at);
      const request = second(sent, { framing });
      redaction.request(request);
      const after = text(request);
      assert.equal(after.replace(/[^\r\n]/g, '.'), sent.replace(/[^\r\n]/g, '.'));
      assert.match(after, / HTTP\/1\.1\r\nHost: [^]*\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nAuthorization: [^]*\r\n\r\n4;[^]*\r\n3\r\n[^]*\r\n0\r\n/);
      assert.equal(after.slice(0, after.indexOf('\r\n')).replace(/[^ ]/g, '.'), sent.slice(0, sent.indexOf('\r\n')).replace(/[^ ]/g, '.'));
    }
  }
});

const PIECES = ['\n', '"q":', 'q=;', 'form-data;name=q\n\n', '{"q":{', 'authorization:\n ', '=', '&q', ' ', '--\n', '1\r\na\r\n'];
const LENGTHS = [1 << 13, 1 << 15] as const;

test('what it costs is tied to the bytes', () => {
  const texts = PIECES.flatMap((piece) => LENGTHS.map((length) => `POST / HTTP/1.1\r\n${HOST}\r\n${piece.repeat(length / piece.length)}`));
  const counter = fileURLToPath(new URL('counted-steps.ts', import.meta.url));
  const steps = JSON.parse(execFileSync(process.execPath, ['--import', 'tsx', counter], { input: JSON.stringify(texts) }).toString()) as number[];
  PIECES.forEach((piece, i) => {
    const [few, many] = [steps[2 * i]!, steps[2 * i + 1]!];
    assert.ok(few > LENGTHS[0], `${JSON.stringify(piece)}: ${few} steps: they are not counted`);
    // Four times the bytes, four times the steps.
    assert.ok(many < few * 5 && many < LENGTHS[1] * 100, `${JSON.stringify(piece)}: ${few} steps, and for four times the bytes ${many}`);
  });
});
