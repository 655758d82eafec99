// A bounded share of the messages of main.ts, against real servers. More of them:
// `node --import tsx test/oracle/http/main.ts --messages 20000`
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { absent } from '../../installed.ts';
import { type Miss, type Totals, play } from './run.ts';
import type { Server } from '../real-server.ts';
import { SERVER_NAMES, missing, startServer } from './servers.ts';

const MESSAGES = 400;
const SEED = Number(process.env['SEED'] ?? '1');

describe('what a real server serves of odd messages is told with its body, both ways and from the client\'s packets alone', () => {
  const servers: Server[] = [];
  const misses: Miss[] = [];
  let totals: Totals;

  before(async () => {
    for (const name of SERVER_NAMES.filter((one) => missing(one) === null)) servers.push(await startServer(name));
    totals = await play(servers, MESSAGES, SEED, { miss: (miss) => misses.push(miss), unserved: () => {} });
  });

  after(() => Promise.all(servers.map((server) => server.stop())));

  for (const name of SERVER_NAMES) {
    test(name, (t) => {
      const sentence = missing(name);
      if (sentence !== null) {
        absent(t, sentence);
        return;
      }
      assert.ok(totals.byServer.get(name)!.served > MESSAGES / 2, `it takes part: ${JSON.stringify(totals.byServer.get(name))}`);
      const first = misses.find(({ server }) => server === name);
      assert.equal(first, undefined, `seed ${SEED}: ${JSON.stringify(first)}`);
    });
  }
});
