import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { CounterName } from '../../rebuilder/ledger.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { TcpStream } from '../tcp-stream.ts';

/**
 * Runs test/http1/cases/*.md, which are written to be read: a heading, why the case exists, blocks of what `client` and
 * `server` send in turn, and what is to be `expect`ed. In a block, lines are joined without their ends; \r \n \t \\ and
 * \xNN stand for bytes, and a line `%lost N` for N bytes that the mirror did not show. A case whose title ends in
 * (whole) is played in one piece a block; any other also byte by byte and cut at every byte.
 */
const FOLDER = path.join(import.meta.dirname, 'cases');

interface Step { from: 'client' | 'server'; pieces: (Buffer | number)[] }
interface Case { title: string; line: number; steps: Step[]; expect: string[] }

function bytesOf(text: string): Buffer {
  return Buffer.from(text.replace(/\\(r|n|t|\\|x([0-9a-fA-F]{2}))/g, (_, code: string, hex: string | undefined) => (
    hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : { r: '\r', n: '\n', t: '\t', '\\': '\\' }[code]!)), 'latin1');
}

function readCases(file: string): Case[] {
  const cases: Case[] = [];
  let block: 'client' | 'server' | 'expect' | null = null;
  for (const [i, text] of readFileSync(path.join(FOLDER, file), 'utf8').split('\n').entries()) {
    const current = cases.at(-1);
    if (block === null && text.startsWith('## ')) {
      cases.push({ title: text.slice(3), line: i + 1, steps: [], expect: [] });
    } else if (block === null && text.startsWith('```') && current !== undefined) {
      const kind = text.slice(3);
      assert.ok(kind === 'client' || kind === 'server' || kind === 'expect', `${file}:${i + 1}: no block is called ${kind}`);
      block = kind;
      if (kind !== 'expect') current.steps.push({ from: kind, pieces: [] });
    } else if (text === '```') {
      block = null;
    } else if (block === 'expect') {
      current!.expect.push(text);
    } else if (block !== null) {
      const { pieces } = current!.steps.at(-1)!;
      const lost = /^%lost (\d+)$/.exec(text);
      if (lost !== null) pieces.push(Number(lost[1]));
      else if (typeof pieces.at(-1) === 'object') pieces.push(Buffer.concat([pieces.pop() as Buffer, bytesOf(text)]));
      else pieces.push(bytesOf(text));
    }
  }
  return cases;
}

/** @param cut where each piece is cut: 0 = nowhere, -1 = everywhere, else before this byte of the client's */
function play({ steps }: Case, cut: number): TcpStream {
  const stream = new TcpStream(
    { limits: { ...REPLAY_OPTIONS.limits, headBytes: 4096, correctionBytes: 1 << 20 }, bodyLimitBytes: 4096 }, -200,
  ).open();
  const at = { client: 0, server: 0 };
  for (const { from, pieces } of steps) {
    for (const piece of pieces) {
      const length = typeof piece === 'number' ? piece : piece.length;
      if (typeof piece !== 'number') {
        const cuts = cut === -1 ? Array.from(piece.keys()) : from === 'client' && cut > at.client && cut < at.client + length ? [cut - at.client] : [];
        let start = 0;
        for (const end of [...cuts, length]) {
          if (end > start) stream[from === 'client' ? 'send' : 'answer'](piece.subarray(start, end), { at: at[from] + start });
          start = end;
        }
      }
      at[from] += length;
    }
    if (typeof pieces.at(-1) === 'number') stream[from === 'client' ? 'send' : 'answer']('', { at: at[from] });
    // The mirror has lost what its server has.
    if (from === 'client' && pieces.some((piece) => typeof piece === 'number')) stream.answer('', { at: at.server });
  }
  return stream;
}

function written(stream: TcpStream, expect: readonly string[]): string[] {
  const escape = (text: string): string => text.replace(/[^\x21-\x7e]/g, (char) => (
    { '\r': '\\r', '\n': '\\n', '\t': '\\t', ' ': '\\x20' }[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`));
  const lines = stream.exchanges.map(({ request, response }) => [
    escape(request.method) || '-', escape(request.target) || '-', request.version === '' ? '-' : escape(request.version),
    ...(request.body === '' ? [] : [`body=${escape(Buffer.from(request.body, 'base64').toString('latin1'))}`]),
    ...(Buffer.from(request.body, 'base64').length === request.bodySize ? [] : [`size=${request.bodySize}`]),
    ...(request.trailers === undefined ? [] : [`trailers=${request.trailers.map(([name, value]) => `${name}:${escape(value)}`).join(',')}`]),
    ...(request.complete ? [] : [`lost=${request.lost?.join(',')}`]),
    ...(request.irregular === undefined ? [] : [`irregular=${request.irregular.join(',')}`]),
    ...(request.correction === undefined ? [] : ['correction']),
    ...(request.found === undefined ? [] : ['found']),
    ...(request.reading === undefined ? [] : ['reading']),
    ...(response === null ? [] : [`status=${response.status}`]),
    ...(response === null || response.body === '' ? [] : [`answer=${escape(Buffer.from(response.body, 'base64').toString('latin1'))}`]),
  ].join(' '));
  const counters = expect.filter((line) => line.startsWith('counter ')).map((line) => {
    const name = line.split(' ')[1] as CounterName;
    return `counter ${name} ${stream.ledger.get(name)}`;
  });
  // Where pieces end decides which second reading is whole first.
  const isSecond = (line: string): boolean => line.endsWith(' reading');
  return [...lines.filter((line) => !isSecond(line)), ...lines.filter(isSecond).sort(), ...counters];
}

for (const file of readdirSync(FOLDER).sort()) {
  describe(file, () => {
    for (const one of readCases(file)) {
      test(`${one.title} (${file}:${one.line})`, () => {
        const length = one.steps.reduce((sum, { from, pieces }) => sum
          + (from === 'client' ? pieces.reduce<number>((n, piece) => n + (typeof piece === 'number' ? piece : piece.length), 0) : 0), 0);
        const cuts = one.title.endsWith('(whole)') ? [0] : [0, -1, ...Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1)];
        for (const cut of cuts) {
          const stream = play(one, cut);
          assert.deepEqual(stream.end(), [], `ledger, cut ${cut}`);
          assert.deepEqual(written(stream, one.expect), one.expect, cut === 0 ? 'whole' : cut === -1 ? 'byte by byte' : `cut before byte ${cut}`);
        }
      });
    }
  });
}
