// `node --import tsx test/oracle/http/main.ts [--messages N] [--seed S] [--servers nginx,go] [--show K] [--unserved K]`
// plays messages to real servers, and prints those of which a server served what was not reported, both ways or from
// the client's packets alone; then the figures, a JSON object.
// NODE_20 and NODE_24 name the node programs of these versions, GUNICORN a gunicorn that is not on the PATH.
import { parseArgs } from 'node:util';
import type { ExchangeJson } from '../../../rebuilder/exchange/exchange-json.ts';
import { play } from './run.ts';
import { MORE_NAMES, SERVER_NAMES, type ServerName, missing, startServer } from './servers.ts';

const { values } = parseArgs({ options: {
  messages: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' }, servers: { type: 'string', default: SERVER_NAMES.join(',') },
  show: { type: 'string', default: '10' }, unserved: { type: 'string', default: '0' }, fate: { type: 'string', default: 'in_body' },
} });

const names = values.servers.split(',').filter((name): name is ServerName => ([...SERVER_NAMES, ...MORE_NAMES] as string[]).includes(name));
for (const name of names) {
  const sentence = missing(name);
  if (sentence !== null) console.error(`without ${name}: ${sentence}`);
}
const servers = await Promise.all(names.filter((name) => missing(name) === null).map((name) => startServer(name)));
let misses = 0;
let unserved = 0;

const line = ({ request }: ExchangeJson): string => JSON.stringify([
  request.method, request.target, Buffer.from(request.body, 'base64').toString('latin1').slice(0, 200), request.complete ? 'whole' : 'incomplete', request.reading ?? 1,
]);
const short = (message: string): string => JSON.stringify(
  message.replace(/(.)\1{199,}/g, (run, char: string) => `${char}{${run.length}}`),
).replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);

const totals = await play(servers, Number(values.messages), Number(values.seed), {
  miss: ({ server, view, message, served, told }) => {
    if (misses++ >= Number(values.show)) return;
    console.log(`${server}, ${view}: ${short(message)}\n  not told: ${served.map((one) => JSON.stringify(one)).join(' ')}\n  told: ${told.map(line).join(' ')}`);
  },
  unserved: ({ server, fate, message, told }) => {
    if (fate !== values.fate || unserved++ >= Number(values.unserved)) return;
    console.log(`${fate}, ${server ?? 'one way'}: ${line(told)} at ${told.at} of ${short(message)}`);
  },
});
await Promise.all(servers.map((server) => server.stop()));
console.log(JSON.stringify({ ...totals, byServer: Object.fromEntries(totals.byServer) }));
process.exit(misses > 0 ? 1 : 0);
