import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrap, wrapIndented } from '../../rebuilder/config/wrapped-text.ts';

for (const [what, sentence, columns, lines] of [
  ['between words', 'one two three', 7, ['one two', 'three']],
  ['a longer word has its own line', 'see http://127.0.0.1:9000/ there', 10, ['see', 'http://127.0.0.1:9000/', 'there']],
  ['colours have no width', '\x1b[32mone\x1b[39m two', 7, ['\x1b[32mone\x1b[39m two']],
  ['line feeds are blanks', 'one\ntwo', 80, ['one two']],
] as const) {
  test(`wrap: ${what}`, () => assert.deepEqual(wrap(sentence, columns), lines));
}

test('lines after the first are set in, and none is wider', () => {
  assert.equal(wrapIndented('[12:00:00] INFO: capturing from a port', 30, 11), '[12:00:00] INFO:\n           capturing from a\n           port');
});
