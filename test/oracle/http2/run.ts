// Plays connections to real servers and to the pipeline, and compares what was served with what was told.
import { isUnmarked } from '../http/phantoms.ts';
import type { Served, Server } from '../real-server.ts';
import { type Connection, Connections } from './connections.ts';
import { type Talk, type Told, type Written, wordsOf, isTold, missed, pause, talk, told } from './oracle.ts';

/** Connections to each server at the same time. */
const AT_ONCE = 24;
/** Connections that all servers have answered before more are made. */
const BATCH = 250;
/** The last recorder's line may still be on its way. */
const RECORDER_MS = 200;
/** How the client's bytes are cut: mostly as a client sends them, and in small pieces. */
const PIECE_BYTES = [1400, 1400, 1400, 1, 9, 40] as const;
const pieceBytes = (i: number): number => PIECE_BYTES[i % PIECE_BYTES.length]!;

/**
 * What became of a request that was told whole and unmarked. `served`; `answered`: its stream was, mostly with an
 * error; `taken_back`: its client reset that before an answer; `passed_over`: the server answered one that stands
 * behind it, and had no word for it: a phantom. `unread`: it had stopped reading before, or one of the two had broken
 * off.
 */
export type Fate = 'served' | 'answered' | 'taken_back' | 'passed_over' | 'unread';

export interface Figures extends Record<Fate, number> {
  /** Requests that the server served. */
  requests: number;
  missedOneWay: number;
  missedBothWays: number;
}

type View = 'one way' | 'both ways';

/** A connection of which a server served more than was told. */
export interface Miss {
  readonly server: string;
  readonly view: View;
  /** Its number, from 0. */
  readonly number: number;
  readonly written: readonly Written[];
  readonly served: readonly Served[];
  readonly told: readonly Told[];
}

/** A request that was told, and passed over by its server. */
export interface Phantom extends Omit<Miss, 'told'> { readonly told: Told }

/** Is shown what is wrong, as it is found. */
export interface Viewer { miss(miss: Miss): void; phantom(phantom: Phantom): void }

/** Plays `count` connections made from `seed` to each server. @returns figures by the server's name */
export async function play(
  servers: readonly Server[], count: number, seed: number, show: Viewer,
): Promise<Map<string, Figures>> {
  const all = new Map(servers.map(({ name }): [string, Figures] => (
    [name, {
      requests: 0, missedOneWay: 0, missedBothWays: 0, served: 0, answered: 0, taken_back: 0, passed_over: 0, unread: 0,
    }])));
  const connections = new Connections(seed);
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, () => connections.next());
    const talks = await Promise.all(servers.map((server) => talkAll(server, batch)));
    await pause(RECORDER_MS);
    for (const [k, server] of servers.entries()) {
      const figures = all.get(server.name)!;
      const written = talks[k]!.map((one) => one.written);
      const views: [View, Told[][]][] = [
        ['one way', told(written, false, pieceBytes)], ['both ways', told(written, true, pieceBytes)],
      ];
      for (const [i, { port }] of talks[k]!.entries()) {
        const served = (server.served.get(port) ?? []).filter((one) => isOf(batch[i]!, one));
        const at = { server: server.name, number: done + i, written: written[i]! };
        figures.requests += served.length;
        for (const [view, exchanges] of views) {
          const missing = missed(served, exchanges[i]!);
          figures[view === 'one way' ? 'missedOneWay' : 'missedBothWays'] += missing.length;
          if (missing.length > 0) show.miss({ ...at, view, served: missing, told: exchanges[i]! });
          for (const one of exchanges[i]!.filter(isUnmarked)) {
            const fate = fateOf(one, served, exchanges[i]!, written[i]!);
            figures[fate]++;
            if (fate === 'passed_over') show.phantom({ ...at, view, served, told: one });
          }
        }
      }
      server.served.clear();
    }
  }
  return all;
}

function fateOf(
  one: Told, served: readonly Served[], exchanges: readonly Told[], written: readonly Written[],
): Fate {
  if (served.some((request) => isTold(request, one))) return 'served';
  const { streams, takenBack, isBroken } = wordsOf(written);
  const isAnswered = one.streamId !== 0 ? streams.has(one.streamId)
    : isPreface(one) ? streams.size > 0 : isHttp1(written);
  if (one.response !== null || isAnswered) return 'answered';
  if (takenBack.has(one.streamId)) return 'taken_back';
  const isReadOn = !isBroken && exchanges.some((other) => other.at > one.at && streams.has(other.streamId));
  return isReadOn ? 'passed_over' : 'unread';
}

/** x/net takes a preface with header lines in its head for one: its answers are in HTTP/2. */
function isPreface({ request: { method, target }, streamId }: Told): boolean {
  return streamId === 0 && method === 'PRI' && target === '*';
}

/** Has the server begun with an answer in HTTP/1? */
function isHttp1(written: readonly Written[]): boolean {
  return written.find(({ from }) => from === 'server')?.bytes.toString('latin1', 0, 7) === 'HTTP/1.';
}

/** A port may be used again before a slow server has told of its last connection: then the marker is of another. */
function isOf({ markers }: Connection, { target }: Served): boolean {
  const marker = /m[0-9a-z]+/.exec(target)?.[0];
  return marker === undefined || markers.some((one) => marker.endsWith(one));
}

async function talkAll(server: Server, batch: readonly Connection[]): Promise<Talk[]> {
  const talks: Talk[] = [];
  let next = 0;
  const talker = async (): Promise<void> => {
    while (next < batch.length) {
      const i = next++;
      talks[i] = await talk(server, batch[i]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, talker));
  return talks;
}
