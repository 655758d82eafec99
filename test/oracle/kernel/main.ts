// `node --import tsx test/oracle/kernel/main.ts [--games N] [--seed S] [--keep FILE]`: plays games, each both ways and with the client's packets
// only, and prints those in which a request that the server read was not told, as small as they can be made.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { type Game, newGame } from './game.ts';
import { judge } from './judge.ts';
import { Player } from './play.ts';
import { shrink } from './shrink.ts';

const { values } = parseArgs({ options: {
  games: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' }, show: { type: 'string', default: '5' },
  inside: { type: 'boolean', default: false }, phantoms: { type: 'boolean', default: false },
} });

/** The server's end of a pair, and the client's, which the packet socket plays. (IPv6 makes of a route to `lo` one that rejects.) */
const BOX = `ip link add server address 02:00:00:00:00:01 type veth peer name client address 02:00:00:00:00:09
sysctl -qw net.ipv6.conf.client.disable_ipv6=1 net.ipv6.conf.server.accept_ra=0
ip addr add 10.0.0.1/24 dev server && ip -6 addr add fd00::1/64 dev server nodad
ip link set server up && ip link set client up
ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev server nud permanent
ip -6 neigh add fd00::9 lladdr 02:00:00:00:00:09 dev server nud permanent
ethtool -K server tx off gso off tso off gro off >/dev/null && ethtool -K client tx off gso off tso off gro off >/dev/null
sysctl -qw net.ipv4.tcp_synack_retries=1 net.ipv4.tcp_max_syn_backlog=65536 net.core.somaxconn=4096 net.ipv4.tcp_invalid_ratelimit=0
exec "$@"`;

if (!values.inside) {
  const run = spawnSync('unshare', ['-n', 'sh', '-c', BOX, 'sh', process.execPath, ...process.execArgv, ...process.argv.slice(1), '--inside'], { stdio: 'inherit' });
  process.exit(run.status ?? 1);
}

const player = new Player();
const first = Number(values.seed);
const last = first + Number(values.games);
const totals = { games: 0, read: 0, second: 0, missing: 0, missingBothWays: 0, phantoms: 0 };
let shown = 0;

function wrongWith(game: Game): { view: string; what: string[] } | null {
  const played = player.play(game);
  for (const oneWay of [false, true]) {
    const { missing, phantoms } = judge(played, game.live, oneWay);
    const what = values.phantoms && !oneWay ? [...missing, ...phantoms] : missing;
    if (what.length > 0) return { view: oneWay ? 'client only' : 'both ways', what: [...what] };
  }
  return null;
}

for (let seed = first; seed < last; seed++) {
  const game = newGame(seed);
  const played = player.play(game);
  totals.games++;
  let wrong = false;
  for (const oneWay of [false, true]) {
    const verdict = judge(played, game.live, oneWay);
    totals.read += verdict.read;
    totals.second += verdict.second;
    totals.missing += verdict.missing.length;
    if (!oneWay) totals.missingBothWays += verdict.missing.length;
    if (!oneWay) totals.phantoms += verdict.phantoms.length;
    if (verdict.missing.length > 0 || (values.phantoms && !oneWay && verdict.phantoms.length > 0)) wrong = true;
  }
  if (wrong && shown++ < Number(values.show)) {
    const small = shrink(game, (candidate) => wrongWith(candidate) !== null);
    const found = wrongWith(small);
    console.log(`seed ${seed}${small.live ? ' live' : ''}${small.v6 ? ' v6' : ''}${small.responds ? ' responds' : ''} ${found?.view}: not told ${found?.what.join(' | ')}`);
    for (const op of small.ops) console.log(`  ${JSON.stringify(op)}`);
  }
}
console.log(JSON.stringify(totals));
process.exit(totals.missing > 0 ? 1 : 0);
