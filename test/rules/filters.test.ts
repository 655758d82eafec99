import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RE2JS } from 're2js';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { InputFilters } from '../../rebuilder/rules/filters.ts';
import { requestOf } from './request-of.ts';

interface Case {
  readonly why: string;
  readonly file: string;
  readonly target?: string;
  readonly headers?: readonly string[];
  readonly address?: string;
  readonly judgement: ReturnType<InputFilters['judge']>;
}

const STATIC = 'bypass: [{path: ".*\\\\.(png|jpg|css|js|svg)$"}]';
const TOKEN = 'inspect: [{path: "^/api/v[0-9]+/.*", headers: {Authorization: "^Bearer .+"}}]';
const HTML = 'bypass: [{headers: {accept: "text/html"}}]';
const INSIDE = 'bypass: [{ip_addresses: [10.0.0.0/8, 192.168.1.5]}, {ip_addresses: [172.16.0.0/12], path: "\\\\.css$"}]';

const CASES: readonly Case[] = [
  { why: 'a static file', file: STATIC, target: '/a/b.css', judgement: 'bypass' },
  { why: 'the query is not the path', file: STATIC, target: '/a?x=.css', judgement: 'inspect' },
  { why: 'a static file with a query', file: STATIC, target: '/a.css?v=1', judgement: 'bypass' },
  { why: 'an encoded slash that a server may read as another path', file: STATIC, target: '/admin/..%2fb.css', judgement: 'bypass' },
  { why: 'a path that NGINX reads as another one', file: 'bypass: [{path: "^/static/"}]', target: '/static/../admin', judgement: 'inspect' },
  { why: 'a path that only NGINX reads so', file: 'bypass: [{path: "^/static/"}]', target: '/%73tatic/x', judgement: 'inspect' },
  { why: 'a path that climbs above the root', file: 'bypass: [{path: "static"}]', target: '/static/../../x', judgement: 'inspect' },
  { why: 'all conditions hold', file: TOKEN, target: '/api/v1/users', headers: ['authorization: Bearer abc'], judgement: 'inspect' },
  { why: 'one condition does not', file: TOKEN, target: '/api/v1/users', headers: ['Authorization: Basic abc'], judgement: 'not_inspected' },
  { why: 'the header is missing', file: TOKEN, target: '/api/v1/users', judgement: 'not_inspected' },
  { why: 'a path that Tomcat resolves', file: STATIC, target: '/static/..;/admin.css', judgement: 'inspect' },
  { why: 'inspect takes what may be resolved to its path', file: 'inspect: [{path: "^/api/"}]', target: '/x/..;/%61pi/x', judgement: 'inspect' },
  { why: 'inspect needs one reading of the path', file: 'inspect: [{path: "^/api/"}]', target: '/%61pi/x', judgement: 'inspect' },
  { why: 'inspect needs one line of the header', file: TOKEN, target: '/api/v1/', headers: ['Authorization: x', 'Authorization: Bearer a'], judgement: 'inspect' },
  { why: 'bypass goes before inspect', file: `${TOKEN}\n${HTML}`, target: '/api/v1/users', headers: ['Authorization: Bearer a', 'Accept: text/html'], judgement: 'bypass' },
  { why: 'a bare CR, behind which servers see another line', file: TOKEN, target: '/', headers: ['X: 1\rAuthorization: Bearer a'], judgement: 'inspect' },
  { why: 'a fold that some pass over', file: HTML, headers: ['Accept: text/html', ' '], judgement: 'inspect' },
  { why: 'a host in the target, which goes before its line', file: 'inspect: [{headers: {host: "^api"}}]', target: 'http://api.example/', headers: ['Host: x'], judgement: 'inspect' },
  { why: 'a host in the target is none of its line', file: 'bypass: [{headers: {host: "^x"}}]', target: 'http://api.example/', headers: ['Host: x'], judgement: 'inspect' },
  { why: 'the host of its line', file: 'bypass: [{headers: {host: "^x"}}]', headers: ['Host: x'], judgement: 'bypass' },
  { why: 'bypass needs all lines of the header', file: HTML, headers: ['Accept: text/html', 'Accept: */*'], judgement: 'inspect' },
  { why: 'a path too long to be compared is not left out', file: STATIC, target: `/${'a'.repeat(9000)}.css`, judgement: 'inspect' },
  { why: 'nor does inspect miss it', file: TOKEN, target: `/${'a'.repeat(9000)}`, headers: [`Authorization: ${'x'.repeat(9000)}`], judgement: 'inspect' },
  { why: 'a value too long likewise', file: HTML, headers: [`Accept: text/html${' '.repeat(9000)}x`], judgement: 'inspect' },
  { why: 'an address of the list', file: INSIDE, address: '10.9.9.9', judgement: 'bypass' },
  { why: 'a bare address', file: INSIDE, address: '192.168.1.5', judgement: 'bypass' },
  { why: 'another address', file: INSIDE, address: '192.168.1.6', judgement: 'inspect' },
  { why: 'address and path together', file: INSIDE, address: '172.16.0.1', target: '/a.css', judgement: 'bypass' },
  { why: 'address without the path', file: INSIDE, address: '172.16.0.1', target: '/a.js', judgement: 'inspect' },
];

for (const { why, file, target = '/', headers = [], address = '198.51.100.7', judgement } of CASES) {
  test(`${judgement}: ${why}`, () => {
    const { settings } = parseConfig(`input_filters:\n${file.replace(/^/gm, '  ')}\n`, 'test.yaml');
    assert.equal(new InputFilters(settings.inputFilters).judge(requestOf(`GET ${target} HTTP/1.1`, headers), address), judgement);
  });
}

test('no filter is known to be none', () => {
  assert.ok(new InputFilters({ inspect: [], bypass: [] }).isEmpty);
});

test('a pattern that is catastrophic elsewhere takes steps in proportion to its input', () => {
  // Steps are counted where they are taken: reads of input characters by the matcher.
  const steps = (length: number): number => {
    let reads = 0;
    const input = new Proxy(new Uint8Array(Buffer.from(`${'a'.repeat(length)}!`)), {
      get(bytes, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) reads++;
        const value: unknown = Reflect.get(bytes, name);
        return typeof value === 'function' ? value.bind(bytes) : value;
      },
    });
    assert.equal(RE2JS.compile('^(a+)+$').matcher(input).find(), false);
    return reads;
  };
  const short = steps(500);
  const long = steps(4000);
  assert.ok(short >= 500, `${short} reads: the counter does not see the matcher`);
  assert.ok(long / short < 10, `8 times the input took ${(long / short).toFixed(1)} times the steps`);
  // The same through our own filters, with an input on which a backtracking engine would not come back.
  const { settings } = parseConfig('input_filters: {bypass: [{path: "^/(([a-z])+.)+[A-Z]([a-z])+$", headers: {x: "(x+x+)+y"}}]}', 'test.yaml');
  const request = requestOf(`GET /${'a'.repeat(20_000)} HTTP/1.1`, [`X: ${'x'.repeat(20_000)}`]);
  assert.equal(new InputFilters(settings.inputFilters).judge(request, '192.0.2.1'), 'inspect');
});
