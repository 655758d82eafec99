import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ExchangeJson } from '../../rebuilder/http/exchange-json.ts';
import { MESSAGES } from '../corpus.ts';
import { TcpStream } from '../tcp-stream.ts';

interface Case {
  name: string;
  bytes: string;
  expect: 'ok' | 'error';
  requests: { method: string; target: string; version: string; headers: [string, string][]; bodySize: number }[];
}

const present = existsSync(MESSAGES);
const cases = present ? (JSON.parse(readFileSync(MESSAGES, 'utf8')) as { cases: Case[] }).cases : [];

/** The same numbers for every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = Math.imul(state, 1_103_515_245) + 12_345 & 0x7fffffff) / 0x7fffffff;
}

/** Plays the bytes as a client's, cut before each offset of `cuts`; the sequence numbers wrap in the middle of the message. */
function play(bytes: Buffer, cuts: readonly number[]): TcpStream {
  const stream = new TcpStream({}, -(bytes.length >> 1) - 1).open();
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    if (to > from) stream.send(bytes.subarray(from, to));
    from = to;
  }
  return stream;
}

function seen(exchanges: readonly ExchangeJson[]): Case['requests'] {
  return exchanges.map(({ request: { method, target, version, headers, bodySize } }) => ({ method, target, version, headers, bodySize }));
}

describe('messages of other parsers\' tests', { skip: !present && '../shared/messages is not beside this checkout' }, () => {
  for (const { name, bytes: base64, expect, requests } of cases) {
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
        const found = stream.exchanges;
        if (expect === 'ok') {
          assert.deepEqual(seen(found), requests, way);
          assert.ok(found.every(({ request }) => request.complete), way);
        }
      }
      if (expect === 'error') {
        // A malformed message may be read as a tolerant server would, but then it says so; and however it is cut, the reading is the same.
        const whole = play(bytes, []);
        whole.end();
        assert.deepEqual(whole.exchanges.filter(({ request }) => request.complete && request.irregular === undefined).map(({ request }) => request.target),
          [], 'no clean request');
      }
    });
  }
});
