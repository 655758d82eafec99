import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { DATAGRAM_OVERHEAD, Defragmenter, FRAGMENT_OVERHEAD } from '../../rebuilder/reassembly/defragment.ts';
import { IpDoubt } from '../../rebuilder/wire/ip-doubt.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';

/** What a first fragment of eight bytes is charged. */
const FIRST_BYTES = 8 + FRAGMENT_OVERHEAD + DATAGRAM_OVERHEAD;

interface Fragment {
  ecn?: number;
  at: number;
  data: string;
  more?: boolean;
  id?: number;
  vni?: number;
  missing?: number;
  timeMs?: number;
  /** Bits of IpDoubt. */
  doubts?: number;
  isToGroup?: boolean;
  headerSum?: Packet['headerSum'];
}

function defragmenter(
  fragmentsBytes = 100_000,
): {
  ledger: Ledger; packet: Packet; all: Defragmenter;
  /** What comes of it first, as the packet then says it is. */
  add: (fragment: Fragment) => string | null;
  /** All that comes of it, `?` before what is doubtful. */
  addFor: (fragment: Fragment) => string[];
} {
  const ledger = new Ledger();
  const all = new Defragmenter({ fragmentTimeoutMs: 30_000 }, new Budget(fragmentsBytes), ledger);
  const packet = new Packet();
  const made = (
    {
      at, data, more = true, id = 7, vni = 1, missing = 0, timeMs = 0, ecn = 0, doubts = 0, isToGroup = false,
      headerSum = 'correct',
    }: Fragment,
  ): ReturnType<Defragmenter['add']> => {
    Object.assign(packet, {
      bytes: Buffer.from(data), payloadStart: 0, payloadEnd: data.length, fragmentOffset: at, moreFragments: more,
      ipId: id, vni, missing, protocol: 6, ecn, ipDoubts: doubts, isToGroup, headerSum,
    });
    return all.add(packet, timeMs);
  };
  const add = (fragment: Fragment): string | null => {
    const [whole] = made(fragment);
    if (whole === undefined) return null;
    const { payload, ...said } = whole;
    Object.assign(packet, said);
    return Buffer.from(payload).toString();
  };
  const addFor = (fragment: Fragment): string[] =>
    made(fragment).map(({ payload, ipDoubts }) => `${ipDoubts !== 0 ? '?' : ''}${Buffer.from(payload).toString()}`);
  return { ledger, packet, all, add, addFor };
}

test('copies of refused fragments, which a mirror may show, are no datagram for certain', () => {
  const { add, packet } = defragmenter();
  const fragments: Fragment[] = [
    { at: 0, data: 'aaaaaaaa' }, { at: 0, data: 'bbbbbbbbbbbbbbbb' },
    { at: 0, data: 'aaaaaaaa' }, { at: 8, data: 'c', more: false },
  ];
  assert.deepEqual(fragments.map(add), [null, null, null, 'aaaaaaaac']);
  assert.equal(packet.isDoubtful, true);
  add({ at: 24, data: '', id: 8 });
  const whole = fragments.slice(2);
  for (const fragment of whole) add({ ...fragment, id: 8 });
  for (const fragment of whole) add({ ...fragment, timeMs: 30_000 });
  assert.equal(packet.isDoubtful, false, 'another one, of which an empty fragment came first, and the same much later');
});

test('only fragments that come to the same host push a datagram out', () => {
  for (const [host, whole] of [[2, 'aaaaaaaab'], [1, null]] as const) {
    const { add, packet } = defragmenter();
    packet.dst3 = 1;
    add({ at: 0, data: 'aaaaaaaa' });
    packet.dst3 = host;
    for (let i = 0; i < 70; i++) add({ at: 0, data: 'cccccccc', id: 100 + i });
    packet.dst3 = 1;
    assert.equal(add({ at: 8, data: 'b', more: false }), whole, `others to host ${host}`);
  }
});

describe('fragments that a host may drop are no part of what certain ones make, and those are part of what they make', () => {
  const [A, B] = [{ at: 0, data: 'aaaaaaaa' }, { at: 8, data: 'bb', more: false }];
  const [X, Y] = [{ at: 0, data: 'xxxxxxxx', doubts: IpDoubt.label }, { at: 8, data: 'yy', more: false, doubts: IpDoubt.label }];
  /** What comes of it, `?` before what is doubtful. */
  const cases: readonly [string, readonly Fragment[], readonly string[]][] = [
    ['the first one is doubtful', [X, B], ['?xxxxxxxxbb']],
    ['… and comes last', [B, X], ['?xxxxxxxxbb']],
    ['… and a certain one comes for its place', [X, B, A], ['?xxxxxxxxbb', 'aaaaaaaabb']],
    ['… before the end does', [X, A, B], ['aaaaaaaabb', '?xxxxxxxxbb']],
    ['… before it', [A, X, B], ['aaaaaaaabb']],
    ['the last one is doubtful', [A, Y, B], ['?aaaaaaaayy', 'aaaaaaaabb']],
    ['all are', [X, Y, A, B], ['?xxxxxxxxyy', 'aaaaaaaabb']],
    ['a doubtful one overlaps certain ones', [A, { ...X, data: 'xxxxxxxxxxxxxxxx' }, B], ['aaaaaaaabb']],
    ['… which its host drops with it', [A, { ...X, data: 'xxxxxxxxxxxxxxxx' }, Y, Y], []],
    ['one that was whole is so once', [A, Y, Y, Y], ['?aaaaaaaayy']],
    ['… until its fragments come again', [A, Y, Y, X, B], ['?aaaaaaaayy', '?xxxxxxxxyy', 'aaaaaaaabb']],
    ['certain ones contradict a doubtful one', [{ ...X, data: 'xxxxxxxxxxxxxxxx' }, A, B], ['aaaaaaaabb']],
  ];
  for (const [why, sent, made] of cases) {
    test(why, () => {
      const { addFor, all, ledger } = defragmenter();
      const found = sent.flatMap(addFor);
      assert.deepEqual(found, made);
      all.flush();
      assert.equal(all.size, 0);
      const ends = [
        'defrag.reassembled_fragments', 'defrag.duplicate_fragment', 'defrag.overlap', 'defrag.invalid_fragment',
        'defrag.timeout',
      ] as const;
      assert.equal(ends.reduce((sum, name) => sum + ledger.get(name), 0), sent.length, 'each in one counter');
      assert.equal(ledger.get('defrag.reassembled'), made.length);
    });
  }
});

test('whether a packet went to a group is what the frame of its first fragment says', () => {
  const { add, packet } = defragmenter();
  add({ at: 8, data: 'a', more: false, isToGroup: true });
  assert.equal(add({ at: 0, data: 'aaaaaaaa' }), 'aaaaaaaaa');
  assert.equal(packet.isToGroup, false);
  add({ at: 0, data: 'bbbbbbbb', isToGroup: true, id: 8 });
  assert.equal(add({ at: 8, data: 'b', more: false, id: 8 }), 'bbbbbbbbb');
  assert.equal(packet.isToGroup, true);
});

describe('fragments become packets', () => {
  test('in order, and in any other', () => {
    const { add, all, ledger } = defragmenter();
    assert.equal(add({ at: 0, data: 'aaaaaaaa' }), null);
    assert.equal(add({ at: 8, data: 'bbbbbbbb' }), null);
    assert.equal(add({ at: 16, data: 'end', more: false }), 'aaaaaaaabbbbbbbbend');
    assert.equal(add({ at: 16, data: 'end', more: false, id: 8 }), null);
    assert.equal(add({ at: 0, data: 'aaaaaaaa', id: 8 }), null);
    assert.equal(add({ at: 8, data: 'bbbbbbbb', id: 8 }), 'aaaaaaaabbbbbbbbend');
    assert.equal(all.size, 0);
    assert.equal(ledger.get('defrag.reassembled'), 2);
    assert.equal(ledger.get('defrag.reassembled_fragments'), 6);
  });

  test('of two VPCs with the same addresses they are kept apart', () => {
    const { add } = defragmenter();
    add({ at: 0, data: 'aaaaaaaa', vni: 1 });
    assert.equal(add({ at: 8, data: 'x', more: false, vni: 2 }), null);
    assert.equal(add({ at: 8, data: 'b', more: false, vni: 1 }), 'aaaaaaaab');
  });

  test('a copy is ignored', () => {
    const { add, ledger } = defragmenter();
    add({ at: 0, data: 'aaaaaaaa' });
    add({ at: 0, data: 'aaaaaaaa' });
    assert.equal(add({ at: 8, data: 'b', more: false }), 'aaaaaaaab');
    assert.equal(ledger.get('defrag.duplicate_fragment'), 1);
  });
});

test('of a first fragment of 8k + 4 bytes IPv4 keeps 8k', () => {
  const { add } = defragmenter();
  add({ at: 0, data: 'aaaaaaaaXXXX' });
  assert.equal(add({ at: 8, data: 'b', more: false }), 'aaaaaaaab');
});

test('so many others of its sender between two of a datagram, and it is forgotten', () => {
  for (const [others, payload] of [[63, 'aaaaaaaab'], [64, null]] as const) {
    const { add, ledger } = defragmenter();
    add({ at: 0, data: 'aaaaaaaa' });
    for (let id = 100; id < 100 + others; id++) add({ at: 0, data: 'xxxxxxxx', id });
    assert.equal(add({ at: 8, data: 'b', more: false }), payload);
    assert.equal(ledger.get('defrag.timeout'), payload === null ? 1 : 0);
  }
});

describe('what cannot become a packet is counted', () => {
  const cases: [string, Fragment[], string, number][] = [
    ['overlap in part drops the whole datagram (RFC 5722)', [{ at: 0, data: 'aaaaaaaaaaaaaaaa' }, { at: 8, data: 'bbbbbbbbbbbbbbbb' }], 'defrag.overlap', 2],
    ['a second end contradicts the first', [{ at: 8, data: 'b', more: false }, { at: 16, data: 'c', more: false }], 'defrag.invalid_fragment', 2],
    ['a copy tells an end, too, which another contradicts',
      [{ at: 0, data: 'aaaaaaaaaaaaaaaa' }, { at: 8, data: 'bbbbbbbb', more: false }, { at: 16, data: 'c', more: false }], 'defrag.invalid_fragment', 2],
    ['bytes beyond the end', [{ at: 8, data: 'b', more: false }, { at: 16, data: 'cccccccc' }], 'defrag.invalid_fragment', 2],
    ['an end before what is there', [{ at: 0, data: 'aaaaaaaa' }, { at: 24, data: 'dddddddd' }, { at: 16, data: 'cccccccc', more: false }],
      'defrag.invalid_fragment', 3],
    ['an empty one takes the others with it', [{ at: 0, data: 'aaaaaaaa' }, { at: 8, data: '' }], 'defrag.invalid_fragment', 2],
    ['one that two others hold together overlaps', [{ at: 16, data: 'cccccccc' }, { at: 8, data: 'bbbbbbbb' }, { at: 8, data: 'bbbbbbbbcccccccc' }],
      'defrag.overlap', 3],
    ['ECN of both kinds', [{ at: 0, data: 'aaaaaaaa', ecn: 3 }, { at: 8, data: 'b', more: false }], 'defrag.invalid_fragment', 2],
    ['no data', [{ at: 0, data: '' }], 'defrag.invalid_fragment', 1],
    ['not a multiple of eight', [{ at: 0, data: 'abc' }], 'defrag.invalid_fragment', 1],
    ['longer than any packet', [{ at: 0, data: 'a'.repeat(65_528) }, { at: 65_528, data: 'aaaaaaaaaaaaaaaa', more: false }], 'defrag.invalid_fragment', 2],
    ['cut by the capture', [{ at: 0, data: 'aaaaaaaa', missing: 8 }], 'defrag.fragment_cut', 1],
  ];
  for (const [title, fragments, counter, count] of cases) {
    test(title, () => {
      const { add, ledger, all } = defragmenter();
      for (const fragment of fragments) assert.equal(add(fragment), null);
      assert.equal(ledger.get(counter as 'defrag.overlap'), count);
      assert.equal(all.size, 0);
    });
  }

  test('after 30 seconds', () => {
    const { add, ledger, all } = defragmenter();
    add({ at: 0, data: 'aaaaaaaa', timeMs: 1000 });
    all.expire(30_999);
    assert.equal(all.size, 1);
    all.expire(31_000);
    assert.equal(all.size, 0);
    assert.equal(ledger.get('defrag.timeout'), 1);
  });

  test('beyond the limit a host that has most begins no new datagram, and goes on with what it has begun', () => {
    const { add, ledger, all } = defragmenter(4 * FIRST_BYTES);
    for (let id = 0; id < 5; id++) add({ at: 0, data: 'aaaaaaaa', id });
    assert.equal(all.size, 4);
    assert.equal(ledger.get('defrag.memcap'), 1);
    assert.equal(add({ at: 8, data: 'bbbbbbbb', id: 1 }), null);
    assert.equal(add({ at: 16, data: 'c', more: false, id: 1 }), 'aaaaaaaabbbbbbbbc', 'the newest has made room');
    assert.equal(add({ at: 8, data: 'b', more: false, id: 0 }), 'aaaaaaaab');
    assert.equal(add({ at: 8, data: 'b', more: false, id: 4 }), null);
  });

  test('… it makes room for others', () => {
    const { add, packet } = defragmenter(8 * FIRST_BYTES);
    packet.dst3 = 1;
    add({ at: 0, data: 'xxxxxxxx', id: 1 });
    packet.dst3 = 2;
    for (let id = 10; id < 40; id++) add({ at: 0, data: 'aaaaaaaa', id });
    for (const host of [3, 4, 1]) {
      packet.dst3 = host;
      add({ at: 0, data: 'bbbbbbbb', id: 2 });
    }
    for (const host of [3, 4, 1]) {
      packet.dst3 = host;
      assert.equal(add({ at: 8, data: 'b', more: false, id: 2 }), 'bbbbbbbbb');
    }
    assert.equal(add({ at: 8, data: 'x', more: false, id: 1 }), 'xxxxxxxxx');
  });

  test('… and what a host may have dropped makes room before all', () => {
    const { add, ledger } = defragmenter(5 * FIRST_BYTES);
    add({ at: 0, data: 'aaaaaaaa', id: 1 });
    for (let id = 10; id < 20; id++) add({ at: 0, data: 'dddddddd', id, doubts: IpDoubt.label });
    for (const id of [2, 3, 4]) add({ at: 0, data: 'aaaaaaaa', id });
    assert.equal(ledger.get('defrag.memcap'), 9);
    for (const id of [1, 2, 3, 4]) assert.equal(add({ at: 8, data: 'b', more: false, id }), 'aaaaaaaab');
  });
});

describe('what hosts drop moves no datagram', () => {
  const notTaken = [{ doubts: IpDoubt.label }, { headerSum: 'wrong' }, { headerSum: 'none' }] as const;
  for (const how of notTaken) {
    test(`${JSON.stringify(how)}: it pushes none out, and stands in no other's place`, () => {
      const { add, packet } = defragmenter();
      add({ at: 0, data: 'dddddddd', ...how });
      add({ at: 0, data: 'aaaaaaaa' });
      for (let id = 100; id < 170; id++) add({ at: 0, data: 'dddddddd', id, ...how });
      assert.equal(add({ at: 8, data: 'b', more: false }), 'aaaaaaaab');
      assert.equal(packet.isDoubtful, false);
    });
  }

  test('of a capture whose headers were rewritten nothing is doubted', () => {
    const { add, packet } = defragmenter();
    add({ at: 0, data: 'aaaaaaaa', headerSum: 'wrong' });
    assert.equal(add({ at: 8, data: 'b', more: false, headerSum: 'wrong' }), 'aaaaaaaab');
    assert.equal(packet.isDoubtful, false);
    add({ at: 0, data: 'aaaaaaaa', id: 8, headerSum: 'none' });
    add({ at: 0, data: 'cccccccc', id: 9 });
    assert.equal(add({ at: 8, data: 'b', more: false, id: 8, headerSum: 'none' }), 'aaaaaaaab');
    assert.equal(packet.isDoubtful, true, 'others have right ones');
  });
});

test('fragments of IPv6 are waited for twice as long, and those of IPv4 behind them no longer for it', () => {
  const { add, all, packet } = defragmenter();
  packet.version = 6;
  add({ at: 0, data: 'aaaaaaaa', timeMs: 0 });
  packet.version = 4;
  add({ at: 0, data: 'bbbbbbbb', id: 8, timeMs: 1000 });
  packet.version = 6;
  add({ at: 0, data: 'cccccccc', id: 9, timeMs: 2000 });
  const left = [29_999, 30_000, 31_000, 59_999, 60_000, 61_999, 62_000].map((nowMs) => {
    all.expire(nowMs);
    return all.size;
  });
  assert.deepEqual(left, [3, 3, 2, 2, 1, 1, 0]);
});
