import { parseConfig } from '../../rebuilder/config/load.ts';
import type { PipelineOptions } from '../../rebuilder/pipeline.ts';
import { heapMib, workerHeapMib } from '../../rebuilder/service/worker-heap.ts';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';

const MIB = 1 << 20;

/** `FLOODS=full`: with the service's own limits, which takes minutes. */
export const IS_FULL = process.env['FLOODS'] === 'full';

/** So small that a flood of a second reaches them. */
const SMALL: PipelineOptions['limits'] = {
  ...LIVE_OPTIONS.limits, memoryBytes: 64 * MIB, reorderBytes: 32 * MIB, correctionBytes: 8 * MIB,
  fragmentsBytes: 4 * MIB, flows: 50_000, gapBytes: 4 * MIB,
};
const { settings } = parseConfig('', 'defaults');

export const LIMITS = IS_FULL ? settings.limits : SMALL;
/** Of a worker with these limits, MiB; the small one has no queue. */
export const HEAP_MIB = IS_FULL ? workerHeapMib(settings) : heapMib(SMALL, 0);
