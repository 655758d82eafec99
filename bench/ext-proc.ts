/**
 * `node --import tsx bench/ext-proc.ts`: what an exchange costs on its way to a native node, GET with a response of 1
 * KiB: from packets in memory through the pipeline and the rules to gRPC streams, on core 0; the node is
 * test/forward/ext-proc/processor, which only reads, on core 1. BENCH_TLS=1: with TLS. Needs Linux, two cores, Go and
 * taskset.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LinkType } from '../rebuilder/capture/frame-source.ts';
import { parseConfig } from '../rebuilder/config/load.ts';
import { Ledger } from '../rebuilder/ledger.ts';
import { ServiceThread } from '../rebuilder/service/service-thread.ts';
import { builtProcessor } from '../test/forward/ext-proc/processor.ts';
import { buildLoad, NO_FAULTS } from './load.ts';

const EXCHANGES = 100_000;
/** Exchanges under way: more only wait. */
const MAX_IN_FLIGHT = 1000;
const BATCH = 128;

const withTls = process.env['BENCH_TLS'] === '1';
const dir = mkdtempSync(join(tmpdir(), 'ext-proc-bench-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate, '-days', '2',
  '-subj', '/CN=node.example', '-addext', 'subjectAltName=DNS:node.example'], { stdio: 'pipe' });

const node = spawn('taskset', ['-c', '1', await builtProcessor(), '-quiet', ...(withTls ? ['-certificate', certificate, '-key', key] : [])], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.on('exit', () => node.kill('SIGKILL'));
const [port] = (await once(createInterface(node.stdout), 'line')) as [string];
execFileSync('taskset', ['-a', '-p', '-c', '0', String(process.pid)], { stdio: 'pipe' });

const { settings } = parseConfig(`
tcp_stream: {parse_responses: true}
forward: {ext_proc: {endpoint: "${withTls ? 'https' : 'http'}://127.0.0.1:${port}"${withTls ? `, tls: {ca_file: ${certificate}, server_name: node.example}` : ''}}}
`, 'bench');
const ledger = new Ledger();
const thread = new ServiceThread(settings, ledger, Buffer.alloc(32), null);
const { packets } = buildLoad({
  seed: 1, kind: 'get', requests: EXCHANGES * 1.5, connections: 200, requestsPerConnection: 1000, mtu: 1500, responses: true, responseBytes: 1024, faults: NO_FAULTS,
});

const { bytes, starts, lengths, count } = packets;
let next = 0;
/** Feeds until so many exchanges are delivered, as fast as they are. */
async function run(delivered: number): Promise<void> {
  while (ledger.get('ext_proc.delivered') < delivered && next < count) {
    for (const end = Math.min(count, next + BATCH); next < end; next++) {
      const start = starts[next]!;
      const length = lengths[next]!;
      thread.pipeline.frame(LinkType.vxlan, bytes, start, start + length, length, Date.now(), 0x0a010101);
    }
    thread.pipeline.batchEnd(Date.now());
    do await new Promise((resolve) => setImmediate(resolve)); while (thread.gauges().inFlightExchanges > MAX_IN_FLIGHT);
  }
}

await run(EXCHANGES / 4);
const before = { cpu: process.cpuUsage(), ms: performance.now(), delivered: ledger.get('ext_proc.delivered') };
await run(EXCHANGES);
const seconds = (performance.now() - before.ms) / 1000;
const cpu = process.cpuUsage(before.cpu);
const delivered = ledger.get('ext_proc.delivered') - before.delivered;
const micros = (cpu.user + cpu.system) / delivered;
console.log(`${delivered} exchanges${withTls ? ' with TLS' : ''}: ${Math.round(delivered / seconds)}/s here and now, ${micros.toFixed(1)} us of CPU each (${Math.round(1e6 / micros)}/s on a core), `
  + `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB with the load`);
await thread.drain(1000);
process.exit();
