import { AgingMap } from '../reassembly/aging-map.ts';
import { Field, LINE_STRIDE, type Request } from '../http/message.ts';
import type { Ledger } from '../ledger.ts';
import { HeaderName, valueText } from './header-name.ts';

/**
 * Knows the marker this deployment gave an id (forward/loop-marker.ts): a client can write the header, but no value
 * that fits.
 */
export interface LoopJudge {
  isOwn(marker: string, id: string, timeMs: number): boolean;
}

const MARKER = new HeaderName('X-Mirror-Loop');
const ID = new HeaderName('X-Mirror-Id');

/**
 * A delivery is seen again at each mirrored interface between us and the node, and once more with each attempt and
 * correction.
 */
const MAX_SIGHTINGS = 16;
/** Ids whose sightings are counted. */
const MAX_IDS = 4096;

/**
 * Recognises the requests we delivered, mirrored on their way to the node: without it each would be delivered for ever.
 */
export class Loops {
  readonly #judge: LoopJudge;
  readonly #ledger: Ledger;
  /** How often each id was seen with its marker, and which was not seen for longest. */
  readonly #sightings = new AgingMap<string, number>();

  constructor(judge: LoopJudge, ledger: Ledger) {
    this.#judge = judge;
    this.#ledger = ledger;
  }

  /**
   * Is it one of ours? Whoever copies a marker that he has seen hides no more than a few requests behind it, for a few
   * minutes.
   */
  has(request: Request): boolean {
    const { lines, lineCount } = request;
    let reserved = false;
    for (let i = 0; i < lineCount && !reserved; i++) reserved = lines[i * LINE_STRIDE] === Field.reserved;
    if (!reserved) return false;
    const marker = MARKER.lastLine(request, lineCount);
    const at = marker < 0 ? -1 : ID.lastLine(request, lineCount);
    if (at < 0) return false;
    const id = valueText(request, at);
    return this.#judge.isOwn(valueText(request, marker), id, request.timeMs) && this.#isOneMoreSighting(id);
  }

  #isOneMoreSighting(id: string): boolean {
    const before = this.#sightings.get(id) ?? 0;
    if (before >= MAX_SIGHTINGS) {
      this.#ledger.count('rules.loop_marker_copied');
      return false;
    }
    this.#sightings.set(id, before + 1);
    if (this.#sightings.size > MAX_IDS) this.#sightings.deleteOldest();
    return true;
  }
}
