// Plays messages to real servers and to the pipeline, and compares what was served with what was told.
import { Messages } from './messages.ts';
import { type Outcome, type Told, ask, missed, told } from './oracle.ts';
import { type AtServer, type Fate, fateOf, isUnmarked } from './phantoms.ts';
import type { Served, Server } from '../real-server.ts';

/** Connections to each server at the same time. */
const AT_ONCE = 24;
/** Messages that all servers have answered before more are made. */
const BATCH = 500;
/** How the bytes of a connection are cut: mostly as a client sends them, and in small pieces. */
const PIECE_BYTES = [1400, 1400, 1400, 1, 7, 40] as const;
const pieceBytes = (i: number): number => PIECE_BYTES[i % PIECE_BYTES.length]!;

export interface Figures extends Fates { missedOneWay: number; missedBothWays: number }

/** Of what was told whole and unmarked, how much had which fate. Phantoms are what is in a body. */
type Fates = Record<Fate, number>;
const noFates = (): Fates => ({ served: 0, answered: 0, in_body: 0, unread: 0 });

/** A message of which a server served more than was told. */
export interface Miss {
  readonly server: string;
  readonly view: 'one way' | 'both ways';
  readonly message: string;
  readonly served: readonly Served[];
  readonly told: readonly Told[];
}

/**
 * A request that was told, whole and unmarked, and not served: by none of them (one way), or by this one (both ways).
 */
export interface Unserved {
  readonly server: string | null;
  readonly fate: Exclude<Fate, 'served'>;
  readonly message: string;
  readonly told: Told;
}

/** Is shown what is wrong, as it is found. */
export interface Viewer { miss(miss: Miss): void; unserved(one: Unserved): void }

export interface Totals {
  readonly byServer: ReadonlyMap<string, Figures>;
  readonly messages: number;
  /** Told of the client's packets alone: in all, and as a second reading. */
  told: number;
  second: number;
  readonly oneWay: Fates;
}

/** Plays `count` messages made from `seed` to each server. */
export async function play(servers: readonly Server[], count: number, seed: number, show: Viewer): Promise<Totals> {
  const byServer = new Map<string, Figures>(
    servers.map(({ name }) => [name, { ...noFates(), missedOneWay: 0, missedBothWays: 0 }]),
  );
  const totals: Totals = { byServer, messages: count, told: 0, second: 0, oneWay: noFates() };
  const messages = new Messages(seed);
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, () => messages.next());
    const outcomes = await Promise.all(servers.map((server) => askAll(server, batch)));
    const oneWay = told(batch.map((message) => ({ message, answer: null })), pieceBytes);
    const bothWays = outcomes.map(
      (ofServer) => told(batch.map((message, i) => ({ message, answer: ofServer[i]!.answer })), pieceBytes),
    );
    for (const [i, message] of batch.entries()) {
      totals.told += oneWay[i]!.length;
      totals.second += oneWay[i]!.filter(isSecond).length;
      const atServers = servers.map(
        (_, k): AtServer => ({ served: outcomes[k]![i]!.served, bothWays: bothWays[k]![i]! }),
      );
      for (const one of oneWay[i]!.filter(isUnmarked)) {
        const fate = fateOf(one, atServers);
        totals.oneWay[fate]++;
        if (fate !== 'served') show.unserved({ server: null, fate, message, told: one });
      }
      for (const [k, { name }] of servers.entries()) {
        const { served } = outcomes[k]![i]!;
        const figures = byServer.get(name)!;
        for (const one of bothWays[k]![i]!.filter(isUnmarked)) {
          const fate = fateOf(one, [atServers[k]!]);
          figures[fate]++;
          if (fate !== 'served') show.unserved({ server: name, fate, message, told: one });
        }
        const views = { 'one way': oneWay[i]!, 'both ways': bothWays[k]![i]! };
        for (const view of ['one way', 'both ways'] as const) {
          const missing = missed(served, views[view]);
          if (missing.length === 0) continue;
          figures[view === 'one way' ? 'missedOneWay' : 'missedBothWays'] += missing.length;
          show.miss({ server: name, view, message, served: missing, told: views[view] });
        }
      }
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

function isSecond({ request }: Told): boolean {
  return request.reading !== undefined;
}
