/**
 * `npm run bench -- [options]`: measures how many requests a second arrive without loss, and what each costs, for our
 * rebuilder, goreplay (GOR=path of its binary) and the floor (bench/floor.c). Needs Linux, two cores, gcc and taskset.
 * See docs/performance.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { type Contender, contenders, earlier } from './contenders.ts';
import { buildLoad } from './load.ts';
import { writeLoad } from './load-file.ts';
import { FAULTS, LOADS } from './loads.ts';
import { findLimit, trialAt, WARM_UP_SHARE } from './search.ts';
import type { TrialResult } from './trial.ts';
import { turnAbout } from './turn-about.ts';

const options = new Command('bench')
  .description('Measures our rebuilder beside goreplay (GOR=binary) and the floor')
  .option('--loads <names>', `comma-separated, of ${Object.keys(LOADS).join(', ')}`, 'get,mix,jumbo,keepalive,responses,chunked')
  .option('--contenders <names>', 'comma-separated; default all there are')
  .option('--runs <n>', 'runs at the limit found, of which the median is told', '5')
  .option('--rate <n>', 'requests a second: no search, only runs at this rate')
  .option('--before <launcher>', 'instead: in turns of a second with bin/rebuilder of another version')
  .option('--seconds <n>', 'how long a run lasts, at most', '3')
  .option('--faults [name]', 'instead: each fault alone, with digests checked')
  .parse()
  .opts<Options>();

interface Options {
  loads: string; contenders?: string; runs: string; rate?: string; seconds: string;
  faults?: true | string; before?: string;
}

/** Where the search begins, requests a second: half of what the floor is known to reach. */
const START_RATE: Readonly<Record<string, number>> = {
  get: 20_000, mix: 10_000, jumbo: 10_000, keepalive: 20_000, flows: 20_000, 'few-flows': 20_000, responses: 10_000, chunked: 3000,
};
/** Reached after a ramp; of chunked requests half as many, as they are twice as large. */
const FAULT_RATE = 20_000;
const seconds = Number(options.seconds);

const dir = mkdtempSync(join(tmpdir(), 'vpc-mirror-bench-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));

const chosen = (await contenders(join(dir, 'contenders'), process.env['GOR'] ?? ''))
  .filter(({ name }) => options.contenders === undefined || options.contenders.split(',').includes(name));
const machine = `${cpus().length} × ${cpus()[0]?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
console.log(`# ${machine}\n`);

if (options.before !== undefined) await measureBeside(options.before);
else if (options.faults === undefined) await measureSpeed();
else await measureFaults();

async function measureSpeed(): Promise<void> {
  console.log(row('load', 'contender', 'max lossless requests/s', 'packets/s', 'Mbit/s', 'CPU s per 100k requests', 'peak RSS MiB', 'delay p50 / p99 ms'));
  console.log(row(...new Array<string>(8).fill('---')));
  for (const name of options.loads.split(',')) {
    const entry = loadNamed(name);
    // A known rate needs no more than what will be sent, with the warm-up; the search may need it all.
    const needed =
      options.rate === undefined ? Infinity : Math.ceil((Number(options.rate) * seconds) / (1 - WARM_UP_SHARE));
    const load = buildLoad({ ...entry.options, requests: Math.min(entry.options.requests, needed) });
    const loadDir = join(dir, name);
    writeLoad(loadDir, load);
    for (const contender of chosen) {
      let rate = Number(options.rate ?? 0);
      let atLeast = false;
      const results: TrialResult[] = [];
      if (rate === 0) {
        const limit = await findLimit(contender, load, loadDir, START_RATE[name] ?? 5000, seconds, (result, ok) => {
          console.error(`  ${name} ${contender.name}: ${describe(result)}${ok ? '' : ` LOST ${result.ledger}`}`);
        });
        if (!limit.best) {
          console.log(row(entry.title, contender.name, '0', '', '', '', '', ''));
          continue;
        }
        ({ atLeast } = limit);
        rate = limit.best.requestsPerSecond;
        results.push(limit.best);
      }
      while (results.length < Number(options.runs)) {
        const result = await trialAt(contender, load, loadDir, rate, seconds);
        console.error(`  ${name} ${contender.name}: ${describe(result)}`);
        results.push(result);
      }
      printMedians(entry.title, contender, results, atLeast);
    }
    rmSync(loadDir, { recursive: true });
  }
}

function loadNamed(name: string): (typeof LOADS)[string] {
  const entry = LOADS[name];
  if (!entry) throw new Error(`no load is called ${name}`);
  return entry;
}

function printMedians(title: string, contender: Contender, results: TrialResult[], atLeast: boolean): void {
  const median = (of: (result: TrialResult) => number): number =>
    results.map(of).sort((a, b) => a - b)[results.length >> 1]!;
  const delivered = median((r) => r.delivered);
  console.log(row(
    title, contender.name, `${atLeast ? '>= ' : ''}${whole(median((r) => r.requestsPerSecond))}${delivered < 0.999 ? ` (${percent(delivered)} %)` : ''}`,
    whole(median((r) => r.packetsPerSecond)), whole(median((r) => r.megabitsPerSecond)),
    median((r) => r.cpuPer100kRequests).toFixed(2),
    whole(median((r) => r.peakMebibytes)), `${inMs(median((r) => r.delayMs.p50))} / ${inMs(median((r) => r.delayMs.p99))}`,
  ));
}

/** Of each load as much as makes V8 compile what it will, and then runs for a while. */
async function measureBeside(launcher: string): Promise<void> {
  const both = [earlier(dir, launcher), ...chosen.filter(({ name }) => name === 'rebuilder')];
  console.log(row('load', 'requests', 'requests/s', 'delivered %', 'CPU s per 100k requests, before', 'now', 'now / before'));
  console.log(row(...new Array<string>(7).fill('---')));
  for (const name of options.loads.split(',')) {
    const entry = loadNamed(name);
    const rate = Number(options.rate ?? START_RATE[name] ?? 5000);
    const load = buildLoad({ ...entry.options, requests: Math.ceil(rate * seconds / (1 - WARM_UP_SHARE)) });
    const loadDir = join(dir, name);
    writeLoad(loadDir, load);
    for (let run = 0; run < Number(options.runs); run++) {
      const { requests, requestsPerSecond, cpuPer100kRequests: [before = NaN, after = NaN], delivered } =
        await turnAbout(both, load, loadDir, rate);
      console.log(row(
        entry.title, whole(requests), whole(requestsPerSecond), delivered.map(percent).join(' / '),
        before.toFixed(3), after.toFixed(3), (after / before).toFixed(3),
      ));
    }
    rmSync(loadDir, { recursive: true });
  }
}

async function measureFaults(): Promise<void> {
  console.log(row('fault', 'contender', 'delivered %', 'altered', 'duplicates', 'not ours', 'requests/s at last', 'CPU s per 100k requests'));
  console.log(row(...new Array<string>(8).fill('---')));
  for (const [name, loadOptions] of Object.entries(FAULTS)) {
    if (typeof options.faults === 'string' && !name.includes(options.faults)) continue;
    const load = buildLoad(loadOptions);
    const loadDir = join(dir, 'fault');
    writeLoad(loadDir, load);
    for (const contender of chosen) {
      if (contender.rawBytes) continue;
      const rate = Number(options.rate ?? FAULT_RATE) / (loadOptions.kind === 'chunked' ? 2 : 1);
      const result = await trialAt(contender, load, loadDir, rate, seconds, true);
      if (result.delivered < 1 || !result.inTime) console.error(`  ${name}: ${describe(result)} ${result.ledger}`);
      const { altered, duplicates, foreign } = result.totals;
      console.log(row(
        name, contender.name, percent(result.delivered), whole(altered), whole(duplicates), whole(foreign),
        result.inTime ? whole(rate) : `below ${whole(rate)}`, result.cpuPer100kRequests.toFixed(2),
      ));
    }
  }
}

function describe(result: TrialResult): string {
  const { delayMs } = result;
  return `${whole(result.requestsPerSecond)} requests/s, ${percent(result.delivered)} % of ${whole(result.expected)}, `
    + `${result.cpuPer100kRequests.toFixed(2)} CPU s per 100k, ${whole(result.peakMebibytes)} MiB, `
    + `delay ${inMs(delayMs.p50)} / ${inMs(delayMs.p99)} / ${inMs(delayMs.max)} ms${result.inTime ? '' : ', generator too slow'}`;
}

function row(...cells: string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function whole(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

function percent(share: number): string {
  return (Math.floor(share * 100_000) / 1000).toString();
}

/** The floor delivers nothing, and so has no delay. */
function inMs(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(1);
}
