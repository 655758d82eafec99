// `node --import tsx test/oracle/http2/main.ts [--connections N] [--seed S] [--servers nginx,go] [--show K]` plays
// connections of HTTP/2 to real servers, and prints those of which a server served what was not told, both ways or from
// the client's packets alone, and phantoms: what was told and passed over. Then the figures of each, JSON.
// NODE_20 and NODE_24 name the node programs of these versions.
import { parseArgs } from 'node:util';
import type { ExchangeJson } from '../../../rebuilder/exchange/exchange-json.ts';
import { framesText } from './frames-text.ts';
import { type Miss, type Phantom, play } from './run.ts';
import { SERVER_NAMES, type ServerName, missing, startServer } from './servers.ts';

const { values } = parseArgs({ options: {
  connections: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' }, servers: { type: 'string', default: SERVER_NAMES.join(',') },
  show: { type: 'string', default: '10' },
} });

const names = values.servers.split(',').filter((name): name is ServerName => (SERVER_NAMES as readonly string[]).includes(name));
for (const name of names) {
  const sentence = missing(name);
  if (sentence !== null) console.error(`without ${name}: ${sentence}`);
}
const servers = await Promise.all(names.filter((name) => missing(name) === null).map((name) => startServer(name)));
let shown = 0;
let failures = 0;

const line = ({ request }: ExchangeJson): string => JSON.stringify([
  request.method, request.target.slice(0, 80), Buffer.from(request.body, 'base64').toString('latin1').slice(0, 60), request.headers.filter(([name]) => name.toLowerCase() === 'x-m').map(([, value]) => value.slice(0, 60)),
  request.lost ?? 'whole', request.reading ?? 1, request.irregular ?? [],
]);

function show(what: string, { server, view, number, written, served }: Omit<Miss, 'told'>, told: readonly ExchangeJson[]): void {
  failures++;
  if (shown++ >= Number(values.show)) return;
  const lists = (['client', 'server'] as const).map((end) => framesText(written.filter(({ from }) => from === end).map(({ bytes }) => bytes)));
  console.log(`${what}: ${server}, ${view}, connection ${number}\n  client: ${lists[0]}\n  server: ${lists[1]}`);
  console.log(`  served: ${served.map((one) => JSON.stringify({ ...one, body: one.body?.slice(0, 60), field: one.field?.slice(0, 60) })).join(' ')}\n  told: ${told.map(line).join(' ')}`);
}

const figures = await play(servers, Number(values.connections), Number(values.seed), {
  miss: (miss: Miss) => show('not told', miss, miss.told),
  phantom: (phantom: Phantom) => show('phantom', phantom, [phantom.told]),
});
await Promise.all(servers.map((server) => server.stop()));
for (const [server, one] of figures) console.log(JSON.stringify({ server, ...values, ...one }));
process.exit(failures > 0 ? 1 : 0);
