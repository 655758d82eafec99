import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http1Context } from '../../rebuilder/http1/http1-context.ts';
import { HeaderBlock } from '../../rebuilder/http2/header-block.ts';
import { Http2Message } from '../../rebuilder/http2/message.ts';
import { OpenMessages } from '../../rebuilder/http2/open-messages.ts';
import { requestHead } from '../../rebuilder/http2/translation.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { Origin } from '../../rebuilder/reassembly/provenance.ts';

test('a message that no memory was left for is told once, and nothing of it stays', () => {
  const context = http1Context(new Ledger(), new Budget(0), 65_536, 65_536);
  const told: (readonly string[] | null)[] = [];
  const open = new OpenMessages(context, { tell: (_, __, { lost }) => told.push(lost) });
  const head = requestHead([':method', 'POST', ':scheme', 'http', ':path', `/${'a'.repeat(60_000)}`, ':authority', 'a']);
  assert.ok(typeof head === 'object' && head !== null);
  const message = new Http2Message(context, head, new Origin(), 1_000);
  open.begin(1, message, new HeaderBlock(context), false);
  assert.equal(open.has(1), true);
  assert.equal(message.head.length, 0);
  open.stall(100_000, 1);
  open.end(1, null);
  assert.deepEqual(told, [['http.memcap']]);
});
