import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { CHARGE } from '../../rebuilder/reassembly/connection-memory.ts';
import { HpackDecoder } from '../../rebuilder/http2/hpack.ts';
import { randomNumbers } from '../random-numbers.ts';

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

class Fields {
  readonly all: string[] = [];
  field(name: string, value: string): void { this.all.push(`${name}: ${value}`); }
  indexed(name: string, value: string): void { this.field(name, value); }
  cut(): void { this.all.push('cut'); }
}

function decoder(budgetBytes = 1 << 20): HpackDecoder {
  return new HpackDecoder(new Budget(budgetBytes), 65_536);
}

/** Decodes a block; null = it is none. */
function decode(hpack: HpackDecoder, block: Buffer): string[] | null {
  const fields = new Fields();
  return hpack.decode(block, 0, block.length, fields) === block.length ? fields.all : null;
}

/**
 * RFC 7541 appendix C: blocks of one connection, the fields they stand for, and the size of the dynamic table after
 * each.
 */
const EXAMPLES: {
  name: string; tableBytes?: number; blocks: [hex: string, fields: string[], tableBytes: number][];
}[] = [
  { name: 'C.2.1 literal with indexing', blocks: [['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', ['custom-key: custom-header'], 55]] },
  { name: 'C.2.2 literal without indexing', blocks: [['040c 2f73 616d 706c 652f 7061 7468', [':path: /sample/path'], 0]] },
  { name: 'C.2.3 literal never indexed', blocks: [['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password: secret'], 0]] },
  { name: 'C.2.4 indexed', blocks: [['82', [':method: GET'], 0]] },
  ...[
    {
      name: 'C.3 requests without Huffman coding', blocks: [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    },
    {
      name: 'C.4 requests with Huffman coding', blocks: [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', '8286 84be 5886 a8eb 1064 9cbf', '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    },
  ].map(({ name, blocks }) => ({
    name, blocks: [
      [blocks[0]!, [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'], 57],
      [blocks[1]!, [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'], 110],
      [blocks[2]!, [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'], 164],
    ] as [string, string[], number][],
  })),
  ...[
    {
      name: 'C.5 responses without Huffman coding, a table of 256 bytes', blocks: [
        '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '4803 3330 37c1 c0bf',
        '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
      ],
    },
    {
      name: 'C.6 responses with Huffman coding, a table of 256 bytes', blocks: [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        '4883 640e ffc1 c0bf',
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ],
    },
  ].map(({ name, blocks }) => ({
    name, tableBytes: 256, blocks: [
      [blocks[0]!, [':status: 302', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT', 'location: https://www.example.com'], 222],
      [blocks[1]!, [':status: 307', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT', 'location: https://www.example.com'], 222],
      [blocks[2]!, [
        ':status: 200', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:22 GMT', 'location: https://www.example.com', 'content-encoding: gzip',
        'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      ], 215],
    ] as [string, string[], number][],
  })),
];

describe('examples of RFC 7541 appendix C', () => {
  for (const { name, tableBytes, blocks } of EXAMPLES) {
    test(name, () => {
      const hpack = decoder();
      // A dynamic table size update (6.3).
      if (tableBytes === 256) assert.deepEqual(decode(hpack, bytesOf('3fe101')), []);
      for (const [hex, fields, size] of blocks) {
        assert.deepEqual(decode(hpack, bytesOf(hex)), fields);
        // A smaller size takes nothing away.
        if (tableBytes === 256) assert.ok(hpack.tableBytes >= size);
        else assert.equal(hpack.tableBytes, size);
      }
    });

    test(`${name}, in fragments of one byte`, () => {
      const hpack = decoder();
      if (tableBytes === 256) decode(hpack, bytesOf('3fe101'));
      for (const [hex, fields] of blocks) {
        const block = bytesOf(hex);
        const found = new Fields();
        let at = 0;
        for (let end = 1; end <= block.length; end++) at = hpack.decode(block, at, end, found);
        assert.equal(at, block.length);
        assert.deepEqual(found.all, fields);
      }
    });
  }
});

describe('what is no header block', () => {
  const cases: [string, string][] = [
    ['index 0', '80'],
    ['an index behind the static table of an empty dynamic one', 'be'],
    ['a name from there', '7e 00'],
    ['the end-of-string symbol in a string', '00 84 ffff ffff 00'],
    ['a table larger than anyone allowed', '3f e1ff ff7f'],
  ];
  for (const [name, hex] of cases) {
    test(name, () => assert.equal(decoder().decode(bytesOf(hex), 0, bytesOf(hex).length, new Fields()), -1));
  }

  test('an integer may have bytes that add nothing', () => {
    for (const more of [7, 9, 500, 9000]) {
      assert.deepEqual(decode(decoder(), bytesOf(`0f 8d ${'80'.repeat(more)} 00 01 61`)), ['content-length: a'], `${more} of them`);
    }
  });

  test('an integer without end is waited for', () => assert.equal(decoder().decode(bytesOf('ff ffff ffff ffff ffff ffff ff'), 0, 11, new Fields()), 0));

  test('one beyond 32 bits is read as HAProxy does: it wraps', () => {
    // 127 - 2 + 2 ** 32 - 125 + 2 = 2 ** 32 + 2
    assert.deepEqual(decode(decoder(), bytesOf('ff 83ff ffff 0f')), [':method: GET']);
    assert.deepEqual(decode(decoder(), bytesOf('3f 81808080 10 82')), [':method: GET'], 'a size of the table, 32');
  });

  test('long integers that come byte by byte', () => {
    const long = `7f ${'80'.repeat(40)} 00 ${'61'.repeat(127)}`;
    const block = bytesOf(`0f ${'80'.repeat(30)} 00 03 62 62 62 00 ${long} ${long} 82`);
    const hpack = decoder();
    const found = new Fields();
    let at = 0;
    for (let end = 1; end <= block.length; end++) at = hpack.decode(block, at, end, found);
    assert.equal(at, block.length);
    assert.deepEqual(found.all, ['accept-charset: bbb', `${'a'.repeat(127)}: ${'a'.repeat(127)}`, ':method: GET']);
  });

  test('a string cut short is waited for', () => assert.equal(decoder().decode(bytesOf('82 00 03 61'), 0, 4, new Fields()), 1));
});

describe('the dynamic table', () => {
  /** name `n`, a value of `length` letters, to be remembered */
  const literal = (letter: string, length: number): Buffer => Buffer.concat([bytesOf('40 01 6e'), Buffer.from([length]), Buffer.from(letter.repeat(length))]);

  test('entries make room for newer ones, a field larger than the table empties it', () => {
    const hpack = decoder();
    // 4096 bytes: 34 entries of 33 + 87 fit.
    for (let i = 0; i < 36; i++) decode(hpack, literal('abcdef'[i % 6]!, 87));
    assert.equal(hpack.tableBytes, 34 * 120);
    assert.deepEqual(decode(hpack, bytesOf('be bf')), [`n: ${'f'.repeat(87)}`, `n: ${'e'.repeat(87)}`]);
    assert.equal(decode(hpack, bytesOf('e0')), null, 'the 35th');
    const larger = Buffer.concat([bytesOf('40 01 6e 7f 81 1f'), Buffer.alloc(4096, 'd')]);
    assert.deepEqual(decode(hpack, larger), [`n: ${'d'.repeat(4096)}`]);
    assert.equal(hpack.tableBytes, 0);
    assert.equal(decode(hpack, bytesOf('be')), null);
  });

  test('what a smaller size evicts can be referred to: HAProxy passes over sizes', () => {
    const hpack = decoder();
    for (const letter of ['a', 'b']) decode(hpack, literal(letter, 10));
    assert.deepEqual(decode(hpack, bytesOf('20 3fe11f be bf')), [`n: ${'b'.repeat(10)}`, `n: ${'a'.repeat(10)}`]);
    // Who evicts has one entry of this number, the same.
    assert.deepEqual(decode(hpack, literal('c', 10)), [`n: ${'c'.repeat(10)}`]);
    assert.deepEqual(decode(hpack, bytesOf('be')), [`n: ${'c'.repeat(10)}`]);
  });

  test('what the receiver announces bounds it', () => {
    const hpack = decoder();
    hpack.allow(8192);
    assert.deepEqual(decode(hpack, bytesOf('3fe13f')), [], '8192');
    assert.equal(decode(hpack, bytesOf('3fe23f')), null, '8193');
  });

  test('its memory is of the shared allowance, and given back', () => {
    const budget = new Budget(100 + 2 * CHARGE.tableField);
    const hpack = new HpackDecoder(budget, 65_536);
    assert.notEqual(decode(hpack, literal('a', 10)), null);
    assert.equal(budget.usedBytes, 43 + CHARGE.tableField);
    assert.notEqual(decode(hpack, literal('b', 10)), null);
    assert.equal(decode(hpack, literal('c', 10)), null, 'no memory for a third');
    hpack.close();
    assert.equal(budget.usedBytes, 0);
  });

  test('thousands of entries in and out', () => {
    const hpack = decoder();
    const random = randomNumbers(7);
    const kept: string[] = [];
    for (let i = 0; i < 5000; i++) {
      const letter = String.fromCharCode(97 + random(26));
      const length = random(100);
      decode(hpack, literal(letter, length));
      kept.unshift(`n: ${letter.repeat(length)}`);
      for (let size = 0, n = 0; n < kept.length; n++) {
        size += kept[n]!.length - 2 + 32;
        if (size > 4096) kept.length = n;
      }
      const index = random(kept.length);
      const block = index + 62 < 127 ? Buffer.from([0x80 | index + 62]) : Buffer.from([0xff, index + 62 - 127]);
      assert.deepEqual(decode(hpack, block), [kept[index]]);
    }
  });
});

test('any bytes: an answer within the bytes, no throw', () => {
  const random = randomNumbers(1);
  for (let round = 0; round < 3000; round++) {
    const hpack = decoder(8192);
    const block = Buffer.from(Array.from({ length: 1 + random(60) }, () => random(256)));
    const at = hpack.decode(block, 0, block.length, new Fields());
    assert.ok(at >= -1 && at <= block.length);
    assert.ok(hpack.tableBytes <= 4096);
  }
});
