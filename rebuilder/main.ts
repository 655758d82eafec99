import { once } from 'node:events';
import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from './config/mistakes.ts';
import { type LoadedConfig, defaultSettings, loadConfig } from './config/load.ts';
import { FileError } from './capture/file-error.ts';
import { startDemo } from './demo/demo.ts';
import { runWorker } from './in-workers.ts';
import { Ledger } from './ledger.ts';
import { openLog } from './log.ts';
import { requestObserver } from './request-log.ts';
import { REPLAY_OPTIONS, jsonLines, replay } from './replay.ts';
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
    .action((files: string[], options: { config?: string; format: 'jsonl' | 'http' | 'har'; to?: string }) => replayFiles(files, options));
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

async function replayFiles(files: readonly string[], options: { config?: string; format: 'jsonl' | 'http' | 'har'; to?: string }): Promise<void> {
  const ledger = new Ledger();
  try {
    await replay(files, REPLAY_OPTIONS, jsonLines((text) => process.stdout.write(text), ledger), ledger);
  } finally {
    process.stderr.write(`${ledgerLine(ledger)}\n`);
  }
  void options;
}
