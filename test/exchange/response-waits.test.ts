import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseWaits } from '../../rebuilder/exchange/response-waits.ts';

const TIMEOUT_MS = 1000;

/** Its requests have waited since these times; one that has waited too long goes on. */
class Client {
  looks = 0;
  readonly #since: number[];

  constructor(...since: number[]) {
    this.#since = since;
  }

  expire(nowMs: number): boolean {
    this.looks++;
    while (this.#since.length > 0 && this.#since[0]! <= nowMs - TIMEOUT_MS) this.#since.shift();
    return this.#since.length > 0;
  }

  waitingSinceMs(): number { return this.#since[0] ?? Infinity; }

  answered(): void { this.#since.shift(); }
}

test('who waits is looked at when a request of its is due, not with every batch', () => {
  const waits = new ResponseWaits(TIMEOUT_MS);
  const clients = Array.from({ length: 10_000 }, (_, i) => new Client(i));
  for (const client of clients) waits.add(client);
  const looks = (): number => clients.reduce((sum, client) => sum + client.looks, 0);
  for (let nowMs = 0; nowMs < TIMEOUT_MS; nowMs++) waits.expire(nowMs);
  assert.equal(looks(), 0);
  waits.expire(TIMEOUT_MS + 4);
  assert.equal(looks(), 5);
  for (let nowMs = TIMEOUT_MS; nowMs < 20_000; nowMs += 20) waits.expire(nowMs);
  assert.equal(looks(), clients.length);
});

test('behind the first request the next has its turn', () => {
  const waits = new ResponseWaits(TIMEOUT_MS);
  const client = new Client(0, 400, 401);
  waits.add(client);
  waits.add(client);
  for (const [nowMs, left] of [[1000, 400], [1400, 401], [1401, Infinity]] as const) {
    waits.expire(nowMs);
    assert.equal(client.waitingSinceMs(), left);
  }
  assert.equal(client.looks, 3);
  waits.expire(9000);
  assert.equal(client.looks, 3, 'it waits for nothing more');
});

test('who was answered, and asks again, is looked at for that', () => {
  const waits = new ResponseWaits(TIMEOUT_MS);
  const client = new Client(0, 900);
  waits.add(client);
  client.answered();
  waits.expire(1000);
  assert.equal(client.waitingSinceMs(), 900);
  waits.expire(1900);
  assert.equal(client.waitingSinceMs(), Infinity);
});

test('who is gone, and who met a fault, is not looked at again', () => {
  const waits = new ResponseWaits(TIMEOUT_MS);
  const [gone, faulty] = [new Client(0), new Client(0)];
  faulty.expire = (): boolean => {
    faulty.looks++;
    throw new Error('a fault');
  };
  waits.add(gone);
  waits.delete(gone);
  waits.add(faulty);
  assert.throws(() => waits.expire(5000), /a fault/);
  waits.expire(9000);
  assert.deepEqual([gone.looks, faulty.looks], [0, 1]);
});
