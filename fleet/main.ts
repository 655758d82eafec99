import { Command, CommanderError, Option } from 'commander';
import { mistakeText, usageSentence } from '../rebuilder/cli/mistake-sentence.ts';
import { probeOf, ProbeUsageError } from '../rebuilder/cli/probe.ts';
import { ConfigError } from '../rebuilder/config/mistakes.ts';
import { VERSION } from '../rebuilder/service/version.ts';
import { openAccount, type Account } from './aws/account.ts';
import { loadDescription, type Description } from './description/description.ts';
import { doctorText } from './doctor-command.ts';
import { canaryAt, canaryByCloudWatch } from './doctor/canary.ts';
import { CANARY_CHECKS } from './doctor/canary-checks.ts';
import { examine as judge, type Finding } from './doctor/check.ts';
import { doctor } from './doctor/doctor.ts';
import { rebuildOf } from './doctor/facts.ts';
import { enisText, listEnis } from './enis-command.ts';
import { Interrupted, untilInterrupted } from './terminal/interrupt.ts';
import { whileShowing } from './terminal/progress.ts';
import { followedText, planReport, planText } from './plan-command.ts';
import { follow, look, type Situation } from './sessions/follow.ts';
import { rivalsSentence } from './sessions/ownership.ts';
import { spanOf, statusText } from './status-command.ts';
import { status } from './status/status.ts';
import { UsageError } from './usage-error.ts';

const EXIT_FAILED = 1;
/** Wrong usage, description, credentials or rights. */
const EXIT_USAGE = 2;

interface Options {
  readonly config: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json?: true;
}

/** Runs the command line; sets process.exitCode. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : EXIT_FAILED));
  try {
    await commandLine().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}

function commandLine(): Command {
  const program = new Command('vpc-mirror')
    .description(
      'Which interfaces are mirrored, whether the sessions follow the fleet, and where a mirrored request got lost.',
    )
    .usage('<command> [options]')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help, or that of a command')
    .helpCommand('help', 'the help of a command')
    .configureHelp({ subcommandTerm: (one) => one.name() })
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText(
      'after',
      `
Every command reads a description of the mirror, YAML or JSON. Terraform writes
it: terraform output -json vpc_mirror > vpc_mirror.json

Exit codes: 0 done; 1 failed, or something is not as it should be; 2 a mistake
in the command line, the description, the credentials or their rights;
130 Ctrl-C.`,
    );
  const command = (name: string, summary: string, description: string): Command =>
    program
      .command(name)
      .summary(summary)
      .description(description)
      .option('-c, --config <file>', 'the description', 'vpc_mirror.json')
      .option('--region <name>', 'default: the description\'s, or AWS_REGION')
      .option('--profile <name>', 'of ~/.aws/config; default: AWS_PROFILE')
      .option('--json', 'print JSON')
      .helpOption('-h, --help', 'show this help');

  command(
    'enis',
    'what the selectors pick and leave out, and why',
    'Lists the interfaces that the selectors of the description find: picked, or left out with the reason; instance, type, zone, and the sessions that are there.',
  )
    .addHelpText(
      'after',
      `
Needs ec2:DescribeNetworkInterfaces, ec2:DescribeInstances,
ec2:DescribeTrafficMirrorSessions and, for by_elb and by_eks, the Describe and
List calls of their services. Changes nothing.`,
    )
    .action(enis);
  command(
    'plan',
    'what apply would do, and what it costs',
    'Shows the sessions to add, change and remove, what cannot be mirrored and why, what would be seen twice, and the cost. Changes nothing.',
  )
    .option('--gb-per-month <n>', 'mirrored in a month, for the cost', gigabytes)
    .option('--allow-empty', 'nothing is picked: remove all sessions of ours')
    .option('--try-again', 'ask AWS again about kinds of interfaces it has refused')
    .option('--former-filter <id...>', 'the mirror had this filter before: its sessions are ours')
    .addHelpText(
      'after',
      `
Needs what enis needs, ec2:DescribeTrafficMirrorFilters,
ec2:DescribeTrafficMirrorTargets and, for the share that crosses zones,
elasticloadbalancing:DescribeLoadBalancers, DescribeLoadBalancerAttributes and
DescribeTargetGroupAttributes.`,
    )
    .action(plan);

  command(
    'apply',
    'bring the sessions in line with the fleet',
    'Adds, changes and removes sessions until every picked interface has one. Touches only sessions with our own tag (vpc-mirror:owner). A second run changes nothing.',
  )
    .option('--allow-empty', 'nothing is picked: remove all sessions of ours')
    .option('--try-again', 'ask AWS again about kinds of interfaces it has refused')
    .option('--former-filter <id...>', 'the mirror had this filter before: its sessions are ours')
    .addHelpText(
      'after',
      `
Needs what plan needs, and ec2:CreateTrafficMirrorSession,
ec2:ModifyTrafficMirrorSession, ec2:DeleteTrafficMirrorSession, ec2:CreateTags.`,
    )
    .action(applyPlan);
  command(
    'status',
    'what went through, from the sources to the nodes',
    'One screen: the sources with their packets, the rebuilders, what was delivered and lost since when, the nodes, the alarms. Read-only; from CloudWatch.',
  )
    .addOption(new Option('--since <time>', 'how far back: 15m, 6h, 2d').argParser(spanOf).default(spanOf('1h'), '1h'))
    .action(showStatus);
  command(
    'doctor',
    'names the broken hop, from the sources to the nodes',
    'Looks at every hop from a mirrored interface to the detection nodes. Read-only. Each line: what was found; if it is wrong, what was expected and how to fix it.',
  )
    .option('--canary <url>', 'send one marked request, and name the hop that lost it')
    .option('--via <address>', 'the canary goes to this mirrored server, not to where the name leads')
    .option('--rebuilder <url...>', 'where the canary looks for itself: metrics addresses, such as http://127.0.0.1:9000')
    .option('--canary-wait <seconds>', 'how long (15; 240 for CloudWatch)', seconds)
    .option('--canary-only', 'no other check, and no call to AWS; needs --rebuilder')
    .addHelpText(
      'after',
      `
A rebuilder's metrics address is its own port 9000, behind a port forwarding of
AWS Systems Manager (ssm_enabled of the module; docs/fleet.md has the command).
Without --rebuilder the canary waits for CloudWatch, which knows sums only.`,
    )
    .action(examine);
  return program;
}

interface DoctorFlags extends Options {
  readonly canary?: string;
  readonly via?: string;
  readonly rebuilder?: readonly string[];
  readonly canaryOnly?: true;
  readonly canaryWait?: number;
}

async function examine(flags: DoctorFlags): Promise<void> {
  const findings = await whileShowing('looking at every hop', () => findingsOf(flags));
  process.stdout.write(flags.json ? `${JSON.stringify(findings, null, 2)}\n` : doctorText(findings));
  if (findings.some(({ state }) => state === 'failed')) process.exitCode = EXIT_FAILED;
}

async function findingsOf(flags: DoctorFlags): Promise<Finding[]> {
  const { canary, via, rebuilder = [], canaryOnly = false, canaryWait: waitMs } = flags;
  const probe = canary === undefined ? null : probeOf('--canary', canary, via);
  const wrong = rebuilder.filter((url) => !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol));
  if (wrong.length > 0)
    throw new UsageError(`--rebuilder ${wrong.join(' ')}: not an http:// or https:// URL; give one such as http://127.0.0.1:9000`);
  if (probe === null && (canaryOnly || rebuilder.length > 0 || via !== undefined))
    throw new UsageError('--canary-only, --rebuilder and --via go with --canary URL: the request that is sent.');
  if (probe !== null && canaryOnly) {
    if (rebuilder.length === 0) throw new UsageError('--canary-only needs --rebuilder: without it there is nowhere to look for the request.');
    return judge(await canaryAt(probe, rebuilder, waitMs), CANARY_CHECKS);
  }
  const { account, description } = await open(flags);
  const findings = await doctor(account, description);
  if (probe === null) return findings;
  const evidence =
    rebuilder.length > 0
      ? await canaryAt(probe, rebuilder, waitMs)
      : await canaryByCloudWatch(account, rebuildOf(description), probe, waitMs);
  return [...findings, ...judge(evidence, CANARY_CHECKS)];
}

async function showStatus(options: Options & { readonly since: number }): Promise<void> {
  const { account, description } = await open(options);
  const report = await whileShowing('asking CloudWatch', () => status(account, description, options.since));
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : statusText(report));
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 1 && value <= 3600)) throw new UsageError(`--canary-wait ${text}: give seconds, 1 to 3600.`);
  return value * 1000;
}

function gigabytes(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1e9)) throw new UsageError(`--gb-per-month: '${text}' is not a number of gigabytes.`);
  return value;
}

interface PlanFlags extends Options {
  readonly gbPerMonth?: number;
  readonly allowEmpty?: true;
  readonly tryAgain?: true;
  readonly formerFilter?: readonly string[];
}

async function situationOf(
  flags: PlanFlags,
  handlesSignals = false,
): Promise<{ account: Account; description: Description; situation: Situation }> {
  const { account, description } = await open(flags);
  const { allowEmpty = false, tryAgain = false, formerFilter = [] } = flags;
  const wrong = formerFilter.find((id) => !/^tmf-[0-9a-f]+$/.test(id));
  if (wrong !== undefined) throw new UsageError(`--former-filter ${wrong}: give a filter such as tmf-0123456789abcdef0.`);
  const wanted = { allowEmpty, tryAgain, formerFilters: new Set(formerFilter) };
  const situation = await whileShowing(
    'reading interfaces and sessions',
    () => look(account, description, wanted),
    handlesSignals,
  );
  return { account, description, situation };
}

async function plan(flags: PlanFlags): Promise<void> {
  const { account, situation } = await situationOf(flags);
  const report = await planReport(account, situation, flags.gbPerMonth ?? null);
  process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : planText(report));
}

const applyPlan = (flags: PlanFlags): Promise<void> => untilInterrupted((signal) => carryOut(flags, signal));

async function carryOut(flags: PlanFlags, signal: AbortSignal): Promise<void> {
  const { account, description, situation } = await situationOf(flags, true);
  if (situation.selection.mistakes.length > 0) throw new UsageError(situation.selection.mistakes.join('\n'));
  if (situation.mirror.isRetired)
    throw new UsageError(
      `${situation.settings.traffic_mirror_filter_id} is tagged vpc-mirror:retired: its reconciler was destroyed. If the mirror is to stay, apply it with \`reconcile\` again, or remove the tag: aws ec2 delete-tags --resources ${situation.settings.traffic_mirror_filter_id} --tags Key=vpc-mirror:retired`,
    );
  if (situation.plan.rivals.length > 0)
    throw new UsageError(rivalsSentence(situation.plan.rivals, situation.settings));
  const report = await planReport(account, situation, null);
  if (!flags.json) process.stdout.write(planText(report));
  const followed = await whileShowing(
    'writing sessions',
    () => follow(account, description, situation, signal),
    true,
  );
  const { stoppedBy, added, changed, removed, refusedByAws, failed, untried, rivals } = followed;
  const done = {
    added,
    changed,
    removed,
    refused_by_aws: refusedByAws,
    failed,
    not_begun: untried,
    stopped_by: stoppedBy?.message ?? null,
  };
  process.stdout.write(flags.json ? `${JSON.stringify({ ...report, done }, null, 2)}\n` : followedText(followed));
  if (stoppedBy !== null) throw stoppedBy;
  if (rivals.length > 0) throw new UsageError(rivalsSentence(rivals, situation.settings));
  if (followed.failed.length > 0) process.exitCode = EXIT_FAILED;
}

async function enis(options: Options): Promise<void> {
  const { account, description } = await open(options);
  if (isEmpty(description))
    throw new UsageError(
      `${options.config}: interfaces: names no selector, so nothing is picked: add by_asg, by_tags or another.`,
    );
  const found = await whileShowing('reading interfaces', () => listEnis(account, description.interfaces));
  process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : enisText(found));
  if (Object.keys(found.network_interfaces).length === 0) {
    throw new UsageError(
      `Nothing is picked in ${account.region}: look at the selectors${found.unmatched.length > 0 ? ` (${found.unmatched.join(', ')} found nothing)` : ''}, and whether this is the region.`,
    );
  }
}

async function open(options: Options): Promise<{ account: Account; description: Description }> {
  const description = loadDescription(options.config);
  if (options.region !== undefined && (description.region ?? options.region) !== options.region) {
    throw new UsageError(
      `--region ${options.region}: ${options.config} describes a mirror in ${description.region}: leave the flag out, or take the other region's description.`,
    );
  }
  const account = await openAccount({
    region: options.region ?? description.region ?? undefined,
    profile: options.profile,
  });
  return { account, description };
}

function isEmpty({ interfaces }: Description): boolean {
  return !Object.entries(interfaces).some(
    ([name, value]) => name.startsWith('by_') && Object.keys(value ?? {}).length > 0,
  );
}

/** Says what went wrong, for people. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.excessArguments') {
      process.stderr.write(mistakeText('vpc-mirror', 'a command takes options only: name the description with -c, as in vpc-mirror plan -c vpc_mirror.json'));
      return EXIT_USAGE;
    }
    if (error.code !== 'commander.help') process.stderr.write(mistakeText('vpc-mirror', usageSentence(error.message, 'vpc-mirror --help')));
    return EXIT_USAGE;
  }
  const sentence = error instanceof Error ? error.message : String(error);
  process.stderr.write(error instanceof ConfigError ? `${sentence}\n` : mistakeText('vpc-mirror', sentence));
  if (error instanceof Interrupted) return error.exitCode;
  return [UsageError, ConfigError, ProbeUsageError].some((kind) => error instanceof kind) ? EXIT_USAGE : EXIT_FAILED;
}
