import type { Settings } from '../config/settings.ts';

const MIB = 1 << 20;
/** The program itself, and what it shows on its page. */
const OWN_BYTES = 32 * MIB;
/** Of queues: their bytes are no objects, and what keeps track of the smallest requests takes three eighths of them. */
const OF_QUEUES = 1 / 2;
/** V8 gives a thread up that is left with more than four fifths of its heap in use again and again. */
const ROOM = 5 / 4;
const LEAST_MIB = 256;

/**
 * V8's young generation, three semi-spaces, MiB: what Node 20 has. Node 24 takes 192 for each thread, though requests
 * end as soon as they are answered: it costs no less CPU.
 */
export const YOUNG_MIB = 48;

type Held = 'memoryBytes' | 'reorderBytes' | 'correctionBytes' | 'fragmentsBytes';

/** What a worker has in use at most, and room for V8 to collect in, MiB. */
export function heapMib(
  { memoryBytes, reorderBytes, correctionBytes, fragmentsBytes }: Pick<Settings['limits'], Held>, queueBytes: number,
): number {
  const inUse = OWN_BYTES + memoryBytes / 2 + reorderBytes + correctionBytes + fragmentsBytes + OF_QUEUES * queueBytes;
  return Math.ceil(ROOM * inUse / MIB);
}

/**
 * How large V8 may let a worker's heap of old objects grow, MiB. All that is held is charged to a limit: objects of
 * connections and messages twice what they take (CHARGE), others at least that. So what is in use never reaches this;
 * what is not in use any more is collected before the heap does, where V8 by itself would let it grow to several times
 * what is in use.
 */
export function workerHeapMib({ limits, forward, exchanges }: Pick<Settings, 'limits' | 'forward' | 'exchanges'>): number {
  const { endpoint, queueBytes } = forward.extProc;
  const ofNativeNodes = endpoint === '' ? 0 : queueBytes;
  return Math.max(LEAST_MIB, heapMib(limits, forward.queueBytes + exchanges.queueBytes + ofNativeNodes));
}
