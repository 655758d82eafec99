import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { MESSAGES } from '../corpus.ts';
import { TcpStream } from '../tcp-stream.ts';

interface Case {
  name: string;
  bytes: string;
  expect: 'ok' | 'error';
  /** Only a strict parser stops after these requests: we go on, because a server might. */
  lenient: boolean;
  requests: { method: string; target: string; version: string; headers: [string, string][]; bodySize: number | null }[];
}

const present = existsSync(MESSAGES);
const cases = present ? (JSON.parse(readFileSync(MESSAGES, 'utf8')) as { cases: Case[] }).cases : [];

/** The same numbers for every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = Math.imul(state, 1_103_515_245) + 12_345 & 0x7fffffff) / 0x7fffffff;
}

/** Little memory: there are thousands of pipelines. */
const LIMITS = { ...REPLAY_OPTIONS.limits, correctionBytes: 1 << 20 };

/**
 * Plays the bytes as a client's, cut before each offset of `cuts`; the sequence numbers wrap in the middle of the
 * message.
 */
function play(bytes: Buffer, cuts: readonly number[]): TcpStream {
  const stream = new TcpStream({ limits: LIMITS }, -(bytes.length >> 1) - 1).open();
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    if (to > from) stream.send(bytes.subarray(from, to));
    from = to;
  }
  return stream;
}

function seen(exchanges: readonly ExchangeJson[], like: Case['requests']): Case['requests'] {
  return exchanges.filter(({ request }) => request.reading === undefined)
    .map(({ request: { method, target, version, headers, bodySize } }, i) => (
      { method, target, version, headers, bodySize: like[i]?.bodySize === null ? null : bodySize }));
}

describe('messages of other parsers\' tests', { skip: !present && '../shared/messages is not beside this checkout' }, () => {
  for (const { name, bytes: base64, expect, lenient, requests } of cases) {
    const bytes = Buffer.from(base64, 'base64');
    const next = random(bytes.length);
    const ways: [string, number[]][] = [
      ['whole', []],
      ['byte by byte', Array.from(bytes.keys())],
      ['cut at random', Array.from(bytes.keys()).filter(() => next() < 0.1)],
    ];
    if (expect === 'ok') {
      for (let at = 1; at < bytes.length; at++) ways.push([`cut at ${at}`, [at]]);
    }
    test(`${expect}: ${name}`, () => {
      for (const [way, cuts] of ways) {
        const stream = play(bytes, cuts);
        assert.deepEqual(stream.end(), [], `${way}: ledger`);
        const found = expect === 'ok' && lenient ? stream.exchanges.slice(0, requests.length) : stream.exchanges;
        if (expect === 'ok') {
          assert.deepEqual(seen(found, requests), requests, way);
          assert.ok(found.every(({ request }) => request.complete), way);
          continue;
        }
        // A malformed message may be read as a tolerant server would. But what looks clean must stand there as a line
        // of its own.
        const text = `\n${bytes.toString('latin1')}`;
        for (const { request } of found) {
          if (request.irregular !== undefined || !request.complete) continue;
          assert.ok(text.includes(`${request.method} ${request.target} ${request.version}\r\n`), `${way}: invented ${request.method} ${request.target}`);
        }
      }
    });
  }
});
