// A bounded share of the connections of main.ts, against real servers. More of them:
// `node --import tsx test/oracle/http2/main.ts --connections 20000`
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { absent } from '../../installed.ts';
import type { Server } from '../real-server.ts';
import { type Figures, type Miss, play } from './run.ts';
import { SERVER_NAMES, missing, startServer } from './servers.ts';

const CONNECTIONS = 120;
const SEED = Number(process.env['SEED'] ?? '1');

describe('what a real server serves of odd HTTP/2 is told with its body, both ways and from the client\'s packets alone', () => {
  const servers: Server[] = [];
  const misses: Miss[] = [];
  let figures: Map<string, Figures>;

  before(async () => {
    for (const name of SERVER_NAMES.filter((one) => missing(one) === null)) servers.push(await startServer(name));
    // Phantoms are for main.ts: what a busy server has not answered yet looks as if it were passed over.
    figures = await play(servers, CONNECTIONS, SEED, { miss: (miss) => misses.push(miss), phantom: () => {} });
  });

  after(() => Promise.all(servers.map((server) => server.stop())));

  for (const name of SERVER_NAMES) {
    test(name, (t) => {
      const sentence = missing(name);
      if (sentence !== null) {
        absent(t, sentence);
        return;
      }
      assert.ok(figures.get(name)!.requests > 20, `it takes part: ${JSON.stringify(figures.get(name))}`);
      const first = misses.find((miss) => miss.server === name);
      assert.equal(first, undefined, `seed ${SEED}, connection ${first?.number}`);
    });
  }
});
