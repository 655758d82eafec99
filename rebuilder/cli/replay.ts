import { FileError } from '../capture/file-error.ts';
import { PcapFile, type PcapFileOptions } from '../capture/pcap-file.ts';
import type { LimitSettings } from '../config/settings.ts';
import type { ExchangeSink } from '../exchange/exchange-sink.ts';
import type { Ledger } from '../ledger.ts';
import { Pipeline, type PipelineOptions } from '../pipeline.ts';

/**
 * A file is all there is and nobody waits for it: nothing is given up by the clock but connections that are idle, so
 * that what a capture has in an odd order still comes out right.
 */
const PATIENT_MS = 600_000;

export const REPLAY_LIMITS: PipelineOptions['limits'] = {
  memoryBytes: 1 << 30,
  flows: 1_000_000,
  idleTimeoutMs: PATIENT_MS,
  gapTimeoutMs: PATIENT_MS,
  reorderMs: PATIENT_MS,
  gapBytes: 16 << 20,
  reorderBytes: 256 << 20,
  fragmentsBytes: 64 << 20,
  fragmentTimeoutMs: 30_000,
  headBytes: 1 << 20,
  correctionBytes: 16 << 20,
  stallTimeoutMs: 0,
};

export const REPLAY_OPTIONS: PipelineOptions = {
  limits: REPLAY_LIMITS,
  bodyLimitBytes: 64 << 20,
  parseResponses: true,
  responseTimeoutMs: PATIENT_MS,
};

/** What a file takes over of configured limits: how much, but not how long. */
export function patient(limits: LimitSettings): PipelineOptions['limits'] {
  const { idleTimeoutMs, gapTimeoutMs, reorderMs, stallTimeoutMs } = REPLAY_LIMITS;
  return { ...limits, idleTimeoutMs, gapTimeoutMs, reorderMs, stallTimeoutMs };
}

/**
 * Reads capture files through a pipeline. One that is broken does not end the others: rejects with a FileError about
 * all of them, after what could be read was handed on.
 * @param say told of a file that holds no packet
 */
export async function readCaptures(
  files: readonly string[], pipeline: Pipeline, options: PcapFileOptions = {},
  say: (sentence: string) => void = () => {},
): Promise<void> {
  const faults: string[] = [];
  try {
    for (const file of files) {
      const before = pipeline.ledger.get('capture.frames');
      const fault = await readCapture(file, pipeline, options);
      if (fault !== null) faults.push(fault);
      else if (pipeline.ledger.get('capture.frames') === before) say(`${file}: 0 packets`);
    }
  } finally {
    pipeline.flush();
  }
  if (faults.length > 0) throw new FileError(faults.join('\n'));
}

/** null = all of it was read. */
async function readCapture(file: string, pipeline: Pipeline, options: PcapFileOptions): Promise<string | null> {
  try {
    const source = new PcapFile(file, options);
    await source.start(pipeline);
    await source.done;
    return null;
  } catch (error) {
    if (error instanceof FileError) return error.message;
    throw error;
  }
}

/** The same with a pipeline of its own. */
export async function replay(
  files: readonly string[], options: PipelineOptions, exchanges: ExchangeSink, ledger: Ledger,
): Promise<Pipeline> {
  const pipeline = new Pipeline(options, ledger, exchanges);
  await readCaptures(files, pipeline);
  return pipeline;
}
