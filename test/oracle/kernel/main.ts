// `node --import tsx test/oracle/kernel/main.ts [--games N] [--seed S] [--seeds A,B] [--show K] [--phantoms]
// [--fast-open] [--multipath] [--joined]`: plays games, each both ways and with the client's packets only, and prints
// the first K in which a request that the server read was not told (or, with --phantoms, one was told as certain that
// nobody read), as small as they can be made. With --seeds it plays these alone; with --fast-open against a server
// that takes data of a SYN, with --multipath against one that speaks Multipath TCP (some of these are told wrong: where
// a segment is refused and data are moved); with --joined as captures show them that begin behind the handshake (some
// of these are told wrong, too: docs/reassembly.md).
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { type Game, newGame } from './game.ts';
import { behindHandshake, judge } from './judge.ts';
import { KEPT_CHAINS } from './kept-chains.ts';
import { KEPT_ENDS } from './kept-ends.ts';
import { KEPT_FRAMES } from './kept-frames.ts';
import { KEPT_GAMES } from './kept-games.ts';
import { KEPT_MULTIPATH } from './kept-multipath.ts';
import { KEPT_NUMBERS } from './kept-numbers.ts';
import { KEPT_OPENING } from './kept-opening.ts';
import { KEPT_READINGS } from './kept-readings.ts';
import { KEPT_RECEIVERS } from './kept-receivers.ts';
import { KEPT_WAYS } from './kept-ways.ts';
import { type Played, Player } from './play.ts';
import { shrink } from './shrink.ts';

const { values } = parseArgs({ options: {
  games: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' }, show: { type: 'string', default: '5' },
  seeds: { type: 'string', default: '' }, inside: { type: 'boolean', default: false }, phantoms: { type: 'boolean', default: false },
  'fast-open': { type: 'boolean', default: false }, multipath: { type: 'boolean', default: false },
  joined: { type: 'boolean', default: false },
} });

/**
 * The server's end of a pair, and the client's, which the packet socket plays. (IPv6 makes of a route to `lo` one that
 * rejects.)
 */
const BOX = `ip link add server address 02:00:00:00:00:01 type veth peer name client address 02:00:00:00:00:09
sysctl -qw net.ipv6.conf.client.disable_ipv6=1 net.ipv6.conf.server.accept_ra=0
ip addr add 10.0.0.1/24 dev server && ip -6 addr add fd00::1/64 dev server nodad
ip link set server up && ip link set client up
ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev server nud permanent
ip -6 neigh add fd00::9 lladdr 02:00:00:00:00:09 dev server nud permanent
ethtool -K server tx off gso off tso off gro off >/dev/null && ethtool -K client tx off gso off tso off gro off >/dev/null
sysctl -qw net.ipv4.tcp_synack_retries=1 net.ipv4.tcp_max_syn_backlog=65536 net.core.somaxconn=4096 net.ipv4.tcp_invalid_ratelimit=0
sysctl -qw net.ipv4.ipfrag_time=1 net.ipv6.ip6frag_time=1
exec "$@"`;

if (!values.inside) {
  const run = spawnSync('unshare', ['-n', 'sh', '-c', BOX, 'sh', process.execPath, ...process.execArgv, ...process.argv.slice(1), '--inside'], { stdio: 'inherit' });
  process.exit(run.status ?? 1);
}

const player = new Player();
const first = Number(values.seed);
const last = first + Number(values.games);
const totals = {
  games: 0, read: 0, second: 0, missing: 0, missingBothWays: 0, phantoms: 0, phantomsHere: 0,
  sentBytes: 0, toldBytes: 0, overTwice: 0,
};
const toShow = Number(values.show);
/** On each connection so many bytes may be told besides twice those that were sent (docs/reassembly.md). */
const ALLOWANCE = 16_384;
const kept = [
  ...KEPT_CHAINS, ...KEPT_ENDS, ...KEPT_FRAMES, ...KEPT_MULTIPATH, ...KEPT_GAMES, ...KEPT_NUMBERS, ...KEPT_OPENING,
  ...KEPT_RECEIVERS, ...KEPT_READINGS, ...KEPT_WAYS,
];
for (const { why, ...game } of values.joined ? [] : kept) {
  const played = player.play({ ...game, seed: 0 });
  if (played.streams.join('') === '') throw new Error(`nothing was read of a kept game: ${why}`);
  const faults = [false, true].flatMap((oneWay) => wrongWith(played, game.live, oneWay, 'missing'));
  if (faults.length > 0) throw new Error(`${why}: not told ${faults.join(' | ')}`);
  const phantoms = mayDiffer(game) ? [] : wrongWith(played, game.live, false, 'phantoms');
  if (phantoms.length > 0) throw new Error(`${why}: told, though nobody read it: ${phantoms.join(' | ')}`);
}
let shown = 0;

type Fault = 'missing' | 'phantoms';

/**
 * This kernel may take a segment that others drop (CONFIG_IPV6_MIP6): then what is told as certain in its place is what
 * those read, and counted as `phantomsHere`.
 */
function mayDiffer({ ops }: Pick<Game, 'ops'>): boolean {
  return ops.some(({ ip }) => ip === 'home address route');
}

function seen(played: Played): Played {
  return values.joined ? behindHandshake(played) : played;
}

/** What is wrong with what was told of a game, in one view. */
function wrongWith(played: Played, live: boolean, oneWay: boolean, fault: Fault): readonly string[] {
  return judge(seen(played), live, oneWay)[fault];
}

/** Prints a game in which something is wrong, as small as it can be made. */
function show(game: Game, oneWay: boolean, fault: Fault): void {
  const small = shrink(
    game, (candidate) => wrongWith(player.play(candidate), candidate.live, oneWay, fault).length > 0,
  );
  const played = player.play(small);
  const found = wrongWith(played, small.live, oneWay, fault);
  const traits = [small.live ? 'live' : '', small.v6 ? 'v6' : '', small.responds ? 'responds' : '', ...Object.keys(small.server ?? {})]
    .filter(Boolean).join(' ');
  console.log(`seed ${game.seed} ${traits} ${oneWay ? 'client only' : 'both ways'}: ${fault} ${found.join(' | ')}`);
  for (const op of small.ops) console.log(`  ${JSON.stringify(op)}`);
  for (const stream of played.streams) console.log(`  the server read ${JSON.stringify(stream)}`);
}

function* seeds(): Generator<number> {
  if (values.seeds !== '') yield* values.seeds.split(',').map(Number);
  else for (let seed = first; seed < last; seed++) yield seed;
}

for (const seed of seeds()) {
  const game = newGame(seed, { fastOpen: values['fast-open'], multipath: values.multipath });
  const played = player.play(game);
  totals.games++;
  for (const oneWay of [false, true]) {
    const verdict = judge(seen(played), game.live, oneWay);
    totals.read += verdict.read;
    totals.second += verdict.second;
    totals.missing += verdict.missing.length;
    totals.sentBytes += played.sentBytes;
    totals.toldBytes += verdict.toldBytes;
    if (verdict.toldBytes > 2 * played.sentBytes) totals.overTwice++;
    if (verdict.toldBytes > 2 * played.sentBytes + ALLOWANCE) throw new Error(`seed ${seed}: ${verdict.toldBytes} bytes told of ${played.sentBytes}`);
    if (!oneWay) {
      totals.missingBothWays += verdict.missing.length;
      totals[mayDiffer(game) ? 'phantomsHere' : 'phantoms'] += verdict.phantoms.length;
    }
    if (verdict.missing.length > 0 && shown++ < toShow) show(game, oneWay, 'missing');
    else if (!oneWay && values.phantoms && !mayDiffer(game) && verdict.phantoms.length > 0 && shown++ < toShow) show(game, oneWay, 'phantoms');
  }
}
console.log(JSON.stringify(totals));
process.exit(totals.missing > 0 ? 1 : 0);
