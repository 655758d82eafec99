import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { machine } from 'node:os';
import { dirname, join } from 'node:path';
import { bundle } from '../package/bundle.ts';

/** A program that turns mirrored packets into requests to an endpoint, as one command line. */
export interface Contender {
  readonly name: string;
  /** What is written to the sink is no HTTP, only as many bytes. */
  readonly rawBytes: boolean;
  /** Cores it may use, `taskset -c`. */
  readonly cores: string;
  command(listenPort: number, sinkPort: number): string[];
}

/**
 * @param dir a folder for what they need @param goreplay path of its binary, empty = leave it out
 * BENCH_NODE in the environment is another Node for ours, with options: "/opt/node24/bin/node --cpu-prof";
 * BENCH_FORWARD one more line of its `forward:`.
 */
export async function contenders(dir: string, goreplay: string): Promise<Contender[]> {
  mkdirSync(dir, { recursive: true });
  const program = await shipped(dir);
  const all = [ours(dir, 'rebuilder', program, 1, '0'), ours(dir, 'rebuilder-2', program, 2, '0,1'), floor(dir)];
  return goreplay === '' ? all : [...all, goreplayTuned(goreplay)];
}

/** @param launcher `bin/rebuilder` of another version, unpacked. Runs with what Node that one brings. */
export function earlier(dir: string, launcher: string): Contender {
  return ours(dir, 'before', launcher, 1, '0');
}

const ROOT = join(import.meta.dirname, '..');

/**
 * Our service as it is shipped, launcher included: the loader that runs TypeScript from a checkout makes it slower.
 * Returns the launcher.
 */
async function shipped(dir: string): Promise<string> {
  const app = join(dir, 'app');
  mkdirSync(app);
  for (const { name, data } of (await bundle(join(ROOT, 'package', 'entry.ts'))).files) writeFileSync(join(app, name), data);
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(ROOT, 'node_modules'), join(app, 'node_modules'));
  const node = join(dir, 'node', machine());
  mkdirSync(node, { recursive: true });
  writeFileSync(join(node, 'node'), `#!/bin/sh\nexec ${process.env['BENCH_NODE'] ?? process.execPath} "$@"\n`, { mode: 0o755 });
  const launcher = join(dir, 'bin', 'rebuilder');
  mkdirSync(dirname(launcher));
  copyFileSync(join(ROOT, 'package', 'files', 'bin', 'rebuilder'), launcher);
  return launcher;
}

function ours(dir: string, name: string, program: string, workers: number, cores: string): Contender {
  return {
    name,
    rawBytes: false,
    cores,
    command(listenPort, sinkPort) {
      const config = join(dir, `${name}.yaml`);
      writeFileSync(config, [
        'version: 4',
        'mode: tcp-capture-v2',
        'tcp_stream:',
        `  from_vxlan: {enabled: true, listen_addr: "127.0.0.1:${listenPort}"}`,
        'forward:',
        `  endpoint: http://127.0.0.1:${sinkPort}`,
        ...(process.env['BENCH_FORWARD'] ? [`  ${process.env['BENCH_FORWARD']}`] : []),
        `workers: ${workers}`,
        'log: {pretty: false, level: info}',
        'metrics: {enabled: false}',
        'health_check: {enabled: false}',
        '',
      ].join('\n'));
      return [program, 'run', '-c', config];
    },
  };
}

function floor(dir: string): Contender {
  const binary = join(dir, 'floor');
  execFileSync('gcc', ['-O2', '-o', binary, join(import.meta.dirname, 'floor.c')]);
  return { name: 'floor', rawBytes: true, cores: '0', command: (listenPort, sinkPort) => [binary, String(listenPort), String(sinkPort)] };
}

/** With the settings that measured best: more workers, a longer queue, a larger socket buffer. */
function goreplayTuned(binary: string): Contender {
  return {
    name: 'goreplay',
    rawBytes: false,
    cores: '0',
    command: (listenPort, sinkPort) => [
      binary, '--input-raw', ':8080', '--input-raw-engine', 'vxlan', '--input-raw-vxlan-port', String(listenPort),
      '--input-raw-buffer-size', '4194304', '--input-raw-track-response=false',
      '--output-http', `http://127.0.0.1:${sinkPort}`, '--output-http-workers', '8', '--output-http-queue-len', '10000',
      '--http-original-host',
    ],
  };
}
