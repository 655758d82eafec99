import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyPrefix } from '../../rebuilder/exchange/proxy-prefix.ts';
import { readerContext } from '../../rebuilder/http/reader-context.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import type { StreamSink } from '../../rebuilder/reassembly/stream-sink.ts';

const REQUEST = 'GET /behind HTTP/1.1\r\nHost: a\r\n\r\n';
const LINE = 'PROXY TCP4 198.51.100.7 10.0.0.9 41000 80\r\n';
/** The largest that is read: 16 bytes, IPv4 addresses, and one TLV up to 4,096 bytes. */
const LARGEST = Buffer.concat([
  Buffer.from('0d0a0d0a000d0a515549540a21111000c63364070a000009a0280050040ff1', 'hex'), Buffer.alloc(4096 - 15),
]).toString('latin1');
const SEQ = 0xffff_fff0 | 0;

class Recorder implements StreamSink {
  readonly said: string[] = [];
  readonly unfinished = false;
  seqs: number[] = [];
  data(bytes: Uint8Array, start: number, end: number, seq: number): void {
    this.said.push(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
    this.seqs.push(seq);
  }

  gap(bytes: number): void { this.said.push(`gap ${bytes}`); }
  end(): void { this.said.push('end'); }
  stall(): boolean { return false; }
  fork(): StreamSink { return this.forked; }
  discard(): void { this.said.push('discarded'); }
  get forked(): Recorder { return this.#forked ??= new Recorder(); }
  #forked: Recorder | null = null;
}

function setUp(memoryBytes = 1 << 20) {
  const budget = new Budget(memoryBytes);
  const ledger = new Ledger();
  const context = readerContext(ledger, budget, 1 << 16, 1 << 20);
  const late = readerContext(new Ledger(), budget, 1 << 16, 1 << 20);
  const inner = new Recorder();
  const clients: (string | null)[] = [];
  const prefix = new ProxyPrefix(inner, context, late, (addresses) => clients.push(addresses?.clientAddress ?? null));
  let sent = 0;
  const send = (text: string, to: StreamSink = prefix): void => {
    const bytes = Buffer.from(`..${text}..`, 'latin1');
    to.data(bytes, 2, bytes.length - 2, (SEQ + sent) | 0, { ack: 1, timeMs: 2, ipId: 3 });
    sent += text.length;
  };
  return { prefix, inner, context, late, budget, ledger, clients, send };
}

for (const [name, header, cuts] of [
  ['version 1', LINE, [...LINE].map((_, at) => at)],
  ['the largest of version 2', LARGEST, [0, 1, 12, 16, 30, 4095, 4096, 4097, 4100, 4111]],
] as const) {
  test(`${name}, cut anywhere: the address is known, and only the request goes on`, () => {
    for (const cut of cuts) {
      const { inner, context, budget, ledger, clients, send } = setUp();
      if (cut > 0) send(header.slice(0, cut));
      send(header.slice(cut) + REQUEST);
      assert.deepEqual([clients, inner.said], [['198.51.100.7'], [REQUEST]], `cut at ${cut}`);
      assert.deepEqual(inner.seqs, [(SEQ + header.length) | 0]);
      assert.equal(ledger.get('http.proxy_protocol_bytes'), header.length);
      assert.deepEqual([context.pendingBytes, budget.usedBytes], [0, 0]);
    }
  });
}

test('what only begins like a header goes on whole, with the number of its first byte', () => {
  for (const text of [REQUEST, REQUEST.replace('GET', 'PROPFIND'), `PROXY TCP4 x${REQUEST}`]) {
    const { inner, context, clients, send } = setUp();
    for (const byte of text) send(byte);
    assert.equal(inner.said.join(''), text);
    assert.deepEqual([clients, inner.seqs[0], context.pendingBytes], [[null], SEQ, 0]);
  }
});

for (const [what, cut] of [['a hole', 'gap'], ['the end', 'end']] as const) {
  test(`${what} within a header: what came of it is the reader's to judge, for a client may have written it`, () => {
    const { prefix, inner, context, clients, send } = setUp();
    send('PRO');
    assert.equal(prefix.unfinished, true);
    if (cut === 'gap') prefix.gap(7);
    else prefix.end();
    assert.deepEqual(inner.said, ['PRO', cut === 'gap' ? 'gap 7' : 'end']);
    assert.deepEqual([clients, inner.seqs, context.pendingBytes], [[null], [SEQ], 0]);
  });
}

test('what is held is taken from the memory of messages: with none left it goes on as it is', () => {
  const { inner, context, clients, send } = setUp(0);
  send('PROXY TCP4 198.');
  send('51');
  assert.deepEqual([inner.said, clients, context.pendingBytes], [['PROXY TCP4 198.', '51'], [null], 0]);
});

test('a reader that is given up gives back what it held', () => {
  const { prefix, inner, context, budget, send } = setUp();
  send('PROXY TCP4 198.');
  assert.ok(budget.usedBytes > 0 && context.pendingBytes === 15);
  prefix.discard();
  assert.deepEqual([inner.said, context.pendingBytes, budget.usedBytes], [['discarded'], 0, 0]);
});

for (const [kind, believed] of [['correction', ['198.51.100.7']], ['reading', []]] as const) {
  test(`a header that comes late is read by a ${kind}: ${kind === 'reading' ? 'what it says may be made up' : 'the address is known'}`, () => {
    const { prefix, inner, clients, budget, late, send } = setUp();
    send(LINE.slice(0, 20));
    const fork = prefix.fork(kind);
    assert.ok(fork !== null);
    send(LINE.slice(20) + REQUEST, fork);
    assert.deepEqual([inner.forked.said, clients], [[REQUEST], believed]);
    prefix.discard();
    assert.deepEqual([budget.usedBytes, late.pendingBytes], [0, 0]);
  });
}
