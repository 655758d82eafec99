// The rebuilder as a user runs it, `rebuilder run -c conf.yaml`, in its namespace of the box; read through its own
// metrics and health.
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { COUNTER_NAMES, type CounterName } from '../../rebuilder/ledger.ts';
import { familyOf } from '../../rebuilder/status/metrics.ts';
import { NODE, NODE_PORT, REBUILDER, VXLAN_PORT, type Box } from './box.ts';
import { end } from './namespaces.ts';

export interface ServiceOptions {
  readonly vxlanPort?: number;
  readonly parseResponses?: boolean;
  /** Further lines of the section `forward`, such as `queue_bytes: 2MiB`. */
  readonly forward?: readonly string[];
  readonly workers?: number;
  /** Default: one of the namespace's own, 127.0.0.1:9000. */
  readonly metricsAddress?: string;
  readonly vniFilter?: readonly number[];
}

export interface Reading {
  readonly ledger: Readonly<Record<CounterName, number>>;
  readonly gauges: ReadonlyMap<string, number>;
}

const QUIET_READINGS = 4;
const READ_EVERY_MS = 500;

export class Service {
  readonly #box: Box;
  readonly #child: ChildProcess;
  /** What it wrote to standard error, the last part of it. */
  said = '';

  private constructor(box: Box, child: ChildProcess) {
    this.#box = box;
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => { this.said = (this.said + chunk.toString()).slice(-20_000); });
    }
  }

  static async start(box: Box, options: ServiceOptions = {}): Promise<Service> {
    const conf = join(box.folder, 'wallarm-node-conf.yaml');
    writeFileSync(conf, `
version: 4
mode: tcp-capture-v2
workers: ${options.workers ?? 0}
tcp_stream:
  from_vxlan: {enabled: true, listen_addr: "${REBUILDER}:${options.vxlanPort ?? VXLAN_PORT}", vni_filter: [${(options.vniFilter ?? []).join(', ')}]}
  parse_responses: ${options.parseResponses ?? false}
forward:
  endpoint: http://${NODE}:${NODE_PORT}
  raw_endpoint: ${NODE}:${NODE_PORT}
${(options.forward ?? []).map((line) => `  ${line}\n`).join('')}
metrics: {listen_address: "${options.metricsAddress ?? '127.0.0.1:9000'}"}
health_check: {listen_address: "127.0.0.1:9445"}
log: {pretty: false}
`);
    const program = fileURLToPath(new URL('../../rebuilder/rebuilder.js', import.meta.url));
    const service = new Service(box, box.rebuilder.spawn(process.execPath, [program, 'run', '-c', conf]));
    for (let tries = 0; service.health('/-/healthcheck').status !== 200; tries++) {
      if (tries > 200 || service.#child.exitCode !== null) {
        await end(service.#child, 'SIGKILL');
        throw new Error(`rebuilder run is not up: ${service.said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return service;
  }

  /** Answer of a path of the health address; status 0 = it does not answer. */
  health(path: string): { status: number; body: string } {
    const [body, status] = this.#fetch(`http://127.0.0.1:9445${path}`);
    return { status, body };
  }

  read(): Reading {
    const [body, status] = this.#fetch('http://127.0.0.1:9000/metrics');
    if (status !== 200) throw new Error(`/metrics answered ${status}: ${this.said}`);
    const gauges = new Map<string, number>();
    for (const [, name, value] of body.matchAll(/^([a-z][^#\s]*(?:\{[^}]*\})?) (\S+)$/gm)) gauges.set(name!, Number(value));
    const count = (name: CounterName): number => gauges.get(`${familyOf(name)}{name="${name}"}`) ?? NaN;
    return {
      ledger: Object.fromEntries(COUNTER_NAMES.map((name) => [name, count(name)])) as Record<CounterName, number>,
      gauges,
    };
  }

  /** Waits until nothing more comes and nothing is in flight; the last reading. Throws when that takes too long. */
  async settled(timeoutMs = 60_000): Promise<Reading> {
    const deadline = Date.now() + timeoutMs;
    let quiet = 0;
    let last = this.read();
    while (quiet < QUIET_READINGS) {
      await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS));
      const now = this.read();
      const same = COUNTER_NAMES.every((name) => name.startsWith('forward.connect') || now.ledger[name] === last.ledger[name]);
      quiet = same && now.gauges.get('rebuilder_requests_in_flight') === 0 ? quiet + 1 : 0;
      last = now;
      if (Date.now() > deadline) throw new Error(`not settled after ${timeoutMs} ms: ${JSON.stringify(nonZero(now))}`);
    }
    return last;
  }

  /** SIGTERM; its exit code. */
  stop(): Promise<number | string | null> {
    return end(this.#child, 'SIGTERM', 30_000);
  }

  #fetch(url: string): [body: string, status: number] {
    const run = spawnSync('ip', ['netns', 'exec', this.#box.rebuilder.name, 'curl', '-s', '--max-time', '10', '-w', '\n%{http_code}', url],
      { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
    const at = run.stdout.lastIndexOf('\n');
    return [run.stdout.slice(0, Math.max(0, at)), Number(run.stdout.slice(at + 1))];
  }
}

/** What a reading has counted, for messages. */
export function nonZero({ ledger, gauges }: Reading): Record<string, number> {
  const all = Object.entries(ledger).filter(([, value]) => value !== 0);
  return Object.fromEntries([...all, ...[...gauges].filter(([name, value]) => value !== 0 && /^rebuilder_(imbalance|requests_in|queue|pending)/.test(name))]);
}

/** The units that do not balance; [] = all do. */
export function imbalances({ gauges }: Reading): string[] {
  const units = [...gauges].filter(([name]) => name.startsWith('rebuilder_imbalance'));
  if (units.length === 0) return ['no rebuilder_imbalance in the metrics'];
  return units.filter(([, value]) => value !== 0).map(([name, value]) => `${name} ${value}`);
}
