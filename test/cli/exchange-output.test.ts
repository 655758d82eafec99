// The formats for people and other tools: what is told of a request beside its bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeOutput, type OutputFormat } from '../../rebuilder/cli/exchange-output.ts';
import { REPLAY_OPTIONS, replay } from '../../rebuilder/cli/replay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { pcapFile } from '../capture-files.ts';
import { file } from '../command-line.ts';
import { tcpFrame } from '../frames.ts';

/** What `replay --format` prints of a capture. */
async function told(path: string, format: OutputFormat): Promise<string> {
  const ledger = new Ledger();
  const parts: Buffer[] = [];
  const output = exchangeOutput(format, (part) => parts.push(Buffer.from(part)), ledger);
  await replay([path], REPLAY_OPTIONS, output, ledger);
  output.end();
  return Buffer.concat(parts).toString('latin1');
}

/** One client's segments, `[seq, text]`. */
const pcap = (...segments: (readonly [number, string])[]): Buffer => pcapFile(segments.map(([seq, text], i) => (
  { bytes: tcpFrame('10.0.1.7:41000', '10.0.2.9:80', { seq }, Buffer.from(text)), timeMs: 1000 + i })));

interface Entry {
  comment?: string; _id: string; _reading?: number; _found?: boolean; _lost?: string[];
}

test('a second reading is told from the first, and an incomplete request from a whole one, in every format', async (t) => {
  const sent = 'POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello';
  const path = file(t, 'x.pcap', pcap([1, sent], [1 + sent.length, 'POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf']));
  const lines = (await told(path, 'jsonl')).trimEnd().split('\n').map((line) => JSON.parse(line) as { id: string; request: { target: string; reading?: number; found?: true; lost?: string[] } });
  const api = lines.filter(({ request }) => request.target === '/api');
  assert.deepEqual(api.map(({ request }) => request.reading).sort(), [2, undefined]);
  assert.equal(api[0]!.id, api[1]!.id);

  const heads = (await told(path, 'http')).split('\n').filter((line) => line.startsWith('### '));
  const { entries } = (JSON.parse(await told(path, 'har')) as { log: { entries: Entry[] } }).log;
  assert.deepEqual([heads.length, entries.length], [lines.length, lines.length]);
  for (const [i, { id, request: { reading, found, lost } }] of lines.entries()) {
    const marks = [reading === undefined ? '' : `reading ${reading}`, found === true ? 'found' : '', lost === undefined ? '' : `incomplete: ${lost.join(', ')}`].filter((one) => one !== '').join('; ');
    assert.ok(heads[i]!.endsWith(marks === '' ? ` ${id}` : ` ${id} (${marks})`), heads[i]);
    assert.deepEqual([entries[i]!._id, entries[i]!._reading, entries[i]!._found, entries[i]!._lost, entries[i]!.comment], [id, reading, found, lost, marks === '' ? undefined : marks]);
  }
  assert.ok(lines.some(({ request }) => request.lost?.includes('http.message_cut')), 'the half one');
});

test('a request that a search found is marked so', async (t) => {
  const path = file(t, 'x.pcap', pcap([1, 'the rest of a body GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /found HTTP/1.1\r\nHost: a\r\n\r\n']));
  assert.match(await told(path, 'http'), /^### .* [0-9a-f]{32} \(found\)$/m);
  const { entries } = (JSON.parse(await told(path, 'har')) as { log: { entries: Entry[] } }).log;
  assert.deepEqual([entries[0]!._found, entries[0]!.comment], [true, 'found']);
});
