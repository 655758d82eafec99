import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from '../../rebuilder/forward/alb-limits.ts';
import { keptBytes, putKeptForm } from '../../rebuilder/forward/kept-form.ts';
import { LoopMarker } from '../../rebuilder/forward/loop-marker.ts';
import { planRebuiltForm, putRebuiltForm } from '../../rebuilder/forward/rebuilt-form.ts';
import { envelopedBytes, putEnvelopedForm } from '../../rebuilder/forward/enveloped-form.ts';
import type { Request, Response } from '../../rebuilder/http/message.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import type { Envelope } from '../../rebuilder/rules/envelope.ts';
import { DESYNC_CASES } from './desync-cases.ts';
import { rebuild } from './rebuilt-requests.ts';
import { buildRequest, ENDPOINTS, ENVELOPE } from './request-builder.ts';

const MARKER = new LoopMarker(Buffer.from('key'));
const GUARD = 0x23;

interface Written {
  /** With our own lines taken out, from X-Forwarded-For to the loop marker. */
  readonly text: string;
  readonly whole: string;
  readonly ledger: Ledger;
}

/** Checks that no byte is written outside of what was announced. */
function written(size: number, put: (to: Buffer, at: number, ledger: Ledger) => number): Written {
  const ledger = new Ledger();
  const buffer = Buffer.alloc(size + 200, GUARD);
  const end = put(buffer, 100, ledger);
  assert.ok(end <= size + 100, `${end - 100} bytes written, ${size} announced`);
  assert.ok(buffer.subarray(0, 100).every((byte) => byte === GUARD));
  assert.ok(buffer.subarray(size + 100).every((byte) => byte === GUARD));
  const whole = buffer.toString('latin1', 100, end);
  return { whole, ledger, text: whole.replace(/(?<=\n)X-Forwarded-For: [^]*?X-Mirror-Loop: [0-9a-f]{32}\r\n/, '') };
}

function kept(request: Request, envelope: Envelope = ENVELOPE, isRaw = false): Written {
  return written(keptBytes(request, envelope), (to, at, ledger) =>
    putKeptForm(request, envelope, MARKER, inspect(request), isRaw, ledger, to, at),
  );
}

function rebuilt(request: Request, envelope: Envelope = ENVELOPE, bodyLimit = 0): Written {
  const plan = planRebuiltForm(request, envelope, bodyLimit);
  return written(plan.bytes, (to, at, ledger) =>
    putRebuiltForm(request, envelope, MARKER, plan, inspect(request), true, ledger, to, at),
  );
}

describe('with its own bytes', () => {
  const cases: readonly (readonly [name: string, lines: string, expected: string])[] = [
    ['order, case, duplicates and blanks stay', 'hOsT:a\r\nX:  y \r\nX: z\r\nx_y: 1\r\n', 'hOsT:a\r\nX:  y \r\nX: z\r\nx_y: 1\r\n'],
    ['our names are renamed in place', 'Host: a\r\nX-Forwarded-For: 6.6.6.6\r\nZ: z\r\nx_real_IP:1\r\n', 'Host: a\r\nX-Mirror-Original-X-Forwarded-For: 6.6.6.6\r\nZ: z\r\nX-Mirror-Original-x_real_IP:1\r\n'],
    ['what looks like renamed is renamed', 'Host: a\r\nX-Mirror-Original-Host: 1\r\n', 'Host: a\r\nX-Mirror-Original-X-Mirror-Original-Host: 1\r\n'],
    ['keep-alive stays', 'Host: a\r\nConnection: Keep-Alive\r\n', 'Host: a\r\nConnection: Keep-Alive\r\n'],
    ['close does not close ours', 'Host: a\r\nConnection: close\r\n', 'Host: a\r\nX-Mirror-Original-Connection: close\r\n'],
    ['hop-by-hop fields', 'Host: a\r\nKeep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Connection: x\r\n', 'Host: a\r\nX-Mirror-Original-Keep-Alive: 5\r\nX-Mirror-Original-TE: trailers\r\nX-Mirror-Original-Upgrade: h2c\r\nX-Mirror-Original-Proxy-Connection: x\r\n'],
    ['Expect', 'Host: a\r\nExpect: 100-continue\r\n', 'Host: a\r\nX-Mirror-Original-Expect: 100-continue\r\n'],
  ];
  for (const [name, lines, expected] of cases) {
    test(name, () => {
      const { text, ledger } = kept(buildRequest(`POST /a HTTP/1.1\r\n${lines}Content-Length: 2\r\n\r\nhi`));
      assert.equal(text, `POST /a HTTP/1.1\r\n${expected}Content-Length: 2\r\n\r\nhi`);
      assert.equal(ledger.get('forward.renamed_header'), expected.split('X-Mirror-Original-').length - 1 - (name.startsWith('what looks') ? 1 : 0));
    });
  }

  test('a long head with edits everywhere is whole', () => {
    const fill = 'v'.repeat(300);
    const lines = `Host: a\r\nA: ${fill}\r\nX-Scheme: ${fill}\r\nB: ${fill}\r\nTE: ${fill}\r\nC: ${fill}\r\n`;
    const { text } = kept(buildRequest(`GET / HTTP/1.1\r\n${lines}\r\n`));
    assert.equal(text, `GET / HTTP/1.1\r\n${lines.replace('X-Scheme', 'X-Mirror-Original-X-Scheme').replace('TE', 'X-Mirror-Original-TE')}\r\n`);
  });

  test('X-Request-ID of the client is kept, and ours not added', () => {
    const request = buildRequest('GET / HTTP/1.1\r\nHost: a\r\nx-request-id: theirs\r\n\r\n');
    const { whole } = kept(request);
    assert.equal(whole.match(/x-request-id/gi)!.length, 1);
    assert.match(whole, new RegExp(`\r\nX-Mirror-Id: ${request.id}\r\n`));
  });

  test('the original host replaces Host, which stays readable', () => {
    const envelope = { ...ENVELOPE, host: 'shop.example' };
    const { text, ledger } = kept(buildRequest('GET / HTTP/1.1\r\nA: b\r\nHost: internal\r\nC: d\r\n\r\n'), envelope);
    assert.equal(text, 'GET / HTTP/1.1\r\nA: b\r\nHost: shop.example\r\nX-Mirror-Original-Host: internal\r\nC: d\r\n\r\n');
    assert.equal(ledger.get('forward.host_replaced'), 1);
    assert.equal(kept(buildRequest('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'), envelope).text, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: shop.example\r\n\r\n');
  });

  test('an original host that a client could have written to be refused is left where it is', () => {
    for (const host of ['a/../b', 'a b', '', 'a..b', 'a\r\nX: y']) {
      assert.equal(kept(buildRequest('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), { ...ENVELOPE, host }).text, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    }
  });

  test('HTTP/1.0 keeps its version and is told to keep the connection', () => {
    assert.equal(kept(buildRequest('GET / HTTP/1.0\r\nConnection: close\r\n\r\n')).text, 'GET / HTTP/1.0\r\nX-Mirror-Original-Connection: close\r\nConnection: keep-alive\r\n\r\n');
  });

  test('chunks stay as they are', () => {
    const bytes = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x="y"\r\nhello\r\n0\r\nX: y\r\n\r\n';
    assert.equal(kept(buildRequest(bytes)).text, bytes);
  });

  test('alone, on a connection that ends behind it', () => {
    const bytes = 'GET / HTTP/1.1\nHost: a\nConnection: keep-alive\n\n';
    assert.equal(kept(buildRequest(bytes), ENVELOPE, true).text, 'GET / HTTP/1.1\nHost: a\nX-Mirror-Original-Connection: keep-alive\nConnection: close\r\n\r\n');
  });

  test('response, correction, further lines; no VNI without a tunnel', () => {
    const response: Response = { ...buildRequest('GET / HTTP/1.1\r\n\r\n'), status: 404, reasonStart: 0, reasonEnd: 0, bodySize: 1234, lastByteMs: 2_250 };
    const request = buildRequest('GET / HTTP/1.1\r\nHost: a\r\n\r\n', { response, correction: true, endpoints: { ...ENDPOINTS, vni: null } });
    const { whole } = kept(request, { ...ENVELOPE, extra: [['X-Mirror-Application', '7'], ['X-Mirror-Partner', 'a\r\nb']] });
    assert.match(whole, /\r\nX-Mirror-Complete: true\r\nX-Mirror-Correction: true\r\n/);
    assert.match(whole, /\r\nX-Response-Status: 404\r\nX-Response-Time: 1\.250\r\nX-Response-Size: 1234\r\nX-Mirror-Application: 7\r\nX-Mirror-Partner: a\?\?b\r\n\r\n$/);
    assert.ok(!whole.includes('Vni'));
  });

  test('values that proxies wrote cannot end their line', () => {
    const { whole } = kept(buildRequest('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), { ...ENVELOPE, proto: 'https\r\nX-Evil: 1', port: '4\u01434' });
    assert.match(whole, /\r\nX-Scheme: https\?\?X-Evil: 1\r\n/);
    assert.match(whole, /\r\nX-Forwarded-Port: 4\?4\r\n/);
  });
});

describe('re-framed', () => {
  const cases: readonly (readonly [name: string, bytes: string, expected: string, changes?: Partial<Request>])[] = [
    ['TE and CL', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 'POST / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Content-Length: 6\r\nX-Mirror-Original-Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello'],
    ['bytes missing', 'POST / HTTP/1.1\r\nHost:  a\r\nContent-Length: 100\r\nX:y\r\n\r\nonly this', 'POST / HTTP/1.1\r\nHost:  a\r\nX-Mirror-Original-Content-Length: 100\r\nX:y\r\nContent-Length: 9\r\n\r\nonly this', { complete: false }],
    ['a chunk extension that servers refuse', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=${'y'.repeat(3000)}\r\nhello\r\n0\r\n\r\n`,
      'POST / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello'],
    ['chunks missing', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nff\r\npart', 'POST / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\nhellopart', { complete: false }],
    ['bare LFs', 'GET / HTTP/1.1\nHost: a\nX: y\n\n', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n'],
    ['folded lines', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n \tz\r\n  w\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX: y \tz  w\r\n\r\n'],
    ['a fold of blanks', 'GET / HTTP/1.1\r\nHost: a\r\n \t\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['Host with a line feed behind its name, before another one', 'GET / HTTP/1.1\r\nHost\n : h\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\nX-Mirror-Original-Host: a\r\n\r\n'],
    ['blank before the colon', 'GET / HTTP/1.1\r\nHost : a\r\nX\t: y\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n'],
    ['no colon', 'GET / HTTP/1.1\r\nHost: a\r\nnon\x01sense\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Line: non%01sense\r\n\r\n'],
    ['a word and no colon, nor any behind it', 'GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Line: foo\r\n\r\n'],
    ['a word and no colon, but one in the body', 'POST / HTTP/1.1\r\nHost: a\r\nfoo\r\nContent-Length: 2\r\n\r\n::',
      'POST / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Line: foo\r\nX-Mirror-Original-Content-Length: 2\r\nContent-Length: 2\r\n\r\n::'],
    ['a name that is none', 'GET / HTTP/1.1\r\nHost: a\r\nX(y): <script>\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Line: X(y): <script>\r\n\r\n'],
    ['NUL and CR in values', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\x00z\rw\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX: y%00z%0Dw\r\n\r\n'],
    ['controls in the target', 'GET /a\x00b\x7f HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /a%00b%7F HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['blank in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /a%20b HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no version', 'GET /a\r\n\r\n', 'GET /a HTTP/1.1\r\nHost: 10.0.2.9:80\r\nX-Mirror-Original-Version: \r\n\r\n'],
    ['another version', 'GET /a HTTP/1.7\r\nHost: a\r\n\r\n', 'GET /a HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Version: HTTP/1.7\r\n\r\n'],
    ['no Host', 'GET /a HTTP/1.1\r\n\r\n', 'GET /a HTTP/1.1\r\nHost: 10.0.2.9:80\r\n\r\n'],
    ['a Host nobody takes', 'GET /a HTTP/1.1\r\nHost: ${jndi:ldap://x}\r\n\r\n', 'GET /a HTTP/1.1\r\nX-Mirror-Original-Host: ${jndi:ldap://x}\r\nHost: 10.0.2.9:80\r\n\r\n'],
    ['an empty Host and a second', 'GET /a HTTP/1.1\r\nHost:\r\nHost: b\r\n\r\n', 'GET /a HTTP/1.1\r\nX-Mirror-Original-Host:\r\nHost: b\r\n\r\n'],
    ['two Hosts', 'GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'GET /a HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Host: b\r\n\r\n'],
    ['a method no rule can name', 'Propfind /a HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /a HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Method: Propfind\r\n\r\n'],
    ['a method no rule can name, with a body', 'report /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi', 'POST /a HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Content-Length: 2\r\nX-Mirror-Original-Method: report\r\nContent-Length: 2\r\n\r\nhi'],
    ['a target that is no path', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Method: CONNECT\r\nX-Mirror-Original-Target: a:80\r\n\r\n'],
    ['trailers', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Real-IP: 6\r\nY: z\r\n\r\n', 'POST / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Transfer-Encoding: chunked\r\nX-Mirror-Original-Trailer: X-Real-IP: 6\r\nX-Mirror-Original-Trailer: Y: z\r\nContent-Length: 2\r\n\r\nhi'],
    ['names like framing', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\nContent-Length: 2\r\n\r\nhi', 'POST / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Transfer_Encoding: chunked\r\nX-Mirror-Original-Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi'],
    ['a head that ends in the middle', 'GET /a HTTP/1.1\r\nHost: a\r\nX: y', 'GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n', { complete: false }],
  ];
  for (const [name, bytes, expected, changes] of cases) {
    test(name, () => {
      const { text, whole } = rebuilt(buildRequest(bytes, changes));
      assert.equal(text, expected);
      assert.match(whole, changes?.complete === false ? /\r\nX-Mirror-Complete: false\r\n/ : /\r\nX-Mirror-Complete: true\r\n/);
    });
  }

  test('a body beyond the limit is cut, and the request marked', () => {
    const { text, whole } = rebuilt(buildRequest('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789'), ENVELOPE, 4);
    assert.equal(text, 'POST / HTTP/1.1\r\nHost: a\r\nX-Mirror-Original-Content-Length: 10\r\nContent-Length: 4\r\n\r\n0123');
    assert.match(whole, /\r\nX-Mirror-Complete: false\r\n/);
  });

  test('what no load balancer takes has no such form', () => {
    for (const bytes of [`GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, `GET /${'\x01'.repeat(6_000)} HTTP/1.1\r\nHost: a\r\n\r\n`]) {
      const request = buildRequest(bytes);
      const plan = planRebuiltForm(request, ENVELOPE, 0);
      assert.equal(
        putRebuiltForm(request, ENVELOPE, MARKER, plan, inspect(request), true, null, Buffer.alloc(plan.bytes), 0),
        -1,
      );
      assert.ok(
        putRebuiltForm(request, ENVELOPE, MARKER, plan, inspect(request), false, null, Buffer.alloc(plan.bytes), 0) > 0,
      );
    }
  });
});

test('no line is searched beyond its end: 20,000 without a colon before a body without one', () => {
  const body = 32 << 20;
  const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body}\r\nConnection: close\r\n${'a\r\n'.repeat(20_000)}${'Connection: b\r\n'.repeat(2_000)}\r\n`;
  const request = buildRequest(Buffer.concat([Buffer.from(head), Buffer.alloc(body, 'b')]));
  const plan = planRebuiltForm(request, ENVELOPE, 0);
  const to = Buffer.alloc(plan.bytes);
  const end = putRebuiltForm(request, ENVELOPE, MARKER, plan, inspect(request), false, null, to, 0);
  assert.equal(to.toString('latin1', 0, end - body).split('X-Mirror-Original-Line: a\r\n').length, 20_001);
});

test('every form of every hostile request stays within the memory it asked for', () => {
  for (const { bytes } of DESYNC_CASES) {
    rebuild(Buffer.from(bytes, 'latin1'), (request) => {
      kept(request);
      kept(request, { ...ENVELOPE, host: 'shop.example' }, true);
      const plan = planRebuiltForm(request, ENVELOPE, 0);
      written(plan.bytes, (to, at) =>
        putRebuiltForm(request, ENVELOPE, MARKER, plan, inspect(request), false, null, to, at),
      );
    });
  }
});

describe('enveloped', () => {
  function enveloped(bytes: string, isDeep: boolean): string {
    const from = Buffer.from(`##${bytes}##`, 'latin1');
    const size = envelopedBytes(from, 2, from.length - 2, isDeep);
    return written(size, (to, at) => putEnvelopedForm(from, 2, from.length - 2, isDeep, to, at)).whole;
  }

  for (const [line, first] of [['POST /%00 HTTP/1.1', 'POST / HTTP/1.1'], ['HEAD /.. HTTP/1.0', 'POST / HTTP/1.0']] as const) {
    test(`${line}: the request line is a header`, () => {
      const expected = `${first}\r\nX-Mirror-Original-Request-Line: ${line}\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi`;
      assert.equal(enveloped(`${line}\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi`, false), expected);
    });
  }

  test('deep: no line of the client has its own name but the framing', () => {
    const { whole } = kept(buildRequest('POST /a HTTP/1.1\r\nHost: a\r\nAuthorization: 1\r\nAuthorization: 2\r\ncontent-length: 2\r\n\r\nhi'));
    const ours = whole.slice(whole.indexOf('X-Forwarded-For: '));
    const expected = 'POST / HTTP/1.1\r\nX-Mirror-Original-Request-Line: POST /a HTTP/1.1\r\nHost: 10.0.2.9\r\n'
      + 'X-Mirror-Original-Line: Host: a\r\nX-Mirror-Original-Line: Authorization: 1\r\nX-Mirror-Original-Line: Authorization: 2\r\n'
      + `content-length: 2\r\n${ours}`;
    assert.equal(enveloped(whole, true), expected);
  });

  test('deep: no lines at all', () => {
    const { whole } = kept(buildRequest('GET /a HTTP/1.0\r\n\r\n', { endpoints: { ...ENDPOINTS, serverAddress: '2001:db8::1' } }));
    assert.match(enveloped(whole, true), /^GET \/ HTTP\/1\.0\r\nX-Mirror-Original-Request-Line: GET \/a HTTP\/1\.0\r\nHost: \[2001:db8::1\]\r\nX-Forwarded-For: /);
  });
});
