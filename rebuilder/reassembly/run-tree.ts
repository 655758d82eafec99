import type { Queued } from './segment.ts';
import { distance } from './sequence.ts';

/** Segments that the receiver holds as one. */
export class Run {
  readonly seq: number;
  end: number;
  readonly segments: Queued[];
  /** Those before it were taken out. */
  head = 0;
  /** Bytes that its first segment's buffer can still hold (segments.ts). */
  room = 0;
  /** Is there a FIN in it, an empty segment that has a sequence number? */
  hasFin = false;
  parent: Run | null = null;
  left: Run | null = null;
  right: Run | null = null;
  isRed = true;

  constructor(end: number, segment: Queued) {
    this.seq = segment.seq;
    this.end = end;
    this.segments = [segment];
  }

  /** Without its place in a tree. */
  copy(): Run {
    const copy = new Run(this.end, this.segments[0]!);
    for (let i = 1; i < this.segments.length; i++) copy.segments.push(this.segments[i]!);
    copy.head = this.head;
    copy.room = this.room;
    copy.hasFin = this.hasFin;
    copy.isRed = this.isRed;
    return copy;
  }
}

/**
 * Runs by their first sequence number, in a red-black tree (Cormen, Leiserson, Rivest, Stein: Introduction to
 * Algorithms, 13) like Linux's own: of several runs that overlap a newcomer, only those on its way down the tree are
 * seen, so the shape decides which bytes are kept.
 */
export class RunTree {
  root: Run | null = null;
  /** The one with the highest number. */
  last: Run | null = null;

  next(run: Run): Run | null {
    if (run.right !== null) {
      let below = run.right;
      while (below.left !== null) below = below.left;
      return below;
    }
    let child = run;
    let above = run.parent;
    while (above !== null && child === above.right) {
      child = above;
      above = above.parent;
    }
    return above;
  }

  /** The last one that begins at `seq` or before. */
  before(seq: number): Run | null {
    let found: Run | null = null;
    for (let run = this.root; run !== null;) {
      if (distance(run.seq, seq) <= 0) {
        found = run;
        run = run.right;
      } else {
        run = run.left;
      }
    }
    return found;
  }

  /** Puts a new run below `parent`; null = the tree is empty. */
  insert(run: Run, parent: Run | null): void {
    run.parent = parent;
    if (parent === null) this.root = run;
    else if (distance(run.seq, parent.seq) < 0) parent.left = run;
    else parent.right = run;
    this.#balanceInserted(run);
    if (this.next(run) === null) this.last = run;
  }

  /** Puts a run in the place of another with the same first number. */
  replace(old: Run, run: Run): void {
    run.isRed = old.isRed;
    run.left = old.left;
    run.right = old.right;
    if (run.left !== null) run.left.parent = run;
    if (run.right !== null) run.right.parent = run;
    this.#hang(old, run);
    if (this.last === old) this.last = run;
  }

  remove(run: Run): void {
    if (this.last === run) this.last = this.#previous(run);
    let removedRed = run.isRed;
    let child: Run | null;
    let above: Run | null;
    if (run.left === null || run.right === null) {
      child = run.left ?? run.right;
      above = run.parent;
      this.#hang(run, child);
    } else {
      let heir = run.right;
      while (heir.left !== null) heir = heir.left;
      removedRed = heir.isRed;
      child = heir.right;
      above = heir;
      if (heir !== run.right) {
        above = heir.parent;
        this.#hang(heir, child);
        heir.right = run.right;
        heir.right.parent = heir;
      }
      heir.left = run.left;
      heir.left.parent = heir;
      heir.isRed = run.isRed;
      this.#hang(run, heir);
    }
    if (!removedRed) this.#balanceRemoved(child, above);
  }

  clear(): void {
    this.root = null;
    this.last = null;
  }

  /** Becomes a copy of another tree, of the same shape and with the same segments. @returns the copy of `first` */
  copyFrom(other: RunTree, first: Run | null): Run | null {
    let copyOfFirst: Run | null = null;
    const copy = (run: Run | null, parent: Run | null): Run | null => {
      if (run === null) return null;
      const one = run.copy();
      one.parent = parent;
      one.left = copy(run.left, one);
      one.right = copy(run.right, one);
      if (run === other.last) this.last = one;
      if (run === first) copyOfFirst = one;
      return one;
    };
    this.root = copy(other.root, null);
    return copyOfFirst;
  }

  #previous(run: Run): Run | null {
    if (run.left !== null) {
      let below = run.left;
      while (below.right !== null) below = below.right;
      return below;
    }
    let child = run;
    let above = run.parent;
    while (above !== null && child === above.left) {
      child = above;
      above = above.parent;
    }
    return above;
  }

  /** Hangs `run` where `old` hung. */
  #hang(old: Run, run: Run | null): void {
    const { parent } = old;
    if (parent === null) this.root = run;
    else if (parent.left === old) parent.left = run;
    else parent.right = run;
    if (run !== null) run.parent = parent;
  }

  /** Turns `run` and its child of that side about, so that the child comes above it. */
  #rotate(run: Run, side: 'left' | 'right'): void {
    const other = side === 'left' ? 'right' : 'left';
    const child = run[side]!;
    const inner = child[other];
    run[side] = inner;
    if (inner !== null) inner.parent = run;
    this.#hang(run, child);
    child[other] = run;
    run.parent = child;
  }

  #balanceInserted(inserted: Run): void {
    let run = inserted;
    for (let above = run.parent; above?.isRed === true; above = run.parent) {
      const top: Run = above.parent!;
      const side = above === top.left ? 'left' : 'right';
      const other = side === 'left' ? 'right' : 'left';
      const uncle = top[other];
      if (uncle?.isRed === true) {
        above.isRed = false;
        uncle.isRed = false;
        top.isRed = true;
        run = top;
        continue;
      }
      if (run === above[other]) {
        this.#rotate(above, other);
        above = run;
      }
      above.isRed = false;
      top.isRed = true;
      this.#rotate(top, side);
      break;
    }
    this.root!.isRed = false;
  }

  #balanceRemoved(child: Run | null, parent: Run | null): void {
    let run = child;
    let above = parent;
    while (above !== null && run?.isRed !== true) {
      const side = run === above.left ? 'left' : 'right';
      const other = side === 'left' ? 'right' : 'left';
      let sibling = above[other]!;
      if (sibling.isRed) {
        sibling.isRed = false;
        above.isRed = true;
        this.#rotate(above, other);
        sibling = above[other]!;
      }
      if (sibling.left?.isRed !== true && sibling.right?.isRed !== true) {
        sibling.isRed = true;
        run = above;
        above = run.parent;
        continue;
      }
      if (sibling[other]?.isRed !== true) {
        sibling[side]!.isRed = false;
        sibling.isRed = true;
        this.#rotate(sibling, side);
        sibling = above[other]!;
      }
      sibling.isRed = above.isRed;
      above.isRed = false;
      sibling[other]!.isRed = false;
      this.#rotate(above, other);
      run = this.root;
      break;
    }
    if (run !== null) run.isRed = false;
  }
}
