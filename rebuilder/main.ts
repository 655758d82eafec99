import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Command, CommanderError, Option } from 'commander';
import { ATTACK_PLACE_COLUMNS, attackTest } from './cli/attack-test.ts';
import { mistakeText, paragraph, usageSentence } from './cli/mistake-sentence.ts';
import { UsageError, port, seconds, told } from './cli/number-flags.ts';
import { ProbeUsageError } from './cli/probe.ts';
import { ConfigError, SettingError } from './config/mistakes.ts';
import { type LoadedConfig, defaultSettings, loadConfig } from './config/load.ts';
import { runNeeds } from './config/run-needs.ts';
import { FileError } from './capture/file-error.ts';
import type { Settings } from './config/settings.ts';
import { startDemo } from './demo/demo.ts';
import { type DemoPort, DemoPortError } from './demo/demo-port.ts';
import { completedConfiguration } from './service/completed-configuration.ts';
import type { OutputFormat } from './cli/exchange-output.ts';
import { parseEndpoint } from './forward/endpoint.ts';
import { runWorker } from './service/in-workers.ts';
import { learnFromFiles, learnLive } from './cli/learn-health-checks.ts';
import { Ledger } from './ledger.ts';
import { HeldLines } from './output/held-lines.ts';
import { isOnTerminal, openServiceLog } from './output/log.ts';
import { requestObserver } from './output/request-log.ts';
import { replayCommand } from './cli/replay-command.ts';
import { checkFilters } from './service/checked-filters.ts';
import { checkKeyFiles, checkNamedFiles } from './service/named-files.ts';
import { ledgerEntries, ledgerLine, type Service, startService } from './service/service.ts';
import { VERSION } from './service/version.ts';
import { count } from './status/verdict.ts';
import { TopUsageError, top } from './cli/top.ts';
import { workerShare } from './service/worker-share.ts';

/** Wrong usage or configuration. */
const EXIT_USAGE = 2;
const EXIT_FAILED = 1;

/** Runs the command line; sets process.exitCode. */
export async function main(argv: readonly string[]): Promise<void> {
  const share = workerShare();
  if (share !== undefined) return runWorker(share, requestObserver);
  // A reader that has seen enough (head, less) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`rebuilder: the output cannot be written: ${error.message}\n`);
    process.exit(EXIT_FAILED);
  });
  const mistakes: string[] = [];
  try {
    await commandLine(mistakes).parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error, argv[2]);
    for (const mistake of process.exitCode === 0 ? [] : new Set(mistakes)) process.stderr.write(mistakeText('rebuilder', mistake));
  }
}

/** @param mistakes gets those in values of flags: they are said beside what commander stops at */
function commandLine(mistakes: string[] = []): Command {
  const endpointOption = (description: string): Option => new Option('--to <url>', description).argParser(told(mistakes, endpointOf));
  const program = new Command('rebuilder')
    .description('Turns mirrored packets back into the HTTP requests that were sent, and delivers\neach to a detection node.')
    .usage('<command> [options]')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help, or that of a command')
    .helpCommand('help', 'the help of a command')
    .configureHelp({ subcommandTerm: (one) => one.name() })
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .hook('preAction', (_program, action) => {
      if (mistakes.length === 0) return;
      const { config } = action.opts<{ config?: string }>();
      if (config !== undefined && config !== '-') loadConfig(config);
      throw new UsageError(mistakes.shift());
    })
    .addHelpText('after', `
Exit codes: 0 done; 1 failed at work; 2 a mistake in the command line, in the
configuration or in a capture file.`);
  const command = (name: string, summary: string, description: string): Command => program.command(name)
    .summary(summary).description(description).helpOption('-h, --help', 'show this help');

  command('run', 'the service: capture, rebuild, deliver',
    'The service: reads mirrored packets from the sources of the configuration,\nrebuilds the requests and delivers them to the detection nodes.')
    .option('-c, --config <file>', 'such as wallarm-node-conf.yaml')
    .addOption(endpointOption('deliver here, whatever forward.endpoint says'))
    .option('--wait', 'wait for a configuration that is not complete yet')
    .option('--top', 'on a terminal: show what it does, live, as top does')
    .addHelpText('after', `
SIGTERM, SIGHUP (a terminal that closes) or Ctrl-C ends it: capture stops, what
is queued is delivered for up to forward.drain_timeout, the ledger is logged. A
second SIGTERM or Ctrl-C ends it at once.

Example:
  rebuilder run -c wallarm-node-conf.yaml --to http://internal-alb:8445`)
    .action(({ config, to, wait, top: live }: { config?: string; to?: string; wait?: true; top?: true }) =>
      run(needed(config, '-c <file>', 'run'), to, wait ?? false, live ?? false));

  command('replay', 'rebuild requests from capture files',
    'Rebuilds the requests of capture files, and prints or delivers them.')
    .argument('<file...>', 'pcap or pcapng, read one after the other; - is standard input')
    .option('-c, --config <file>', 'configuration whose rules and limits apply')
    .addOption(new Option('--format <format>', 'print JSON Lines, the bytes as sent, or an archive').choices(['jsonl', 'http', 'har']).default('jsonl'))
    .addOption(endpointOption('deliver here instead of printing').conflicts('format'))
    .option('--ledger <file>', 'the ledger as JSON into a file; - is standard error')
    .addHelpText('after', `
To standard error: on a terminal progress and a summary, else the ledger, what
came in and how it ended, as one line of JSON.

Examples:
  rebuilder replay monday.pcapng --format har > monday.har
  tcpdump -i eth0 -w - | rebuilder replay -
  rebuilder replay monday.pcapng -c conf.yaml --to http://127.0.0.1:8445`)
    .action((
      files: string[], { config, ...options }: { config?: string; format: OutputFormat; to?: string; ledger?: string },
    ) => replayCommand(files, {
      ...options, settings: config === undefined ? null : load(config).settings, defaults: defaultSettings(),
    }));

  command('check', 'validate a configuration',
    'Validates a configuration: names every mistake at once, with its key, its line\nand what to write instead.')
    .argument('[file]', 'the same as -c')
    .option('-c, --config <file>', 'the file to check; - is standard input')
    .addOption(endpointOption('as it will be given to run'))
    .action(async (file: string | undefined, { config, to }: { config?: string; to?: string }) => {
      if (file !== undefined && config !== undefined) throw new UsageError(`check takes one file, here are ${config} and ${file}; see rebuilder check --help`);
      await check(needed(config ?? file, '-c <file>', 'check'), to);
    });

  command('learn-health-checks', 'propose health_checks from what is seen',
    'Proposes entries of health_checks, as YAML to paste, from requests that call\nthemselves health checks and were seen more than once.')
    .argument('[file...]', 'captures to learn from; - is standard input')
    .option('--live', 'learn from the sources of the configuration')
    .option('-c, --config <file>', 'configuration whose sources and rules apply')
    .option('--seconds <n>', 'how long to look with --live', told(mistakes, seconds('--seconds')), 120)
    .addHelpText('after', `
Read the entries before you keep them: a request equal to one is not inspected,
and a client can send it too.

Examples:
  rebuilder learn-health-checks monday.pcapng
  rebuilder learn-health-checks --live -c wallarm-node-conf.yaml --seconds 60`)
    .action((files: string[], options: { live?: true; config?: string; seconds: number }) => learn(files, options));

  command('attack-test', 'send the test attack, and where to look for it',
    'Sends the vendor\'s test attack, a path traversal that harms nothing, to a site\nwhose traffic is mirrored, and says where it must show up.')
    .option('--to <url>', 'the site as its clients call it')
    .option('--via <address>', 'connect to this mirrored server instead, such as 10.0.2.9:8080')
    .action(({ to, via }: { to?: string; via?: string }) => testAttack({ to: needed(to, '--to <url>', 'attack-test'), ...(via === undefined ? {} : { via }) }));

  command('top', 'what a running service does, live',
    'Shows the sources, rates, losses, nodes and last requests of a running service,\nonce a second; piped, once.')
    .argument('[address]', 'its status address, as run logs it', '127.0.0.1:9000')
    .addHelpText('after', `
Examples:
  rebuilder top
  rebuilder top 127.0.0.1:9001`)
    .action((address: string) => top(address, process.stdout, Promise.race([stopSignal(), quitKey()])));

  command('demo', 'all of it on this machine, without AWS',
    'A sample app, a mirror of its traffic, the rebuilder and a stand-in for the\ndetection node, on this machine; prints what to try.')
    .option('--port <n>', 'port of the sample app', told(mistakes, port('--port')), 8080)
    .option('--status-port <n>', 'port of the status page', told(mistakes, port('--status-port')), 9000)
    .action(async (ports: { port: number; statusPort: number }, self: Command) => {
      const flag = (key: string, name: string): string | null => (self.getOptionValueSource(key) === 'cli' ? name : null);
      await demo({ port: ports.port, flag: flag('port', '--port') }, { port: ports.statusPort, flag: flag('statusPort', '--status-port') });
    });
  return program;
}

/** Commander's own check would hide that the option is there, but misspelled. */
function needed(value: string | undefined, option: string, command: string): string {
  if (value === undefined) throw new UsageError(`${option} is missing; see rebuilder ${command} --help`);
  return value;
}

/** `http://host:port`. Throws an Error of one sentence. */
function endpointOf(text: string): string {
  const { host, port } = parseEndpoint(text, '--to');
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** On a terminal: q, or Ctrl-C, which raw keys do not make a signal of. */
async function quitKey(): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return new Promise(() => {});
  process.stdin.setRawMode(true);
  await new Promise<void>((resolve) => {
    process.stdin.on('data', (keys: Buffer) => { if (/[qQ\x03]/.test(keys.toString('latin1'))) resolve(); });
  });
  process.stdin.setRawMode(false);
  process.stdin.pause();
}

/** Says what went wrong, for people. @returns the exit code */
function report(error: unknown, command = ''): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Without a command the help was shown.
    if (error.code !== 'commander.help') {
      const known = commandLine().commands.some((one) => one.name() === command);
      process.stderr.write(mistakeText('rebuilder', usageSentence(error.message, `rebuilder ${known ? `${command} ` : ''}--help`)));
    }
    return EXIT_USAGE;
  }
  const sentence = error instanceof Error ? error.message : String(error);
  process.stderr.write(error instanceof ConfigError ? `${sentence}\n` : mistakeText('rebuilder', sentence));
  const mistakes = [UsageError, ConfigError, SettingError, FileError, ProbeUsageError, TopUsageError, DemoPortError];
  return mistakes.some((kind) => error instanceof kind) ? EXIT_USAGE : EXIT_FAILED;
}

function load(file: string): LoadedConfig {
  const loaded = loadConfig(file);
  warn(file, loaded.warnings);
  if (loaded.ignored.length > 0) process.stderr.write(paragraph(`${file}: no effect here, these belong to the detection node: ${loaded.ignored.join(', ')}`));
  return loaded;
}

const warn = (file: string, warnings: readonly string[]): void =>
  void process.stderr.write(warnings.map((warning) => paragraph(`${file}: warning: ${warning}`)).join(''));

/** As `run` judges: a file that cannot run is no success here either. */
async function check(file: string, to: string | undefined): Promise<void> {
  const { settings } = load(file);
  warn(file, await checkFilters(file, settings));
  process.stdout.write(`${file}: no mistakes\n`);
  const needs = runNeeds(to === undefined ? settings : withEndpoint(settings, to));
  for (const { path, sentence } of needs) process.stdout.write(paragraph(`${file}: before it can run: ${path} ${sentence}`));
  if (needs.length > 0) process.exitCode = EXIT_USAGE;
  else checkKeyFiles(settings);
}

/** What `run --top` needs of a configuration: a state to show, and no other writer on its terminal. */
function checkScreen({ metrics, log }: Settings): void {
  if (!metrics.enabled) throw new UsageError('--top shows what metrics has: set metrics.enabled to true, or run without --top');
  const { accessLog } = log;
  if ((accessLog.enabled && isOnTerminal(accessLog.logFile)) || (log.level === 'debug' && isOnTerminal(log.logFile))) {
    throw new UsageError('--top needs the terminal for itself: give lines about each request a file (log.access_log.log_file; with level debug log.log_file)');
  }
}

const withEndpoint = (settings: Settings, endpoint: string): Settings =>
  ({ ...settings, forward: { ...settings.forward, endpoint } });

/** A configuration that has all a service needs, and whose filters can be read. */
async function loadRunnable(file: string, to: string | undefined): Promise<LoadedConfig> {
  const loaded = loadConfig(file);
  const settings = to === undefined ? loaded.settings : withEndpoint(loaded.settings, to);
  const needs = runNeeds(settings);
  if (needs.length > 0) throw new ConfigError(file, needs);
  checkNamedFiles(settings);
  return { ...loaded, settings, warnings: [...loaded.warnings, ...await checkFilters(file, settings)] };
}

async function run(file: string, to: string | undefined, wait: boolean, live: boolean): Promise<void> {
  if (live && !process.stdout.isTTY) throw new UsageError('--top needs a terminal; elsewhere run without it, and see rebuilder top --help');
  const stopped = stopSignal();
  const load = (): Promise<LoadedConfig> => loadRunnable(file, to);
  const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);
  const loaded = wait ? await Promise.race([completedConfiguration(load, say), stopped]) : await load();
  if (loaded === undefined) process.exit(0);
  const { settings, warnings, ignored } = loaded;
  if (live) checkScreen(settings);
  const held = live ? new HeldLines() : null;
  const { logger: log, close } = openServiceLog(settings.log, undefined, held);
  for (const warning of warnings) log.warn(warning);
  if (ignored.length > 0) log.info(`no effect here, these belong to the detection node: ${ignored.join(', ')}`);
  let service: Service;
  try {
    service = await startService(settings, { log, observerOf: requestObserver });
    if (held !== null) await top(service.statusAddress ?? '', process.stdout, Promise.race([stopped, quitKey()]), () => held.last);
    else await stopped;
  } finally {
    held?.release();
  }
  log.info('stopping: capture ends, what is queued is delivered');
  const abandon = (): void => {
    log.warn(`ended at once by a second signal, with ${count(service.undelivered(), 'request')} undelivered`);
    void close().then(() => process.exit(EXIT_FAILED));
  };
  process.once('SIGTERM', abandon).once('SIGINT', abandon);
  const [endpoint] = service.endpoints();
  await service.stop();
  const ledger = service.ledger();
  const undelivered = ledger.get('forward.drain_timeout') + ledger.get('ext_proc.drain_timeout');
  if (undelivered > 0) {
    const after = `${settings.forward.drainTimeoutMs / 1000} s (forward.drain_timeout)`;
    log.warn({ undelivered }, `${undelivered} requests were still undelivered after ${after}: ${endpoint?.url ?? ''} ${endpoint?.detail ?? ''}`);
  }
  if (settings.log.pretty) log.info(`ledger ${ledgerLine(ledger)}`);
  else log.info({ ledger: ledgerEntries(ledger) }, 'ledger');
  await close();
  process.exit(undelivered > 0 ? EXIT_FAILED : 0);
}

async function demo(app: DemoPort, status: DemoPort): Promise<void> {
  const defaults = defaultSettings();
  const { logger: log } = openServiceLog({ ...defaults.log, level: 'warn' });
  const running = await startDemo(async ({ endpoint, statusPort, attackIn }) => {
    const service = await startService({
      ...defaults,
      workers: 0,
      tcpStream: { ...defaults.tcpStream, parseResponses: true, fromVxlan: { ...defaults.tcpStream.fromVxlan, enabled: true, listen: { host: '127.0.0.1', port: 0 } } },
      forward: { ...defaults.forward, endpoint },
      metrics: { ...defaults.metrics, enabled: true, listen: { host: '127.0.0.1', port: statusPort } },
      healthCheck: { ...defaults.healthCheck, enabled: false },
    }, { log, observerOf: null, attackIn });
    return { vxlanPort: service.vxlanPort, statusAddress: service.statusAddress ?? '', stop: () => service.stop() };
  }, { app, status }, (text) => process.stdout.write(text));
  await stopSignal();
  process.stdout.write('\n');
  process.once('SIGINT', () => process.exit(EXIT_FAILED));
  await running.stop();
  process.exit(0);
}

/** A terminal that closes ends what runs in it, and may say so twice: itself, and by its shell. */
async function stopSignal(): Promise<void> {
  process.on('SIGHUP', () => undefined);
  await Promise.race(['SIGTERM', 'SIGINT', 'SIGHUP'].map((signal) => once(process, signal)));
}

/** Prints YAML to paste; what was looked at goes to stderr. */
async function learn(
  files: readonly string[], options: { live?: true; config?: string; seconds: number },
): Promise<void> {
  const { live = false, config } = options;
  if (live === (files.length > 0)) throw new UsageError('learn-health-checks needs either capture files or --live; see rebuilder learn-health-checks --help');
  if (live && config === undefined) throw new UsageError('--live needs the configuration that names the sources: add -c <file>');
  const settings = config === undefined ? null : load(config).settings;
  const ledger = new Ledger();
  const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);
  const timer = new AbortController();
  const over = (): Promise<unknown> => Promise
    .race([setTimeout(options.seconds * 1000, null, { signal: timer.signal }).catch(() => null), stopSignal()]);
  const { yaml, summary } = live && settings !== null
    ? await learnLive(settings, ledger, over(), say).finally(() => timer.abort())
    : await learnFromFiles(files, settings, ledger);
  process.stdout.write(yaml);
  say(summary);
}

async function testAttack(options: { to: string; via?: string }): Promise<void> {
  const { sent, lines } = await attackTest(options);
  process.stdout.write(lines.map((line) => paragraph(line, line.startsWith(' ') ? ATTACK_PLACE_COLUMNS : 0)).join(''));
  if (!sent) process.exitCode = EXIT_FAILED;
}
