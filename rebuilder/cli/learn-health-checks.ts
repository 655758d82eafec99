import { randomBytes } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import type { ExchangeSink } from '../exchange/exchange-sink.ts';
import type { Ledger } from '../ledger.ts';
import { Pipeline } from '../pipeline.ts';
import { REPLAY_OPTIONS, patient, readCaptures } from './replay.ts';
import { HealthCheckProposals, proposalsYaml } from '../rules/health-check-proposals.ts';
import { ServiceThread, type Surroundings } from '../service/service-thread.ts';
import { Sources } from '../service/sources.ts';

interface Learned {
  /** To be pasted into a configuration. */
  readonly yaml: string;
  /** What was looked at, for people. */
  readonly summary: string;
}

/** @param settings null = no configuration: nothing is left out */
export async function learnFromFiles(
  files: readonly string[], settings: Settings | null, ledger: Ledger,
): Promise<Learned> {
  const proposals = new HealthCheckProposals();
  const sink = sinkOf(proposals);
  if (settings === null) {
    await readCaptures(files, new Pipeline({ ...REPLAY_OPTIONS, parseResponses: false }, ledger, sink));
  } else {
    const thread = learningThread(settings, ledger, { limits: patient(settings.limits), exchanges: sink });
    try {
      await readCaptures(files, thread.pipeline);
    } finally {
      await thread.drain(0);
    }
  }
  return learned(proposals, ledger);
}

/**
 * Listens as `run` would, until `over` resolves. Rejects with an Error of one sentence when a source cannot be opened.
 */
export async function learnLive(
  settings: Settings, ledger: Ledger, over: Promise<unknown>, notice: (sentence: string) => void,
): Promise<Learned> {
  const proposals = new HealthCheckProposals();
  const thread = learningThread(settings, ledger, { exchanges: sinkOf(proposals) });
  const sources = new Sources(settings, ledger, {}, true, notice);
  try {
    await sources.start(thread.pipeline);
    for (const { description } of sources.states()) notice(`looking at ${description}`);
    await over;
  } finally {
    await sources.stop();
    await thread.drain(0);
  }
  return learned(proposals, ledger);
}

const sinkOf = (proposals: HealthCheckProposals): ExchangeSink => ({ exchange: (request) => proposals.add(request) });

/** Masked values could not be compared with the real ones, and responses say nothing of a request. */
function learningThread(settings: Settings, ledger: Ledger, surroundings: Surroundings): ServiceThread {
  return new ServiceThread({
    ...settings,
    tcpStream: { ...settings.tcpStream, parseResponses: false },
    forward: { ...settings.forward, endpoint: '', extProc: { ...settings.forward.extProc, endpoint: '' }, redact: { headers: [], query: [], body: [] } },
  }, ledger, randomBytes(32), null, surroundings);
}

function learned(proposals: HealthCheckProposals, ledger: Ledger): Learned {
  const list = proposals.proposals();
  const requests = ledger.get('http.requests');
  const more = proposals.overflow === 0 ? '' : `; ${proposals.overflow} of them differed too much from each other to be remembered`;
  return {
    yaml: proposalsYaml(list),
    summary: `${requests} ${requests === 1 ? 'request' : 'requests'} seen, ${list.length} ${list.length === 1 ? 'form' : 'forms'} of health check proposed${more}`,
  };
}
