// A message in pieces is held once: the history of what a client alone has said looks into what is held, and nobody
// else's bytes may come to stand there while it does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldBytes } from '../../rebuilder/http/held-bytes.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { History, NOTHING } from '../../rebuilder/reassembly/history.ts';
import { randomNumbers } from '../random-numbers.ts';

const FROM = { ack: 0, timeMs: 5, ipId: 0 };
const MIB = 1 << 20;

interface Said {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** Its entry. */
  readonly last: number;
}

/** A client whose messages are held as they come, each piece in captured memory that is used again at once. */
class Client {
  readonly said: Said[] = [];
  readonly #history: History;
  readonly #held: HeldBytes;
  #last = NOTHING;
  #seq = 0;

  constructor(history: History, budget: Budget) {
    this.#history = history;
    this.#held = new HeldBytes(budget);
  }

  /** @param stays of HeldBytes.append */
  say(slab: Uint8Array, start: number, end: number, stays: boolean, expected = 0): void {
    const bytes = slab.slice(start, end);
    this.#last = this.#history.append(slab, start, end, this.#seq, 0, 0, 0, 0, 0, this.#seq, true, 40, this.#last);
    // A head and what follows it are laid one by one.
    const middle = start + (end - start >> 1);
    this.#held.append(slab, start, middle, expected, stays);
    this.#held.append(slab, middle, end, expected, stays);
    this.#history.settle();
    slab.fill(0xee, start, end);
    this.said.push({ seq: this.#seq, bytes, last: this.#last });
    this.#seq = (this.#seq + end - start) | 0;
  }

  messageEnds(): void {
    this.#held.clear();
  }
}

function isKnown(history: History, { seq, bytes, last }: Said): 'known' | 'forgotten' {
  const said = history.compare(last, bytes, 0, bytes.length, seq);
  const { heard } = history.since(last, seq, FROM, 1);
  if (said === 'forgotten') return 'forgotten';
  assert.equal(said, 'same');
  assert.deepEqual(heard.map((one) => Buffer.from(one.bytes)), [Buffer.from(bytes)]);
  const other = bytes.slice();
  other[other.length >> 1]! ^= 1;
  assert.equal(history.compare(last, other, 0, other.length, seq), 'other');
  return 'known';
}

test('what messages hold is known to the byte, or forgotten, whatever is held later', () => {
  const random = randomNumbers(11);
  const history = new History(8 * MIB);
  const budget = new Budget(1 << 30);
  const slab = new Uint8Array(70_000);
  const clients = Array.from({ length: 20 }, () => new Client(history, budget));
  let forgotten = 0;
  for (let i = 0; i < 6000; i++) {
    const client = clients[random(clients.length)]!;
    const start = random(1000);
    const end = start + 2 + random(i % 50 === 0 ? 65_000 : 3000);
    for (let at = start; at < end; at++) slab[at] = random(256);
    client.say(slab, start, end, random(4) > 0, random(3) === 0 ? random(1 << 18) : 0);
    if (random(8) === 0) client.messageEnds();
    const one = client.said[random(client.said.length)]!;
    if (isKnown(history, one) === 'forgotten') forgotten++;
  }
  for (const { said } of clients) assert.equal(isKnown(history, said.at(-1)!), 'known');
  assert.ok(forgotten > 0, 'nothing was forgotten: the test is too short');
});

test('the last 8 MiB of messages are known, also of those that announced much more than they sent', () => {
  const history = new History(8 * MIB);
  const budget = new Budget(1 << 30);
  const slab = new Uint8Array(2000);
  const client = new Client(history, budget);
  for (let sent = 0, i = 0; sent < 24 * MIB; i++) {
    slab.fill(i);
    for (let n = 0; n < 3; n++, sent += 1448) client.say(slab.fill(i), 0, 1448, true, MIB);
    client.messageEnds();
  }
  const { said } = client;
  const wanted = Math.floor(7.9 * MIB / 1448);
  for (let i = said.length - wanted; i < said.length; i++) assert.equal(isKnown(history, said[i]!), 'known', `${said.length - i} from the end`);
});

test('a body too long for memory that is kept is known like any other', () => {
  const history = new History(8 * MIB);
  const client = new Client(history, new Budget(1 << 30));
  const slab = new Uint8Array(60_000);
  for (let i = 0; i < 60; i++) client.say(slab.fill(i + 1), 0, 60_000, true, 60 * 60_000);
  client.messageEnds();
  for (const one of client.said) assert.equal(isKnown(history, one), 'known');
});

test('memory that nobody looks into serves the next message', () => {
  const budget = new Budget(1 << 30);
  const held = new HeldBytes(budget);
  held.append(new Uint8Array(3000).fill(1), 0, 3000);
  const { buffer } = held.bytes;
  held.clear();
  assert.equal(budget.usedBytes, 0);
  held.append(new Uint8Array(3000).fill(2), 0, 3000);
  assert.equal(held.bytes.buffer, buffer);
});
