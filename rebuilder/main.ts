import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from './config/mistakes.ts';
import { type LoadedConfig, defaultSettings, loadConfig } from './config/load.ts';
import { FileError } from './capture/file-error.ts';
import type { Settings } from './config/settings.ts';
import { startDemo } from './demo/demo.ts';
import { type OutputFormat, exchangeOutput } from './exchange-output.ts';
import { readLoopKey } from './forward/loop-marker.ts';
import { runWorker } from './in-workers.ts';
import { Ledger } from './ledger.ts';
import { openLog } from './log.ts';
import { requestObserver } from './request-log.ts';
import { Pipeline } from './pipeline.ts';
import { REPLAY_OPTIONS, patient, readCaptures } from './replay.ts';
import { ServiceThread } from './service-thread.ts';
import { VERSION, ledgerLine, startService } from './service.ts';
import { workerShare } from './worker-share.ts';

/** Wrong usage or configuration. */
const EXIT_USAGE = 2;
const EXIT_FAILED = 1;

/** Runs the command line; sets process.exitCode. */
export async function main(argv: readonly string[]): Promise<void> {
  const share = workerShare();
  if (share !== undefined) return runWorker(share, requestObserver);
  const program = new Command('rebuilder')
    .description('Turns mirrored packets back into the HTTP requests that were sent, and delivers each to a detection node.')
    .version(VERSION)
    .showHelpAfterError('(rebuilder --help shows the commands)')
    .exitOverride();
  // A reader that has seen enough (head, less) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : EXIT_FAILED));
  program.command('run')
    .description('the service: capture, rebuild, deliver')
    .requiredOption('-c, --config <file>', 'configuration, such as wallarm-node-conf.yaml')
    .action((options: { config: string }) => run(options.config));
  program.command('replay')
    .description('the same with capture files (pcap, pcapng; - is standard input)')
    .argument('<file...>', 'captures, read one after the other')
    .option('-c, --config <file>', 'configuration whose rules apply')
    .addOption(new Option('--format <format>', 'how exchanges are printed').choices(['jsonl', 'http', 'har']).default('jsonl'))
    .option('--to <url>', 'deliver to this endpoint instead of printing')
    .action((files: string[], options: { config?: string; format: OutputFormat; to?: string }) => replayFiles(files, options));
  program.command('check')
    .description('validate a configuration: every mistake at once')
    .requiredOption('-c, --config <file>', 'the file to check')
    .action((options: { config: string }) => check(options.config));
  program.command('demo')
    .description('a sample app, a mirror of its traffic, the rebuilder and a stand-in for the node, on this machine')
    .action(demo);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Says what went wrong, for people. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT_USAGE;
  }
  if (error instanceof FileError) {
    process.stderr.write(`rebuilder: ${error.message}\n`);
    return EXIT_USAGE;
  }
  process.stderr.write(`rebuilder: ${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT_FAILED;
}

function load(file: string): LoadedConfig {
  const loaded = loadConfig(file);
  for (const warning of loaded.warnings) process.stderr.write(`${file}: warning: ${warning}\n`);
  if (loaded.ignored.length > 0) process.stderr.write(`${file}: no effect here, these belong to the detection node: ${loaded.ignored.join(', ')}\n`);
  return loaded;
}

function check(file: string): void {
  load(file);
  process.stdout.write(`${file}: no mistakes\n`);
}

async function run(file: string): Promise<void> {
  const { settings, warnings, ignored } = loadConfig(file);
  const log = openLog(settings.log);
  for (const warning of warnings) log.warn(warning);
  if (ignored.length > 0) log.info(`no effect here, these belong to the detection node: ${ignored.join(', ')}`);
  const service = await startService(settings, { log, observer: requestObserver(settings) });
  await stopSignal();
  log.info('stopping: capture ends, what is queued is delivered');
  process.once('SIGTERM', () => process.exit(EXIT_FAILED)).once('SIGINT', () => process.exit(EXIT_FAILED));
  await service.stop();
  log.info(`ledger ${ledgerLine(service.ledger())}`);
  process.exit(0);
}

async function demo(): Promise<void> {
  const defaults = defaultSettings();
  const log = openLog({ ...defaults.log, level: 'warn' });
  const running = await startDemo(async ({ endpoint, statusPort, received }) => {
    const service = await startService({
      ...defaults,
      workers: 0,
      tcpStream: { ...defaults.tcpStream, fromVxlan: { ...defaults.tcpStream.fromVxlan, enabled: true, listen: { host: '127.0.0.1', port: 0 } } },
      forward: { ...defaults.forward, endpoint },
      metrics: { enabled: true, listen: { host: '127.0.0.1', port: statusPort } },
      healthCheck: { ...defaults.healthCheck, enabled: false },
    }, { log, observer: null, received });
    return { vxlanPort: service.vxlanPort, statusAddress: service.statusAddress ?? '', stop: () => service.stop() };
  }, { app: 8080, status: 9000 }, (text) => process.stdout.write(text));
  await stopSignal();
  process.stdout.write('\n');
  process.once('SIGINT', () => process.exit(EXIT_FAILED));
  await running.stop();
  process.exit(0);
}

async function stopSignal(): Promise<void> {
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
}

/** Prints exchanges, or delivers them with `--to`; rules and limits of a configuration apply when one is given. The ledger ends it, on stderr. */
async function replayFiles(files: readonly string[], options: { config?: string; format: OutputFormat; to?: string }): Promise<void> {
  const ledger = new Ledger();
  const base = options.config === undefined ? defaultSettings() : load(options.config).settings;
  try {
    if (options.to !== undefined) await deliver(files, { ...base, forward: { ...base.forward, endpoint: options.to } }, ledger);
    else await print(files, options.config === undefined ? null : base, options.format, ledger);
  } finally {
    process.stderr.write(`${ledgerLine(ledger)}\n`);
  }
}

async function print(files: readonly string[], settings: Settings | null, format: OutputFormat, ledger: Ledger): Promise<void> {
  const output = exchangeOutput(format, (text) => void process.stdout.write(text), ledger);
  // Whoever reads the output may be slower than a file is read.
  const betweenBatches = async (): Promise<void> => {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  };
  if (settings === null) {
    await readCaptures(files, new Pipeline(REPLAY_OPTIONS, ledger, output), { betweenBatches });
  } else {
    const thread = new ServiceThread({ ...settings, forward: { ...settings.forward, endpoint: '' } }, ledger, randomBytes(32), null, {
      limits: patient(settings.limits), exchanges: output,
    });
    await readCaptures(files, thread.pipeline, { betweenBatches });
    await thread.drain(0);
  }
  output.end();
}

async function deliver(files: readonly string[], settings: Settings, ledger: Ledger): Promise<void> {
  const thread = new ServiceThread(settings, ledger, readLoopKey(settings.forward.loopKeyFile), null, { limits: patient(settings.limits) });
  const queueIsFull = (): boolean => thread.gauges().queueBytes > settings.forward.queueBytes / 4;
  const betweenBatches = async (): Promise<void> => {
    do await setTimeout(1); while (queueIsFull());
  };
  await readCaptures(files, thread.pipeline, { betweenBatches });
  await thread.drain(settings.forward.deadlineMs);
  if (ledger.get('forward.delivered') + ledger.get('forward.delivered_incomplete') < ledger.get('forward.submitted')) process.exitCode = EXIT_FAILED;
}
