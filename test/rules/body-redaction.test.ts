import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FieldNames } from '../../rebuilder/rules/field-names.ts';
import { maskForm } from '../../rebuilder/rules/form-values.ts';
import { maskJson } from '../../rebuilder/rules/json-values.ts';
import { boundaryOf, maskMultipart } from '../../rebuilder/rules/multipart-values.ts';
import { Redaction, type RetainableRequest } from '../../rebuilder/rules/redaction.ts';
import { randomNumbers } from '../random-numbers.ts';
import { requestOf } from './request-of.ts';

const NAMES = new FieldNames(['password', 'card', 'straße']);

function masked(mask: (text: Uint8Array, names: FieldNames) => number, text: string): { text: string; count: number } {
  const bytes = Buffer.from(text);
  const count = mask(bytes, NAMES);
  assert.equal(bytes.length, Buffer.byteLength(text));
  return { text: bytes.toString(), count };
}

describe('JSON', () => {
  const CASES: readonly (readonly [why: string, text: string, expected: string])[] = [
    ['a string', '{"user":"a","password":"hunter2"}', '{"user":"a","password":"*******"}'],
    ['in any case of letters', '{"PassWord" : "x"}', '{"PassWord" : "*"}'],
    ['a name written with escapes', '{"p\\u0061ssword":"x"}', '{"p\\u0061ssword":"*"}'],
    ['a name beyond ASCII', '{"straße":"x","stra\\u00dfe":"y"}', '{"straße":"*","stra\\u00dfe":"*"}'],
    ['a value with escapes and quotation marks', '{"password":"a\\"b\\\\","q":"<script>"}', '{"password":"******","q":"<script>"}'],
    ['numbers stay numbers', '{"card":-41.5e+3,"q":1}', '{"card":-11.1e+1,"q":1}'],
    ['words stay words', '{"card":true,"a":{"card":false},"b":[{"card":null}]}', '{"card":null,"a":{"card":null },"b":[{"card":null}]}'],
    ['all that is in it', '{"card":{"no":"41","cvc":[1,23]},"q":"x"}', '{"card":{"**":"**","***":[1,11]},"q":"x"}'],
    ['at any depth', '[[{"a":[{"b":{"password":"x"}}]}]]', '[[{"a":[{"b":{"password":"*"}}]}]]'],
    ['more than once', '{"password":"a","password":"b"}', '{"password":"*","password":"*"}'],
    ['cut off in the value', '{"password":"hunt', '{"password":"****'],
    ['cut off in front', 'ter2","password":"hunter2"}', 'ter2","password":"*******"}'],
    ['its opening lost', '{"password":ter2","q":"x"}', '{"password":****","q":"x"}'],
    ['a value that is a name is no member', '{"a":"password","b":"x"}', '{"a":"password","b":"x"}'],
    ['another name', '{"passwords":"x","pass":"y"}', '{"passwords":"x","pass":"y"}'],
    ['lines, as JSON Lines have them', '{"password":"a"}\n{"password":"b"}\n', '{"password":"*"}\n{"password":"*"}\n'],
    ['nothing behind the colon', '{"password":', '{"password":'],
  ];
  for (const [why, text, expected] of CASES) test(why, () => assert.equal(masked(maskJson, text).text, expected));

  test('what was JSON is JSON, and nothing of a masked value is left, whatever the document', () => {
    const next = randomNumbers(5);
    const value = (depth: number, secret: boolean): unknown => {
      const kind = next(depth > 3 ? 4 : 6);
      if (kind === 0) return secret ? `SECRET"\\\n${next(100)}` : `text ${next(100)} "quoted" \\ {`;
      if (kind === 1) return secret ? 777_777 : next(1000) / 8;
      if (kind === 2) return next(2) === 0;
      if (kind === 3) return null;
      if (kind === 4) return Array.from({ length: next(4) }, () => value(depth + 1, secret));
      return Object.fromEntries(Array.from({ length: next(4) }, (_, i) => {
        const isSecret = next(4) === 0;
        return [isSecret ? 'password' : `k${i}`, value(depth + 1, secret || isSecret)];
      }));
    };
    for (let i = 0; i < 2000; i++) {
      const document = value(0, false);
      const { text } = masked(maskJson, JSON.stringify(document));
      JSON.parse(text);
      assert.ok(!/SECRET|777777/.test(text), text);
    }
  });

  test('what it costs is tied to the bytes: a megabyte of quotation marks', () => {
    const text = Buffer.from('"'.repeat(1 << 20));
    assert.equal(maskJson(text, NAMES), 0);
    const nested = Buffer.from('{"password":'.repeat(1 << 16));
    maskJson(nested, NAMES);
  });
});

describe('forms', () => {
  const CASES: readonly (readonly [why: string, text: string, expected: string])[] = [
    ['a field', 'a=1&password=hunter2&b=2', 'a=1&password=*******&b=2'],
    ['an encoded name', 'p%61ssword=x&PASSWORD=y', 'p%61ssword=*&PASSWORD=*'],
    ['with an index', 'user[password]=x&card[0].no=y', 'user[password]=*&card[0].no=*'],
    ['a value with an equals sign', 'password=a=b', 'password=***'],
    ['a semicolon in the value', 'password=a;b&c=d', 'password=***&c=d'],
    ['a semicolon that parts fields', 'password=a;q=<script>', 'password=*;q=<script>'],
    ['last, and empty', 'a=1&password=', 'a=1&password='],
    ['no value', 'password&a=1', 'password&a=1'],
  ];
  for (const [why, text, expected] of CASES) test(why, () => assert.equal(masked(maskForm, text).text, expected));
});

describe('multipart', () => {
  const part = (lines: string, value: string): string => `--b\r\n${lines}\r\n\r\n${value}\r\n`;
  const mask = (body: string): string => {
    const bytes = Buffer.from(body, 'latin1');
    maskMultipart(bytes, 'b', NAMES);
    return bytes.toString('latin1');
  };
  const CASES: readonly (readonly [why: string, lines: string])[] = [
    ['a part', 'Content-Disposition: form-data; name="password"'],
    ['a bare name', 'content-disposition:form-data; name=Password'],
    ['a file', 'Content-Disposition: form-data; filename="a"; name="card"\r\nContent-Type: text/plain'],
    ['an extended name', 'Content-Disposition: form-data; name*=UTF-8\'\'pass%77ord'],
    ['folded', 'Content-Disposition: form-data;\r\n name="password"'],
  ];
  for (const [why, lines] of CASES) {
    test(why, () => {
      const body = `${part('Content-Disposition: form-data; name="q"', '<script>')}${part(lines, 'hun\r\nter2')}--b--\r\n`;
      assert.equal(mask(body), body.replace('hun\r\nter2', '***\r\n****'));
    });
  }
  test('cut off in the value', () => {
    const body = `${part('Content-Disposition: form-data; name="password"', 'hunter2')}`.slice(0, -4);
    assert.equal(mask(body), body.replace('hunte', '*****'));
  });
  test('the boundary as senders write it', () => {
    assert.deepEqual(['multipart/form-data; boundary=b', 'multipart/form-data; charset=x; Boundary="a b"', 'multipart/form-data'].map(boundaryOf), ['b', 'a b', null]);
  });
});

describe('multipart with several boundaries', () => {
  const TWO = 'multipart/form-data; boundary=x; boundary=y';
  const part = (boundary: string, name: string, value: string): string =>
    `--${boundary}\r\nX-A: b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const bodyOf = (type: string, body: string): string => {
    const request = requestOf('POST / HTTP/1.1', [`Content-Type: ${type}`], {}, body);
    new Redaction({ headers: [], query: [], body: ['password'] }).request(request);
    return Buffer.from(request.bytes.subarray(request.headEnd, request.end)).toString('latin1');
  };

  test('a part of another boundary ends what is masked, and is masked by its own name', () => {
    const key = '-----BEGIN KEY-----\r\nabc\r\n\r\n--\r\nxyz';
    const hidden = key.replace(/[^\r\n]/g, '*');
    const body = (first: string, second: string): string =>
      part('x', 'password', first) + part('y', 'q', 'attack') + part('y', 'password', second) + part('y', 'r', 'more');
    assert.equal(bodyOf(TWO, body(key, 'abc')), body(hidden, '***'));
    assert.equal(bodyOf('multipart/form-data; boundary=z', body(key, 'abc')), body(hidden, '***'), 'of neither');
  });
});

describe('of a request', () => {
  const redaction = new Redaction({ headers: [], query: [], body: ['password'] });
  const bodyOf = (request: RetainableRequest): string => Buffer.from(request.bytes.subarray(request.headEnd, request.end)).toString('latin1');
  const post = (type: string, body: string): RetainableRequest => requestOf('POST /login HTTP/1.1', ['Host: h', ...type === '' ? [] : [`Content-Type: ${type}`]], {}, body);

  const [OTHER, NAMED] = ['q', 'password'].map((name) => `Content-Disposition: form-data; name="${name}"`);

  for (const [type, body, masked] of [
    ['application/json; charset=utf-8', '{"password":"x"}', '{"password":"*"}'],
    ['application/vnd.api+json', '{"password":"x"}', '{"password":"*"}'],
    ['application/x-www-form-urlencoded', 'password=x', 'password=*'],
    ['multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nx\r\n--b--', '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n*\r\n--b--'],
    ['', ' {"password":"x"}', ' {"password":"*"}'],
    ['', '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nx\r\n--b--', '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n*\r\n--b--'],
    ['text/plain', 'password=x', 'password=*'],
    // A type that is not true hides nothing behind a field's mask.
    ['application/x-www-form-urlencoded', '{"x":"&password=","q":"<script>"}', '{"x":"&password=","q":"<script>"}'],
    ['text/plain', '\xef\xbb\xbf{"x":"&password=","q":"<script>"}', '\xef\xbb\xbf{"x":"&password=","q":"<script>"}'],
    ['application/json', '/**/{\'x\':\'&password=\',\'q\':\'<script>\'}', '/**/{\'x\':\'&password=\',\'q\':\'<script>\'}'],
    ['text/plain', '\xef\xbb\xbf {"password":"x"}', '\xef\xbb\xbf {"password":"*"}'],
    ['application/json', 'a=1&password=x', 'a=1&password=*'],
    ['application/x-www-form-urlencoded', '{"password":"a&q=<script>"}', '{"password":"*&q=<script>"}'],
    ['application/x-www-form-urlencoded', '{"password":"hunter&2"}', '{"password":"********"}'],
    ['application/x-www-form-urlencoded', '{"password":"a&q=<script>&password=x&r="}', '{"password":"*&q=<script>***********&r="}'],
    ['application/x-www-form-urlencoded', '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\na&q=<script>\r\n--b--', '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n*&q=<script>\r\n--b--'],
    // What stands in a part's value begins no part.
    ['multipart/form-data; boundary=b', `--b\r\n${OTHER}\r\n\r\na --b\r\n${NAMED}\r\n\r\n<script>\r\n--b--`, null],
    ['multipart/form-data; boundary=b', `--b\r\n${OTHER}\r\n\r\na\r\n--bc\r\n${NAMED}\r\n\r\n<script>\r\n--b--`, null],
    ['multipart/form-data; boundary=b', `--b\r\n${OTHER}\r\n\r\na\r\n${NAMED}\r\n\r\n<script>\r\n--b--`, null],
    ['multipart/form-data; boundary=b', `--b \r\n${NAMED}\r\n\r\nhun--bter2\r\n--b--`, `--b \r\n${NAMED}\r\n\r\n**********\r\n--b--`],
  ] as const) {
    test(`${type === '' ? 'no type' : type}: ${JSON.stringify(body).slice(0, 70)}`, () => {
      const expected = masked ?? body;
      const request = post(type, body);
      assert.equal(redaction.request(request), body === expected ? 0 : 1);
      assert.equal(bodyOf(request), expected);
    });
  }

  test('across chunks of every size, framing untouched', () => {
    const body = '{"a":1,"password":"hunter2","q":"<script>"}';
    for (let size = 1; size <= body.length; size++) {
      let framed = '';
      for (let at = 0; at < body.length; at += size) {
        const piece = body.slice(at, at + size);
        framed += `${piece.length.toString(16)};x=y\r\n${piece}\r\n`;
      }
      framed += '0\r\n\r\n';
      const request = Object.assign(post('application/json', framed), { framing: 'chunked' as const });
      assert.equal(redaction.request(request), 1);
      assert.equal(bodyOf(request).replace(/[0-9a-f]+;x=y\r\n|\r\n0?/g, ''), body.replace('hunter2', '*******'));
    }
  });

  test('the parser\'s own bytes stay as they were', () => {
    const request = post('application/json', '{"password":"x"}');
    const { bytes } = request;
    redaction.request(request);
    assert.notEqual(request.bytes, bytes);
    assert.match(Buffer.from(bytes).toString(), /"password":"x"/);
  });
});
