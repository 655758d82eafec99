// The lines that say who asked whom are kept for each client: never are they another's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientLines } from '../../rebuilder/forward/client-lines.ts';
import type { Endpoints } from '../../rebuilder/http/message.ts';
import { ENVELOPE } from './request-builder.ts';

const ENDPOINTS: Endpoints = {
  clientAddress: '10.0.0.1', clientPort: 40_000, serverAddress: '10.0.0.2', serverPort: 80, vni: 7, proxied: null,
};

type Asked = Partial<Endpoints> & { client?: string; proto?: string; port?: string };

function linesOf(lines: ClientLines, { client = '10.0.0.1', proto = 'http', port = '40000', ...endpoints }: Asked): string {
  const to = Buffer.alloc(200_000);
  const envelope = { ...ENVELOPE, clientAddress: client, proto, port };
  return to.toString('latin1', 10, lines.put({ ...ENDPOINTS, ...endpoints }, envelope, to, 10));
}

/** Each in the slot of all others: of the same client port, or 4096 beside it. */
const ASKED: readonly Asked[] = [
  {}, { client: '10.0.0.3' }, { proto: 'https' }, { port: '443' }, { serverAddress: '10.0.0.4' }, { serverPort: 8080 }, { vni: 8 }, { vni: null },
  { clientPort: 44_096, port: '44096' }, { client: '2001:db8::1', proto: 'https', port: '443', serverAddress: '2001:db8::2' },
  { client: `198.51.100.7${', 10.0.0.1'.repeat(60)}` }, { client: 'a\r\nX-Evil: 1' },
];

test('each client gets its own, whoever asked before', () => {
  const kept = new ClientLines();
  const alone = ASKED.map((asked) => linesOf(new ClientLines(), asked));
  assert.equal(new Set(alone).size, ASKED.length);
  for (const [i, one] of ASKED.entries()) {
    for (const [k, other] of ASKED.entries()) {
      for (const [asked, expected] of [[one, alone[i]], [one, alone[i]], [other, alone[k]], [one, alone[i]]] as const) {
        assert.equal(linesOf(kept, asked), expected);
      }
    }
  }
});

test('what they say', () => {
  const lines = new ClientLines();
  const first = linesOf(lines, { client: '198.51.100.7', proto: 'https', port: '443' });
  assert.equal(first, [
    'X-Forwarded-For: 198.51.100.7', 'X-Real-IP: 198.51.100.7', 'X-Scheme: https', 'X-Mirror-Forwarded-Proto: https',
    'X-Mirror-Forwarded-Port: 443', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 443', 'X-SERVER-ADDR: 10.0.0.2',
    'X-SERVER-PORT: 80', 'X-Mirror-Vni: 7',
  ].join('\r\n'));
  assert.ok(!linesOf(lines, { client: 'a\r\nX-Evil: 1' }).includes('\nX-Evil'));
});
