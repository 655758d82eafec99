// Records one scenario (see record.sh): node --import tsx test/captures/record.ts NAME
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SCENARIOS } from './clients.ts';

const name = process.argv[2] ?? '';
const scenario = SCENARIOS[name];
if (scenario === undefined) {
  console.error(`no scenario is called '${name}'; there are: ${Object.keys(SCENARIOS).join(', ')}`);
  process.exit(2);
}
const file = path.join(import.meta.dirname, `${name}.pcap`);
const servers = await scenario.servers();
const { port, received } = servers[0]!;
const tcpdump = spawn('tcpdump', ['-i', 'lo', '-U', '--immediate-mode', '-Z', 'root', '-w', file, `tcp port ${port}`], { stdio: ['ignore', 'ignore', 'pipe'] });
await once(tcpdump.stderr, 'data');
await sleep(500);
await scenario.client(port);
await sleep(500);
tcpdump.kill('SIGINT');
await once(tcpdump, 'exit');
await Promise.all(servers.map((server) => server.close()));
writeFileSync(path.join(import.meta.dirname, `${name}.jsonl`), received.map((one) => `${JSON.stringify(one)}\n`).join(''));
console.log(`${name}: ${received.length} requests, ${scenario.why}`);
process.exit(0);
