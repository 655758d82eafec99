// install.sh and the unit under a real systemd, in a root directory with nothing of ours: install, complete, upgrade,
// go back, uninstall.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { absent, installed } from '../installed.ts';

const NAMESPACES = ['--mount', '--net', '--pid', '--uts', '--ipc', '--cgroup', '--fork', '--kill-child'];

let dir = '';
before(() => { dir = mkdtempSync(join(tmpdir(), 'install-')); });
after(() => rmSync(dir, { recursive: true, force: true }));

let tarball: string | null | undefined;

/**
 * Runs a shell script as root in a machine of its own; what it printed. undefined = not on this machine, the test is
 * skipped.
 */
function onMachine(t: TestContext, scenario: string): string | undefined {
  if (!installed(t, 'unshare', 'pivot_root', 'ip', 'useradd', 'curl', 'setpriv')) return undefined;
  if (process.getuid?.() !== 0 || !existsSync('/lib/systemd/systemd') || spawnSync('unshare', [...NAMESPACES, 'true']).status !== 0) {
    absent(t, 'a systemd of its own needs root, namespaces and systemd');
    return undefined;
  }
  tarball ??= built(t);
  if (tarball === null) return undefined;
  const [script, output] = [join(dir, 'scenario.sh'), join(dir, 'output')];
  writeFileSync(script, scenario);
  writeFileSync(output, '');
  const run = spawnSync('unshare', [...NAMESPACES, 'sh', 'test/package/systemd-root.sh', tarball, mkdtempSync(join(dir, 'root-')), script, output],
    { encoding: 'utf8', timeout: 180_000 });
  const said = readFileSync(output, 'utf8');
  assert.equal(run.status, 0, `${run.stderr}\n${said}`);
  return said;
}

function built(t: TestContext): string | null {
  const output = join(dir, 'vpc-mirror.tar.gz');
  const run = spawnSync(process.execPath, ['--import', 'tsx', 'package/build.ts', '--output', output], { encoding: 'utf8' });
  if (run.status === 0) return output;
  if (run.stderr.includes('npm cannot fetch')) absent(t, run.stderr.trim());
  else assert.fail(run.stderr);
  return null;
}

/** Helpers of the scenarios: each step is named, and the script ends with the first that fails. */
const STEPS = `set -eu
install=/root/artifact/vpc-mirror/install.sh
conf=/etc/vpc-mirror/wallarm-node-conf.yaml
step() { echo "== $*"; }
# Waits for something to be true.
until_true() { tries=0; until eval "$1"; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo "never true: $1"; journalctl --no-pager -u vpc-mirror-rebuilder; exit 1; }; sleep 0.1; done; }
ends_with() { code=$1; shift; got=0; "$@" || got=$?; [ "$got" = "$code" ] || { echo "$* ended with $got, not $code"; exit 1; }; }
pid() { systemctl show --value --property=MainPID vpc-mirror-rebuilder; }
# The service runs as vpc-mirror from the program's folder.
is_up() { until_true 'curl -sf http://127.0.0.1:9000/metrics > /dev/null'; }
`;

test('the service is installed, waits for its endpoint, is upgraded with a backup, put back and removed', { timeout: 240_000 }, (t) => {
  const said = onMachine(t, `${STEPS}
step mistakes change nothing
ends_with 2 $install --statr
ends_with 2 $install --config
ends_with 2 $install --config /no/such/file
ends_with 1 setpriv --reuid 65534 --clear-groups $install
ends_with 1 $install --uninstall
printf 'mode: tcp-capture-v2\\nforward: {endpiont: "http://n:1"}\\n' > /root/wrong.yaml
ends_with 2 $install --config /root/wrong.yaml
[ ! -e /opt/vpc-mirror ] && [ ! -e $conf ] && [ ! -e /opt/vpc-mirror.new ]
$install --help

step installed
$install --start
until_true 'journalctl --no-pager -u vpc-mirror-rebuilder | grep -q "waiting for the file to be completed"'
sleep 2
systemctl show --property=ActiveState,NRestarts,User vpc-mirror-rebuilder
rebuilder --version
ends_with 2 rebuilder check $conf
# A configuration that only lacks its endpoint does not stand in the way of installing again.
$install
until_true '[ "$(journalctl --no-pager -u vpc-mirror-rebuilder | grep -c "waiting for the file to be completed")" = 2 ]'
rm -r /opt/vpc-mirror-backups
stat -c '%U %a %n' /opt/vpc-mirror /opt/vpc-mirror/bin/rebuilder $conf /var/log/vpc-mirror

step completed, without a restart
waiting=$(pid)
sed -i 's|endpoint: ""|endpoint: "http://127.0.0.1:8445"|' $conf
is_up
[ "$(pid)" = "$waiting" ]
grep -o 'delivering to [^"]*' /var/log/vpc-mirror/rebuilder.log

step upgraded
first=$(pid)
cp $conf /root/mine.yaml
version=$(cat /opt/vpc-mirror/VERSION)
echo 9.9.9 > /root/artifact/vpc-mirror/VERSION
$install
is_up
[ "$(pid)" != "$first" ]
cmp $conf /root/mine.yaml
cat /opt/vpc-mirror/VERSION
backup=$(echo /opt/vpc-mirror-backups/*)
basename "$backup" | sed 's/[0-9]/0/g'
stat -c '%a' "$backup"
[ "$(cat "$backup/program/VERSION")" = "$version" ]
cmp "$backup/configuration/wallarm-node-conf.yaml" /root/mine.yaml
grep -q 'delivering to' "$backup/logs/rebuilder.log"

step a configuration with mistakes, there or given, stops the upgrade
second=$(pid)
cp /root/wrong.yaml $conf
ends_with 2 $install
cp /root/mine.yaml $conf
ends_with 2 $install --config /root/wrong.yaml
[ "$(pid)" = "$second" ]
[ "$(ls /opt/vpc-mirror-backups | wc -l)" = 1 ]

step another configuration
sed 's|8445|8446|' /root/mine.yaml > /root/other.yaml
$install --config /root/other.yaml
is_up
cmp $conf /root/other.yaml
[ "$(ls /opt/vpc-mirror-backups | wc -l)" = 2 ]
$install --config $conf
cmp $conf /root/other.yaml

step put back
"$backup/program/install.sh" --config "$backup/configuration/wallarm-node-conf.yaml"
is_up
cmp $conf /root/mine.yaml
[ "$(cat /opt/vpc-mirror/VERSION)" = "$version" ]

step removed
/opt/vpc-mirror/install.sh --uninstall
ends_with 3 systemctl --quiet is-active vpc-mirror-rebuilder
[ ! -e /opt/vpc-mirror ] && [ ! -e /usr/local/bin/rebuilder ] && [ ! -L /usr/local/bin/rebuilder ]
ls /etc/systemd/system /etc/logrotate.d
cmp $conf /root/mine.yaml
[ -e /var/log/vpc-mirror/rebuilder.log ]
ends_with 1 $install --uninstall
step all done
`);
  if (said === undefined) return;
  assert.match(said, /== mistakes [^=]*unknown option --statr; see install\.sh --help\n/);
  assert.match(said, /run it as root/);
  assert.match(said, /line 2: forward\.endpiont: .*\ninstall\.sh: nothing was changed: mend \/root\/wrong\.yaml first\n/);
  assert.match(said, /== installed\ninstall\.sh: installed \S+ and started\nNRestarts=0\nUser=vpc-mirror\nActiveState=active\n/);
  assert.match(said, /\nroot 755 \/opt\/vpc-mirror\nroot 755 \S+\/bin\/rebuilder\nroot 644 \S+\.yaml\nvpc-mirror 750 \/var\/log\/vpc-mirror\n/);
  assert.match(said, /== completed, [^=]*\ndelivering to http:\/\/127\.0\.0\.1:8445\n/);
  assert.match(said, /== upgraded\ninstall\.sh: what was here is in \/opt\/vpc-mirror-backups\/\S+Z\ninstall\.sh: installed 9\.9\.9 and started\n9\.9\.9\n0000-00-00T00-00-00Z\n700\n/);
  assert.match(said, /removed\. Left: the user vpc-mirror, and what is in \/etc\/vpc-mirror \/var\/log\/vpc-mirror \/opt\/vpc-mirror-backups\n/);
  assert.doesNotMatch(said.slice(said.indexOf('== removed')), /vpc-mirror-rebuilder\.service\n|\nvpc-mirror\n/);
  assert.match(said, /== all done\n$/);
});

test('asked for an interface, it has the right to capture it, as its own user and with nothing else', { timeout: 120_000 }, (t) => {
  const said = onMachine(t, `${STEPS}
printf '\\n' | ends_with 1 $install --interactive
printf '\\nhttp://127.0.0.1:8445\\n2\\nlo\\ny\\n' | $install --interactive
is_up
grep '^ *from_interface' $conf
sed -n 's/^Cap\\(Eff\\|Bnd\\):\\s*/\\1 /p' /proc/$(pid)/status
curl -sf http://127.0.0.1:9000/ > /dev/null
until_true 'curl -sf http://127.0.0.1:9000/metrics | grep -q "requests_in_total{name=.http.requests.} [1-9]"'
grep -o 'capturing: .*interface lo' /var/log/vpc-mirror/rebuilder.log
# Kept by an upgrade.
$install
is_up
systemctl show --value --property=AmbientCapabilities vpc-mirror-rebuilder
`);
  if (said === undefined) return;
  assert.match(said, /no answer: without a terminal, leave --interactive out/);
  assert.match(said, /^ {2}from_interface: \{enabled: true, interface: lo\}$/m);
  // CAP_NET_RAW is bit 13.
  assert.match(said, /^Eff 0000000000002000\nBnd 0000000000002000$/m);
  assert.match(said, /^capturing: .*interface lo$/m);
  assert.match(said, /\ncap_net_raw\n$/);
});
