import { mergeSources } from '../capture/source-table.ts';
import type { Settings } from '../config/settings.ts';
import type { LineWriter } from '../output/exchange-lines.ts';
import { Ledger } from '../ledger.ts';
import { type RebuildingThreads, SHOWN_SENDERS } from './rebuilding-threads.ts';
import type { ObserverOf } from '../output/request-observer.ts';
import { ServiceThread } from './service-thread.ts';
import { Sources } from './sources.ts';

/** The whole service in the main thread: one core, and the way where sockets cannot be shared between threads. */
export async function startInProcess(
  settings: Settings, loopKey: Uint8Array, observerOf: ObserverOf | null, notice: (sentence: string) => void,
  writeLines: LineWriter | null,
): Promise<RebuildingThreads> {
  const ledger = new Ledger();
  const observer = observerOf?.(settings, ledger) ?? null;
  const thread = new ServiceThread(settings, ledger, loopKey, observer, writeLines === null ? {} : { writeLines });
  const sources = new Sources(settings, ledger, {}, true, notice);
  try {
    await sources.start(thread.pipeline);
  } catch (error) {
    await thread.drain(0);
    throw error;
  }
  return {
    vxlanPort: sources.vxlanPort,
    ledger: () => ledger,
    measures: () => thread.measures,
    gauges: () => thread.gauges(),
    sources: () => sources.states(),
    senders: () => mergeSources([thread.pipeline.senders.list()], SHOWN_SENDERS),
    endpoints: () => thread.endpointStates(),
    recent: (revision) => thread.recent?.since(revision) ?? null,
    lastPacketMs: () => thread.pipeline.lastFrameMs,
    stop: async (timeoutMs) => {
      await sources.stop();
      await thread.drain(timeoutMs);
    },
  };
}
