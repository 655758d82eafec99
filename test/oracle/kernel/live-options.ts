import { REPLAY_OPTIONS } from '../../../rebuilder/cli/replay.ts';
import type { PipelineOptions } from '../../../rebuilder/pipeline.ts';

/** The defaults of the running service (docs/configuration.md), as far as they are times. */
export const LIVE_OPTIONS: PipelineOptions = {
  ...REPLAY_OPTIONS,
  limits: {
    ...REPLAY_OPTIONS.limits, idleTimeoutMs: 300_000, gapTimeoutMs: 1000, reorderMs: 200, stallTimeoutMs: 10_000,
  },
  responseTimeoutMs: 1000,
};
