// `node --import tsx test/http1/mutated-heads.ts [--heads N] [--seed S]`: heads with bytes changed, put in and taken
// out, each on a connection of its own, through the whole pipeline; prints how many faults reached it, and whether its
// account adds up.
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Messages } from '../oracle/http/messages.ts';
import { randomNumbers } from '../random-numbers.ts';
import { TcpStream } from '../tcp-stream.ts';

/** Connections that one pipeline reads; a new one begins at port 1. */
const CONNECTIONS = 10_000;

export interface Outcome { readonly heads: number; readonly told: number; faults: number; heldBytes: number; readonly imbalance: ReturnType<TcpStream['end']> }

export function playMutatedHeads(heads: number, seed: number): Outcome {
  const messages = new Messages(seed);
  const below = randomNumbers(seed);
  const outcome = { heads, told: 0, faults: 0, heldBytes: 0, imbalance: [] as Outcome['imbalance'] };
  for (let left = heads; left > 0; left -= CONNECTIONS) {
    const stream: TcpStream = new TcpStream({}, 1000, { exchange: () => {
      stream.ledger.count('http.exchanges');
      outcome.told++;
    } });
    for (let i = Math.min(left, CONNECTIONS); i > 0; i--) {
      const bytes = Buffer.from(messages.next(), 'latin1');
      for (let n = 1 + below(4); n > 0; n--) bytes[below(bytes.length)] = below(256);
      stream.clientPort = 10_000 + i;
      stream.send('', { flags: 2, at: -1 });
      const cut = below(bytes.length + 1);
      stream.send(bytes.subarray(0, cut), { at: 0 }).send(bytes.subarray(cut), { at: cut });
      stream.send('', { at: bytes.length, flags: 17 });
    }
    outcome.imbalance.push(...stream.end());
    outcome.faults += stream.ledger.get('pipeline.faults');
    outcome.heldBytes += stream.pipeline.gauges().memoryBytes;
  }
  return outcome;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { heads: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } } });
  console.log(JSON.stringify(playMutatedHeads(Number(values.heads), Number(values.seed))));
}
