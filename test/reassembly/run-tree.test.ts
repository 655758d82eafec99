// The tree decides what a newcomer meets on its way down: its balance is held to the rules of red-black trees, its
// order to a sorted list.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Run, RunTree } from '../../rebuilder/reassembly/run-tree.ts';
import { randomNumbers } from '../random-numbers.ts';

function run(seq: number): Run {
  return new Run(seq + 1, { seq, bytes: new Uint8Array(1), ack: 0, timeMs: 0, ipId: 0, headerBytes: 40, arrival: 0 });
}

function add(tree: RunTree, one: Run): void {
  let parent: Run | null = null;
  for (let at = tree.root; at !== null; at = one.seq < at.seq ? at.left : at.right) parent = at;
  tree.insert(one, parent);
}

/** @returns black runs on every way down. */
function blackHeight(at: Run | null, parent: Run | null): number {
  if (at === null) return 0;
  assert.equal(at.parent, parent);
  if (at.isRed) assert.ok(parent !== null && !parent.isRed, 'no red one below a red one');
  const [left, right] = [blackHeight(at.left, at), blackHeight(at.right, at)];
  assert.equal(left, right, 'every way down has as many black ones');
  return left + (at.isRed ? 0 : 1);
}

test('it stays in order and in balance, whatever comes and goes', () => {
  const random = randomNumbers(7);
  const tree = new RunTree();
  const held = new Map<number, Run>();
  for (let turn = 0; turn < 4000; turn++) {
    const seq = random(200);
    const known = held.get(seq);
    if (known === undefined) {
      const one = run(seq);
      held.set(seq, one);
      add(tree, one);
    } else if (random(3) === 0) {
      const one = run(seq);
      held.set(seq, one);
      tree.replace(known, one);
    } else {
      held.delete(seq);
      tree.remove(known);
    }
    if (turn % 16 !== 0) continue;
    blackHeight(tree.root, null);
    const expected = [...held.values()].sort((a, b) => a.seq - b.seq);
    const found: Run[] = [];
    for (let at = tree.before(expected[0]?.seq ?? 0); at !== null; at = tree.next(at)) found.push(at);
    assert.deepEqual(found.map((one) => one.seq), expected.map((one) => one.seq));
    assert.equal(tree.last, expected.at(-1) ?? null);
    assert.equal(tree.before(seq)?.seq, expected.findLast((one) => one.seq <= seq)?.seq);
  }
});

test('its shape is that of the textbook: 1 to 7 in order have 2 above, 4 and 6 at the right', () => {
  const tree = new RunTree();
  for (let seq = 1; seq <= 7; seq++) add(tree, run(seq));
  const shape = (at: Run | null): unknown => {
    if (at === null) return null;
    return at.left === null && at.right === null ? at.seq : [shape(at.left), at.seq, shape(at.right)];
  };
  assert.deepEqual(shape(tree.root), [1, 2, [3, 4, [5, 6, 7]]]);
});
