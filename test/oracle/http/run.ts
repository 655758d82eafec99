// Plays messages to real servers and to the pipeline, and compares what was served with what was told.
import type { ExchangeJson } from '../../../rebuilder/exchange/exchange-json.ts';
import { Messages } from './messages.ts';
import { type Outcome, ask, missed, told } from './oracle.ts';
import type { Served, Server } from './servers.ts';

/** Connections to each server at the same time. */
const AT_ONCE = 24;
/** Messages that all servers have answered before more are made. */
const BATCH = 500;

export interface Figures { served: number; missedOneWay: number; missedBothWays: number }

/** A message of which a server served more than was told. */
export interface Miss {
  readonly server: string;
  readonly view: 'one way' | 'both ways';
  readonly message: string;
  readonly served: readonly Served[];
  readonly told: readonly ExchangeJson[];
}

/** A message of which was told, whole and unmarked, what no server served. */
export interface Phantom { readonly message: string; readonly told: ExchangeJson }

/** Is shown what is wrong, as it is found. */
export interface Viewer { miss(miss: Miss): void; phantom(phantom: Phantom): void }

export interface Totals {
  readonly byServer: ReadonlyMap<string, Figures>;
  readonly messages: number;
  /** Told of the client's packets alone: in all, and as a second reading. */
  told: number;
  second: number;
  phantoms: number;
}

/** Plays `count` messages made from `seed` to each server. */
export async function play(servers: readonly Server[], count: number, seed: number, show: Viewer): Promise<Totals> {
  const byServer = new Map<string, Figures>(servers.map(({ name }) => [name, { served: 0, missedOneWay: 0, missedBothWays: 0 }]));
  const totals: Totals = { byServer, messages: count, told: 0, second: 0, phantoms: 0 };
  const messages = new Messages(seed);
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, () => messages.next());
    const outcomes = await Promise.all(servers.map((server) => askAll(server, batch)));
    const oneWay = told(batch.map((message) => ({ message, answer: null })));
    const bothWays = outcomes.map((ofServer) => told(batch.map((message, i) => ({ message, answer: ofServer[i]!.answer }))));
    for (const [i, message] of batch.entries()) {
      totals.told += oneWay[i]!.length;
      totals.second += oneWay[i]!.filter(isSecond).length;
      let unserved = oneWay[i]!.filter((one) => one.request.complete && !isSecond(one));
      for (const [k, { name }] of servers.entries()) {
        const { served } = outcomes[k]![i]!;
        unserved = unserved.filter((one) => missed(served, [one]).length === served.length);
        const figures = byServer.get(name)!;
        figures.served += served.length;
        const views = { 'one way': oneWay[i]!, 'both ways': bothWays[k]![i]! };
        for (const view of ['one way', 'both ways'] as const) {
          const missing = missed(served, views[view]);
          if (missing.length === 0) continue;
          figures[view === 'one way' ? 'missedOneWay' : 'missedBothWays'] += missing.length;
          show.miss({ server: name, view, message, served: missing, told: views[view] });
        }
      }
      totals.phantoms += unserved.length;
      for (const one of unserved) show.phantom({ message, told: one });
    }
  }
  return totals;
}

async function askAll(server: Server, messages: readonly string[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const asker = async (): Promise<void> => {
    while (next < messages.length) {
      const i = next++;
      outcomes[i] = await ask(server, messages[i]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, asker));
  return outcomes;
}

function isSecond({ request }: ExchangeJson): boolean {
  return request.reading !== undefined;
}
