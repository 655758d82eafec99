import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { installed } from '../installed.ts';

const UNIT = 'package/files/vpc-mirror-rebuilder.service';

/** A copy of the unit in which each program exists: `verify` looks for them on this machine. */
function copy(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'unit-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'vpc-mirror-rebuilder.service');
  writeFileSync(file, readFileSync(UNIT, 'utf8').replace('/opt/vpc-mirror/bin/rebuilder', '/bin/true'));
  return file;
}

test('systemd finds nothing to say about the unit', (t) => {
  if (!installed(t, 'systemd-analyze')) return;
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', copy(t)], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('vpc-mirror-rebuilder')).join('\n'), '');
});

test('its exposure is 2.0 or less', (t) => {
  if (!installed(t, 'systemd-analyze')) return;
  const said = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', copy(t)], { encoding: 'utf8' });
  const score = /Overall exposure level for .*: ([\d.]+)/.exec(said);
  assert.ok(score, said);
  assert.ok(Number(score[1]) <= 2, said);
});

test('it runs as its own user, without any capability', () => {
  const unit = readFileSync(UNIT, 'utf8');
  for (const line of ['User=vpc-mirror', 'CapabilityBoundingSet=', 'AmbientCapabilities=', 'NoNewPrivileges=yes', 'ProtectSystem=strict']) {
    assert.ok(unit.split('\n').includes(line), line);
  }
});
