// Fragments that a host may drop for several reasons: whatever a host of some rules puts together is told.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { DATAGRAM_OVERHEAD, Defragmenter, FRAGMENT_OVERHEAD } from '../../rebuilder/reassembly/defragment.ts';
import { fullestWithin, MOST_WAYS, waysWith } from '../../rebuilder/reassembly/fragment-readings.ts';
import { IpDoubt } from '../../rebuilder/wire/ip-doubt.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { randomNumbers } from '../random-numbers.ts';

const TIMEOUT_MS = 30_000;

interface Fragment {
  readonly at: number;
  readonly data: string;
  readonly isLast?: boolean;
  /** Bits of IpDoubt. */
  readonly doubts?: number;
  readonly timeMs?: number;
}

class Host {
  readonly ledger = new Ledger();
  readonly budget: Budget;
  readonly all: Defragmenter;
  readonly #packet = Object.assign(new Packet(), { version: 6, vni: 1, ipId: 7, protocol: 6 });

  constructor(fragmentsBytes = 1 << 20) {
    this.budget = new Budget(fragmentsBytes);
    this.all = new Defragmenter({ fragmentTimeoutMs: TIMEOUT_MS }, this.budget, this.ledger);
  }

  /** @returns what comes of it, `?` before what is doubtful, `+` before what counts as sent with another */
  add({ at, data, isLast = false, doubts = 0, timeMs = 0 }: Fragment): string[] {
    const bytes = Buffer.from(data);
    Object.assign(this.#packet, {
      bytes, payloadStart: 0, payloadEnd: bytes.length, fragmentOffset: at, moreFragments: !isLast, ipDoubts: doubts,
    });
    return this.all.add(this.#packet, timeMs).map(({ payload, ipDoubts, wasCounted }) =>
      `${wasCounted ? '+' : ''}${ipDoubts === 0 ? '' : '?'}${Buffer.from(payload).toString()}`);
  }
}

const { label, optionCount: options, ioam, segmentRoute, rplRoute, homeAddressRoute, headers } = IpDoubt;

describe('what hosts of different rules make of a datagram', () => {
  const first = { at: 0, data: 'aaaaaaaa' };
  const last = { at: 8, data: 'a', isLast: true };
  const cases: readonly [string, readonly Fragment[], readonly string[]][] = [
    ['all come by a route that some drop, and one lacks headers besides',
      [{ ...last, doubts: homeAddressRoute }, { at: 0, data: 'xxxxxxxx', doubts: homeAddressRoute | headers },
        { at: 0, data: 'aaaaaaaa', doubts: homeAddressRoute }],
      ['?xxxxxxxxa', '+?aaaaaaaaa']],
    ['… and overlaps', [
      { at: 16, data: 'a', isLast: true, doubts: homeAddressRoute }, { at: 0, data: 'xxxxxxxx', doubts: homeAddressRoute | headers },
      { at: 0, data: 'aaaaaaaaaaaaaaaa', doubts: homeAddressRoute },
    ], ['?aaaaaaaaaaaaaaaaa']],
    ['two ends', [first, { ...last, data: 'x', doubts: label }, { ...last, data: 'y', doubts: options }], ['?aaaaaaaax', '+?aaaaaaaay']],
    ['two beginnings, and then a certain end',
      [{ ...first, data: 'xxxxxxxx', doubts: label }, { ...first, data: 'yyyyyyyy', doubts: options }, last],
      ['?xxxxxxxxa', '+?yyyyyyyya']],
    ['… and a certain beginning', [
      { ...first, data: 'xxxxxxxx', doubts: label }, { ...first, data: 'yyyyyyyy', doubts: options }, first, last,
    ], ['aaaaaaaaa', '?xxxxxxxxa', '+?yyyyyyyya']],
    ['of two reasons both are taken', [
      { ...first, doubts: label }, { at: 8, data: 'xxxxxxxx', doubts: ioam }, { at: 8, data: 'bbbbbbbb', doubts: options },
      { at: 16, data: 'c', isLast: true },
    ], ['?aaaaaaaaxxxxxxxxc', '+?aaaaaaaabbbbbbbbc']],
    ['the same bytes in each are one', [{ ...first, doubts: label }, { ...first, doubts: options }, last], ['?aaaaaaaaa']],
  ];
  for (const [why, sent, made] of cases) {
    test(why, () => {
      const host = new Host();
      assert.deepEqual(sent.flatMap((fragment) => host.add(fragment)), made);
      assert.equal(host.ledger.get('defrag.reassembled'), made.length);
      host.all.flush();
      assert.equal(host.all.size, 0);
      assert.equal(host.budget.usedBytes, 0);
    });
  }
});

test('whatever a host makes that takes some doubts and drops others, it is told when that makes it', () => {
  const KINDS = [label, options, ioam, segmentRoute];
  const subsets = KINDS.reduce<number[]>((all, kind) => [...all, ...all.map((one) => one | kind)], [0]);
  let made = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomNumbers(seed);
    const one = (lengths: readonly number[]): number => lengths[random(lengths.length)]!;
    const here = new Host();
    const hosts = subsets.map((takes) => ({ takes, host: new Host() }));
    const kinds = KINDS.slice(0, 1 + random(KINDS.length));
    let timeMs = 0;
    for (let i = 0; i < 40; i++) {
      timeMs += random(20) === 0 ? 25_000 : 0;
      const doubts = kinds.reduce((all, kind) => random(3) === 0 ? all | kind : all, 0);
      const at = 8 * random(3);
      const isLast = random(3) === 0;
      const data = String.fromCharCode(97 + i % 26).repeat(isLast ? 3 : one([8, 16]));
      const fragment = { at, data, isLast, timeMs };
      const told = here.add({ ...fragment, doubts }).map((text) => text.replace(/^[+?]*/, ''));
      here.all.expire(timeMs);
      for (const { takes, host } of hosts) {
        host.all.expire(timeMs);
        for (const text of (doubts & ~takes) === 0 ? host.add(fragment) : []) {
          made++;
          assert.ok(told.includes(text.replace(/^\?/, '')), `seed ${seed}, fragment ${i}: who takes ${takes} has ${text}, told was ${told.join()}`);
        }
      }
    }
    assert.equal(here.ledger.get('tcp.readings_limit'), 0);
    here.all.flush();
    assert.equal(here.budget.usedBytes, 0);
    assert.equal(here.all.size, 0);
  }
  assert.ok(made > 500, `${made} were made`);
});

test('the ways of one datagram are bounded, and what is left out is counted', () => {
  const host = new Host();
  const kinds = [label, options, ioam, segmentRoute, rplRoute, homeAddressRoute, headers];
  const sent = [...kinds, ...kinds.flatMap((one) => kinds.filter((other) => other > one).map((other) => one | other))];
  for (const [i, doubts] of sent.entries()) host.add({ at: 8 * i, data: 'xxxxxxxx', doubts });
  const most = MOST_WAYS * (DATAGRAM_OVERHEAD + sent.length * (8 + FRAGMENT_OVERHEAD));
  assert.ok(host.budget.usedBytes <= most, `${host.budget.usedBytes} bytes are held`);
  assert.ok(host.ledger.get('tcp.readings_limit') >= sent.length - MOST_WAYS);
  assert.equal(host.add({ at: 0, data: 'aaaaaaaa' }).length, 0);
  assert.equal(host.add({ at: 8, data: 'a', isLast: true })[0], 'aaaaaaaaa');
  host.all.flush();
  assert.equal(host.budget.usedBytes, 0);
});

test('where there is no memory for another way, it is counted, and nothing certain is lost', () => {
  const host = new Host(8000);
  host.add({ at: 0, data: 'aaaaaaaa' });
  for (const doubts of [label, options, ioam]) host.add({ at: 16, data: 'xxxxxxxx', doubts });
  assert.ok(host.ledger.get('tcp.readings_limit') > 0);
  assert.equal(host.add({ at: 8, data: 'a', isLast: true })[0], 'aaaaaaaaa');
  host.all.flush();
  assert.equal(host.budget.usedBytes, 0);
});

test('the ways that another reason makes', () => {
  assert.deepEqual(waysWith(1, [1]), []);
  assert.deepEqual(waysWith(2, [1]), [2, 1]);
  assert.deepEqual(waysWith(3, [1]), [1], 'who drops both');
  assert.deepEqual(waysWith(4, [3, 2, 1]), [4, 3, 6, 5]);
  assert.deepEqual(waysWith(3, [7, 4, 3]), []);
  assert.equal(fullestWithin(6, [7, 2, 1, 4]), 1);
  assert.equal(fullestWithin(8, [7, 2, 1]), -1);
  assert.equal(fullestWithin(3, [7, 2, 3, 1]), 2);
});
