import type { PipelineOptions } from '../../rebuilder/pipeline.ts';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';

const MIB = 1 << 20;
/** docs/scaling.md says up to 2.6 KB for a connection; one in the middle of a request has a reader more. */
export const CONNECTION_BYTES = 3 * 1024;

/** So small that a flood of a second reaches them. */
export const LIMITS: PipelineOptions['limits'] = {
  ...LIVE_OPTIONS.limits, memoryBytes: 64 * MIB, reorderBytes: 32 * MIB, correctionBytes: 8 * MIB,
  fragmentsBytes: 4 * MIB, flows: 50_000, gapBytes: 4 * MIB,
};
