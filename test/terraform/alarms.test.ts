// What the alarms of the rebuild module say to series of measurements: the expressions and thresholds that it plans,
// evaluated.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate, type Series } from './cloudwatch-math.ts';
import { terraformIsHere, Workspace } from './workspace.ts';

interface Query {
  readonly id: string;
  readonly expression: string | null;
  readonly return_data: boolean | null;
  readonly metric: readonly { readonly stat: string }[];
}
interface Alarm {
  readonly alarm_name: string;
  readonly comparison_operator: string;
  readonly threshold: number;
  readonly datapoints_to_alarm: number;
  readonly treat_missing_data: string;
  /** Of an alarm on one metric, which has no query. */
  readonly statistic: string | null;
  readonly metric_query: readonly Query[];
}
interface TestEvent {
  readonly type: string;
  readonly test_plan?: { readonly resource_changes: readonly { type: string; change: { after: Alarm } }[] };
}

/** What a metric of several rebuilders is with a statistic: one list of values for each of them. */
function aggregated(stat: string, instances: readonly Series[]): Series {
  return instances[0]!.map((_, i) => {
    const reported = instances.flatMap((series) => series[i] ?? []);
    if (reported.length === 0) return undefined;
    if (stat === 'SampleCount') return reported.length;
    if (stat === 'Maximum') return Math.max(...reported);
    if (stat === 'Average') return reported.reduce((a, b) => a + b) / reported.length;
    return reported.reduce((a, b) => a + b);
  });
}

/**
 * Whether the alarm goes off at some time. `metrics` are by query id (`metric` where the alarm has no query), each with
 * one series an instance, or one for a query of AWS's own.
 */
function goesOff(alarm: Alarm, metrics: Readonly<Record<string, readonly Series[]>>): boolean {
  const series: Record<string, Series> = {};
  for (const { id, metric } of alarm.metric_query) {
    const given = metrics[id];
    if (given !== undefined) series[id] = aggregated(metric[0]?.stat ?? 'Sum', given);
  }
  const watched = alarm.metric_query.find(({ return_data: isWatched }) => isWatched === true);
  const values = watched === undefined ? aggregated(alarm.statistic!, metrics['metric']!)
    : watched.id in series ? series[watched.id]! : evaluate(watched.expression!, series);
  let breaching = 0;
  return values.some((value) => {
    const breaches = value === undefined ? alarm.treat_missing_data === 'breaching'
      : alarm.comparison_operator === 'GreaterThanThreshold' ? value > alarm.threshold : value <= alarm.threshold;
    breaching = breaches ? breaching + 1 : 0;
    return breaching === alarm.datapoints_to_alarm;
  });
}

const flat = (value: number | undefined, periods = 12): Series => Array<number | undefined>(periods).fill(value);
const rising = (from: number, by: number, periods = 12): Series =>
  Array.from({ length: periods }, (_, i) => from + by * i);

type Case = readonly [what: string, off: boolean, metrics: Readonly<Record<string, readonly Series[]>>];

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'vpc-mirror-allowance-exceeded': [
    ['a rebuilder begins to drop', true, { bw: [flat(0), rising(0, 5)], pps: [flat(0), flat(0)], conntrack: [flat(0), flat(0)] }],
    ['one begins behind the high total of another, which has stopped', true, { bw: [flat(1e6), rising(0, 5)], pps: [flat(0), flat(0)], conntrack: [flat(0), flat(0)] }],
    ['totals that do not move', false, { bw: [flat(1e6), flat(3)], pps: [flat(0), flat(0)], conntrack: [flat(7), flat(0)] }],
    ['one with a high total goes', false, { bw: [[1e6, 1e6, 1e6, undefined, undefined, undefined], flat(0, 6)], pps: [flat(0, 6)], conntrack: [flat(0, 6)] }],
    ['a report that comes a minute late', false, { bw: [[1e6, 1e6, undefined, 2e6, 1e6, 1e6], flat(0, 6)], pps: [flat(0, 6)], conntrack: [flat(0, 6)] }],
  ],
  'vpc-mirror-second-readings': [
    ['nobody sends what can be read in two ways', false, { metric: [flat(0), flat(0)] }],
    ['one rebuilder has seen it once', true, { metric: [flat(0, 5), [0, 0, 1, 0, 0]] }],
    ['the counter was never made', false, { metric: [flat(undefined)] }],
  ],
  ...Object.fromEntries(['vpc-mirror-readings-limit', 'vpc-mirror-stream-readings-limit'].map((name): [string, readonly Case[]] => [name, [
    ['everything is told in each way', false, { metric: [flat(0), flat(0)] }],
    ['one rebuilder has left out one reading', true, { metric: [flat(0, 5), [0, 0, 1, 0, 0]] }],
    ['the counter was never made', false, { metric: [flat(undefined)] }],
  ]])),
  'vpc-mirror-exchanges-lost': [
    ['every exchange is delivered', false, { metric: [flat(0), flat(0)] }],
    ['one rebuilder loses some for three minutes', true, { metric: [flat(0, 6), [0, 2, 1, 3, 0, 0]] }],
    ['a node was replaced: lost in one minute only', false, { metric: [[0, 40, 0, 0, 0, 0], flat(0, 6)] }],
    ['the agent reports nothing', false, { metric: [flat(undefined)] }],
  ],
  'vpc-mirror-no-packets': [
    ['packets arrive', false, { arrived: [flat(10), flat(0)] }],
    ['none arrives at any rebuilder', true, { arrived: [flat(0), flat(0)] }],
    ['a pause of a quarter of an hour', false, { arrived: [[5, 5, 0, 0, 0, 5, 5, 5]] }],
  ],
  'vpc-mirror-packets-lost-on-the-way': [
    ['sources mirror, and packets arrive', false, { sent: [flat(100)], arrived: [flat(90)] }],
    ['sources mirror, and none arrives', true, { sent: [flat(100)], arrived: [flat(0)] }],
    ['sources mirror, and nothing is known of what arrives', true, { sent: [flat(100)], arrived: [flat(undefined)] }],
    ['nothing is mirrored', false, { sent: [flat(0)], arrived: [flat(0)] }],
  ],
  'vpc-mirror-agent-silent': [
    ['two in service, both report', false, { in_service: [flat(2)], reports: Array.from({ length: 10 }, () => flat(1)) }],
    ['a report now and then falls into the next five minutes', false, { in_service: [flat(2)], reports: [...Array.from({ length: 9 }, () => flat(1)), [1, undefined, 1, undefined, 1, undefined, 1, 1, 1, 1, 1, 1]] }],
    ['two in service, one reports', true, { in_service: [flat(2)], reports: Array.from({ length: 5 }, () => flat(1)) }],
    ['none reports', true, { in_service: [flat(2)], reports: [flat(undefined)] }],
  ],
  'vpc-mirror-source-silent': [
    ['a source is mirrored', false, { mirrored: [flat(3)] }],
    ['a source with a session is mirrored no longer', true, { mirrored: [[3, 3, ...flat(0)]] }],
    ['a source has gone', false, { mirrored: [[3, 3, ...flat(undefined)]] }],
  ],
};

test('the alarms of vpc-mirror-rebuild', async (t) => {
  if (!await terraformIsHere(t)) return;
  const workspace = new Workspace(t, 'modules/vpc-mirror-rebuild');
  await workspace.init();
  // With native nodes every alarm is there; the first run has them all.
  const { stdout } = await workspace.run('test', '-json', '-verbose', '-filter=tests/ext-proc.tftest.hcl');
  const plans = stdout.split('\n').filter((line) => line.includes('"test_plan"')).map((line): TestEvent => JSON.parse(line));
  const planned = plans[0]?.test_plan?.resource_changes.filter(({ type }) => type === 'aws_cloudwatch_metric_alarm') ?? [];
  const alarms = new Map(planned.map(({ change: { after } }) => [after.alarm_name, after]));
  for (const [name, cases] of Object.entries(CASES)) {
    for (const [what, off, metrics] of cases) {
      await t.test(`${name}: ${what}`, () => {
        const alarm = alarms.get(name);
        assert.ok(alarm, `${name} among ${[...alarms.keys()].join(', ')}`);
        assert.equal(goesOff(alarm, metrics), off);
      });
    }
  }
});
