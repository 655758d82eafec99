import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProxyHeader, type ProxyHeader } from '../../rebuilder/exchange/proxy-protocol.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const V4 = 'c6336407 0a000009 a028 0050'; // 198.51.100.7:41000 -> 10.0.0.9:80
const V6 = '20010db8000000000000000000000001 20010db8000000000000000000000002 a028 01bb';
/** PP2_TYPE_AWS with the VPC endpoint's id, as an NLB adds it behind an endpoint service. */
const AWS_TLV = `ea 0017 01 ${Buffer.from('vpce-08d2bf15fac5001c9').toString('hex')}`;

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const line = (text: string): Buffer => Buffer.from(text, 'latin1');

const CLIENT = { clientAddress: '198.51.100.7', clientPort: 41000, serverAddress: '10.0.0.9', serverPort: 80 };
const CLIENT6 = { clientAddress: '2001:db8::1', clientPort: 41000, serverAddress: '2001:db8::2', serverPort: 443 };

const WHOLE: readonly (readonly [why: string, header: Buffer, kind: 'proxied' | 'local', addresses: object | null])[] = [
  ['version 1 over IPv4 (CLB)', line('PROXY TCP4 198.51.100.7 10.0.0.9 41000 80\r\n'), 'proxied', CLIENT],
  ['version 1 over IPv6', line('PROXY TCP6 2001:db8::1 2001:0DB8::2 41000 443\r\n'), 'proxied', CLIENT6],
  ['version 1, longest line', line(`PROXY UNKNOWN ${'f'.repeat(39)} ${'f'.repeat(39)} 65535 65535\r\n`), 'local', null],
  ['version 1, nothing known', line('PROXY UNKNOWN\r\n'), 'local', null],
  ['version 1, port 0', line('PROXY TCP4 198.51.100.7 10.0.0.9 0 65535\r\n'), 'proxied', { ...CLIENT, clientPort: 0, serverPort: 65535 }],
  ['version 2 over IPv4 (NLB)', hex(`${SIGNATURE} 21 11 000c ${V4}`), 'proxied', CLIENT],
  ['version 2 over IPv6', hex(`${SIGNATURE} 21 21 0024 ${V6}`), 'proxied', CLIENT6],
  ['version 2 with TLVs', hex(`${SIGNATURE} 21 11 0026 ${V4} ${AWS_TLV}`), 'proxied', CLIENT],
  ['version 2 LOCAL, a balancer\'s health check', hex(`${SIGNATURE} 20 00 0000`), 'local', null],
  ['version 2 LOCAL with addresses, which do not count', hex(`${SIGNATURE} 20 11 000c ${V4}`), 'local', null],
  ['version 2 over UNIX sockets', hex(`${SIGNATURE} 21 31 00d8 ${'00'.repeat(216)}`), 'local', null],
  ['version 2 of no known family', hex(`${SIGNATURE} 21 00 0000`), 'local', null],
];

for (const [why, header, kind, addresses] of WHOLE) {
  test(`${why}: whole, cut at every byte, and with the first request behind it`, () => {
    const bytes = Buffer.concat([line('xx'), header, line('GET / HTTP/1.1\r\n\r\n')]);
    const end = 2 + header.length;
    for (let to = 2; to < end; to++) assert.deepEqual(parseProxyHeader(bytes, 2, to), { kind: 'need_more' }, `cut at ${to - 2}`);
    const expected = { kind, length: header.length, ...(addresses === null ? {} : { addresses }) };
    assert.deepEqual(parseProxyHeader(bytes, 2, end), expected);
    assert.deepEqual(parseProxyHeader(bytes, 2, bytes.length), expected);
  });
}

const OTHER: readonly (readonly [why: string, bytes: Buffer, kind: ProxyHeader['kind']])[] = [
  ['a request', line('GET / HTTP/1.1\r\n\r\n'), 'none'],
  ['a request whose method begins alike', line('PROPFIND / HTTP/1.1\r\n\r\n'), 'none'],
  ['an empty line before a request', line('\r\nGET / HTTP/1.1\r\n\r\n'), 'none'],
  ['nothing yet', line(''), 'need_more'],
  ['a line that never ends', line(`PROXY TCP4 ${'1'.repeat(200)}`), 'invalid'],
  ['a bare line feed', line('PROXY TCP4 198.51.100.7 10.0.0.9 41000 80\n'), 'invalid'],
  ['an address of the other family', line('PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n'), 'invalid'],
  ['a port too large', line('PROXY TCP4 198.51.100.7 10.0.0.9 65536 80\r\n'), 'invalid'],
  ['a port with a leading zero', line('PROXY TCP4 198.51.100.7 10.0.0.9 080 80\r\n'), 'invalid'],
  ['an octet with a leading zero', line('PROXY TCP4 198.051.100.7 10.0.0.9 80 80\r\n'), 'invalid'],
  ['a field too many', line('PROXY TCP4 198.51.100.7 10.0.0.9 1 2 3\r\n'), 'invalid'],
  ['an unknown protocol', line('PROXY UDP4 198.51.100.7 10.0.0.9 1 2\r\n'), 'invalid'],
  ['version 3', hex(`${SIGNATURE} 31 11 000c ${V4}`), 'invalid'],
  ['version 3, known before the header is whole', hex(`${SIGNATURE} 31`), 'invalid'],
  ['an unknown command', hex(`${SIGNATURE} 22 11 000c ${V4}`), 'invalid'],
  ['addresses cut short', hex(`${SIGNATURE} 21 11 0008 ${V4}`), 'invalid'],
  ['more TLVs than a balancer sends', hex(`${SIGNATURE} 21 11 1001 ${V4}`), 'invalid'],
  ['datagrams', hex(`${SIGNATURE} 21 12 000c ${V4}`), 'local'],
];

for (const [why, bytes, kind] of OTHER) {
  test(`${kind}: ${why}`, () => assert.equal(parseProxyHeader(bytes, 0, bytes.length).kind, kind));
}

test('random bytes after either signature never throw, and claim no more than is there', () => {
  let seed = 7;
  const random = (below: number): number => (seed = Math.imul(seed, 1103515245) + 12345 >>> 0) % below;
  for (let round = 0; round < 5000; round++) {
    const head = random(2) === 0 ? line('PROXY TCP4 198.51.100.7 10.0.0.9 41000 80\r\n') : hex(`${SIGNATURE} 21 11 000c ${V4}`);
    const bytes = Buffer.concat([head, Buffer.alloc(random(40), random(256))]);
    for (let i = 0; i < 3; i++) bytes[random(bytes.length)] = random(256);
    const parsed = parseProxyHeader(bytes, 0, bytes.length);
    if ('length' in parsed) assert.ok(parsed.length > 0 && parsed.length <= bytes.length);
  }
});
