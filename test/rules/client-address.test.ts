import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProxyHeaderRule } from '../../rebuilder/config/settings.ts';
import type { Endpoints } from '../../rebuilder/http/message.ts';
import { ClientAddress } from '../../rebuilder/rules/client-address.ts';
import { requestOf } from './request-of.ts';

const INSIDE: ProxyHeaderRule = { trustedNetworks: ['10.0.0.0/8'], originalHost: ['X-Forwarded-Host'], realIp: ['X-Forwarded-For'] };
const EDGE: ProxyHeaderRule = { trustedNetworks: ['203.0.113.0/24'], originalHost: ['X-Real-Host'], realIp: ['X-Real-IP'] };

interface Case {
  readonly why: string;
  readonly rules?: readonly ProxyHeaderRule[];
  readonly from?: Partial<Endpoints>;
  readonly headers?: readonly string[];
  readonly isFound?: boolean;
  readonly address: string;
  readonly proto?: string;
  readonly port?: string;
  readonly host?: string | null;
}

const PROXIED = { clientAddress: '198.51.100.7', clientPort: 5555, serverAddress: '10.0.0.9', serverPort: 80 };

const CASES: readonly Case[] = [
  { why: 'no rule: the packet\'s source', rules: [], headers: ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: https'], address: '10.0.1.7' },
  { why: 'a trusted sender', headers: ['X-Forwarded-For: 198.51.100.7'], address: '198.51.100.7' },
  { why: 'a sender no rule trusts', from: { clientAddress: '198.51.100.7' }, headers: ['X-Forwarded-For: 6.6.6.6'], address: '198.51.100.7' },
  { why: 'only the first matching rule counts', rules: [{ ...INSIDE, realIp: ['X-Other'] }, INSIDE], headers: ['X-Forwarded-For: 6.6.6.6'], address: '10.0.1.7' },
  { why: 'the second rule, if the first does not hold the sender', from: { clientAddress: '203.0.113.5' },
    headers: ['X-Real-IP: 198.51.100.8', 'X-Forwarded-For: 6.6.6.6', 'X-Real-Host: shop.example', 'X-Forwarded-Host: bad.example'],
    address: '198.51.100.8', host: 'shop.example' },
  { why: 'headers are tried in order', rules: [{ ...INSIDE, realIp: ['True-Client-IP', 'X-Forwarded-For'] }],
    headers: ['X-Forwarded-For: 198.51.100.7', 'True-Client-IP: 198.51.100.9'], address: '198.51.100.9' },
  { why: 'the next header, if the first holds no address', rules: [{ ...INSIDE, realIp: ['True-Client-IP', 'X-Forwarded-For'] }],
    headers: ['X-Forwarded-For: 198.51.100.7', 'True-Client-IP: unknown'], address: '198.51.100.7' },
  { why: 'no address anywhere: the sender', headers: ['X-Forwarded-For: unknown'], address: '10.0.1.7' },
  { why: 'a header with underscores is the client\'s, not the proxy\'s', headers: ['X_Forwarded_For: 6.6.6.6'], address: '10.0.1.7' },
  { why: 'every network trusted: the first address', rules: [{ ...INSIDE, trustedNetworks: null }], from: { clientAddress: '198.51.100.7' },
    headers: ['X-Forwarded-For: 192.0.2.1, 192.0.2.2'], address: '192.0.2.1' },
  { why: 'a PROXY header names the client', rules: [], from: { proxied: PROXIED }, address: '198.51.100.7', port: '5555' },
  { why: 'the client a PROXY header names is not trusted like the balancer', from: { proxied: PROXIED },
    headers: ['X-Forwarded-For: 6.6.6.6'], address: '198.51.100.7', port: '5555' },
  { why: 'a CDN behind a PROXY header is', rules: [{ ...EDGE, realIp: ['X-Forwarded-For'] }], from: { proxied: { ...PROXIED, clientAddress: '203.0.113.5' } },
    headers: ['X-Forwarded-For: 198.51.100.9'], address: '198.51.100.9', port: '5555' },
  { why: 'scheme and port of a trusted balancer', headers: ['X-Forwarded-For: 198.51.100.7', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 443'],
    address: '198.51.100.7', proto: 'https', port: '443' },
  { why: 'the nearest proxy\'s scheme', headers: ['X-Forwarded-Proto: http, HTTPS'], address: '10.0.1.7', proto: 'https' },
  { why: 'a scheme and a port that are none', headers: ['X-Forwarded-Proto: gopher', 'X-Forwarded-Port: 70000'], address: '10.0.1.7' },
  { why: 'Forwarded: address, scheme and host', rules: [{ trustedNetworks: ['10.0.0.0/8'], originalHost: ['Forwarded'], realIp: ['Forwarded'] }],
    headers: ['Forwarded: for="[2001:db8::1]:4711";proto=https;host="shop.example:8443"'], address: '2001:db8::1', proto: 'https', host: 'shop.example:8443' },
  { why: 'the original host', headers: ['X-Forwarded-Host: shop.example:8443'], address: '10.0.1.7', host: 'shop.example:8443' },
  { why: 'a host that could end a line or hold anything else is none', headers: ['X-Forwarded-Host: shop.example/path', 'Host: h'], address: '10.0.1.7' },
  { why: 'a host of 255 bytes', headers: [`X-Forwarded-Host: ${'h'.repeat(255)}`], address: '10.0.1.7', host: 'h'.repeat(255) },
  { why: 'a host longer than a name can be is none', headers: [`X-Forwarded-Host: ${'h'.repeat(256)}`], address: '10.0.1.7' },
  { why: 'a WebSocket over TLS is a secure scheme too', headers: ['X-Forwarded-Proto: wss'], address: '10.0.1.7', proto: 'https' },
  { why: 'the highest port', headers: ['X-Forwarded-Port: 65535'], address: '10.0.1.7', port: '65535' },
  { why: 'a port above the highest is none', headers: ['X-Forwarded-Port: 65536'], address: '10.0.1.7' },
  { why: 'an empty port is none', headers: ['X-Forwarded-Port:'], address: '10.0.1.7' },
  { why: 'an IPv6 literal as the original host', headers: ['X-Forwarded-Host: [2001:db8::5]:8443'], address: '10.0.1.7',
    host: '[2001:db8::5]:8443' },
  { why: 'the next header, if the first is not there or holds no host',
    rules: [{ ...INSIDE, originalHost: ['X-Absent', 'X-Original-Host', 'X-Forwarded-Host'] }],
    headers: ['X-Original-Host: a/b', 'X-Forwarded-Host: shop.example'], address: '10.0.1.7', host: 'shop.example' },
  { why: 'Forwarded, however the configuration spells it',
    rules: [{ trustedNetworks: ['10.0.0.0/8'], originalHost: ['forwarded'], realIp: ['FORWARDED'] }],
    headers: ['Forwarded: for=198.51.100.7;host=shop.example'], address: '198.51.100.7', host: 'shop.example' },
  { why: 'a Forwarded that names neither scheme nor host',
    rules: [{ trustedNetworks: ['10.0.0.0/8'], originalHost: ['Forwarded'], realIp: ['Forwarded'] }],
    headers: ['Forwarded: for=198.51.100.7'], address: '198.51.100.7' },
  { why: 'what a search found may stand in a body, where a client writes what a proxy would', isFound: true,
    headers: ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 443', 'X-Forwarded-Host: h.example'],
    address: '10.0.1.7' },
  { why: 'an IPv6 sender', rules: [{ ...INSIDE, trustedNetworks: ['2001:db8::/32'] }], from: { clientAddress: '2001:db8::5' },
    headers: ['X-Forwarded-For: 198.51.100.7'], address: '198.51.100.7' },
];

for (const { why, rules = [INSIDE, EDGE], from = {}, headers = [], isFound = false, ...expected } of CASES) {
  test(why, () => {
    const { address, proto = 'http', port = '41000', host = null } = expected;
    const envelope = new ClientAddress(rules).envelope({ ...requestOf('GET / HTTP/1.1', headers, from), isFound });
    assert.deepEqual(envelope, { clientAddress: address, proto, port, host, extra: [] });
  });
}

test('a connection that turns out to be the other way round is judged anew', () => {
  const endpoints = { clientAddress: '198.51.100.7', clientPort: 1, serverAddress: '10.0.1.7', serverPort: 80, vni: 1, proxied: null };
  const judge = new ClientAddress([INSIDE]);
  const request = { ...requestOf('GET / HTTP/1.1', ['X-Forwarded-For: 192.0.2.1']), endpoints };
  assert.equal(judge.envelope(request).clientAddress, '198.51.100.7');
  endpoints.clientAddress = '10.0.1.7';
  assert.equal(judge.envelope(request).clientAddress, '192.0.2.1');
});
