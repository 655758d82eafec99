import { PcapFile } from './capture/pcap-file.ts';
import { exchangeJson } from './http/exchange-json.ts';
import type { ExchangeSink } from './http/http-connection.ts';
import { Ledger } from './ledger.ts';
import { Pipeline, type PipelineOptions } from './pipeline.ts';

/**
 * A file is all there is and nobody waits for it: nothing is given up by the clock but connections that are idle, so that what a capture has in
 * an odd order still comes out right.
 */
const PATIENT_MS = 600_000;

export const REPLAY_OPTIONS: PipelineOptions = {
  limits: {
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
  },
  bodyLimitBytes: 64 << 20,
  parseResponses: true,
  responseTimeoutMs: PATIENT_MS,
};

/** Reads capture files through the pipeline. Rejects with a FileError after what could be read was handed on. */
export async function replay(files: readonly string[], options: PipelineOptions, exchanges: ExchangeSink, ledger = new Ledger()): Promise<Pipeline> {
  const pipeline = new Pipeline(options, ledger, exchanges);
  try {
    for (const file of files) {
      const source = new PcapFile(file);
      await source.start(pipeline);
      await source.done;
    }
  } finally {
    pipeline.flush();
  }
  return pipeline;
}

/**
 * Writes each exchange as a line of JSON. The format is that of HTTP/1.x: a request of HTTP/0.9, which has neither version nor headers, is
 * delivered to a node (marked irregular) but not written.
 */
export function jsonLines(write: (text: string) => void, ledger: Ledger): ExchangeSink {
  return {
    exchange: (request) => {
      if (request.versionStart === request.versionEnd) {
        ledger.count('http.http09_request');
        return;
      }
      ledger.count('http.exchanges');
      write(`${JSON.stringify(exchangeJson(request))}\n`);
    },
  };
}
