/** Fragments that came one behind the other. */
interface Run {
  readonly offset: number;
  end: number;
  readonly parts: Uint8Array[];
}

/** Where a fragment goes: the index of the run that it becomes, or -1 = the end of the last run. */
type Place = number | 'duplicate' | 'overlap';

/**
 * What is held of one datagram, in order and without overlap. Linux (net/ipv4/inet_fragment.c) takes a fragment for a
 * copy if one run holds all of it, and only fragments that arrive in order behind the last one extend a run: one that
 * two runs hold between them overlaps.
 */
export class FragmentRuns {
  readonly #runs: Run[] = [];
  fragments = 0;
  bytes = 0;

  place(offset: number, end: number): Place {
    const runs = this.#runs;
    const last = runs[runs.length - 1];
    if (last === undefined) return 0;
    if (last.end < end) {
      if (offset < last.end) return 'overlap';
      return offset === last.end ? -1 : runs.length;
    }
    let low = 0;
    let high = runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const run = runs[middle]!;
      if (end <= run.offset) high = middle;
      else if (offset >= run.end) low = middle + 1;
      else return offset >= run.offset && end <= run.end ? 'duplicate' : 'overlap';
    }
    return low;
  }

  insert(place: number, offset: number, bytes: Uint8Array): void {
    this.fragments++;
    this.bytes += bytes.length;
    if (place >= 0) {
      this.#runs.splice(place, 0, { offset, end: offset + bytes.length, parts: [bytes] });
      return;
    }
    const last = this.#runs[this.#runs.length - 1]!;
    last.parts.push(bytes);
    last.end += bytes.length;
  }

  /** Holds what another holds; this one is empty. */
  copyFrom(other: FragmentRuns): void {
    this.fragments = other.fragments;
    this.bytes = other.bytes;
    for (const { offset, end, parts } of other.#runs) this.#runs.push({ offset, end, parts: [...parts] });
  }

  copyTo(whole: Uint8Array): void {
    for (const { offset, parts } of this.#runs) {
      let at = offset;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
    }
  }
}
