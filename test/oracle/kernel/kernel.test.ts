// A bounded share of the games of main.ts, against this machine's own kernel: `node --import tsx
// test/oracle/kernel/main.ts --games 100000` plays more.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { absent, installed } from '../../installed.ts';

/** In so few seconds that the whole stays under a minute, tsx's start included. */
const GAMES = 1500;
/**
 * Of the requests read in games that mislead in several ways at once: what is not told, and what is told as certain and
 * was read by nobody.
 */
const MOST = { missingBothWays: 0.0005, missing: 0.0005, phantoms: 0.0005 };

test('what a Linux server reads of random games is told, both ways and from the client\'s packets alone', (t) => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    absent(t, 'a network namespace with a packet socket needs Linux and root');
    return;
  }
  if (!installed(t, 'unshare', 'ip', 'ethtool', 'sysctl')) return;
  const seed = process.env['SEED'] ?? '1';
  const run = spawnSync(process.execPath, ['--import', 'tsx', path.join(import.meta.dirname, 'main.ts'), '--games', String(GAMES), '--seed', seed, '--show', '3'],
    { encoding: 'utf8', maxBuffer: 1 << 24 });
  assert.notEqual(run.stdout, '', run.stderr);
  const totals = JSON.parse(run.stdout.trim().split('\n').at(-1)!) as { games: number; read: number; missing: number; missingBothWays: number; phantoms: number };
  assert.equal(totals.games, GAMES);
  assert.ok(totals.read > GAMES, `the games are played: ${run.stdout}`);
  assert.ok(totals.missing <= totals.read * MOST.missing, `seed ${seed}: ${run.stdout}`);
  assert.ok(totals.missingBothWays <= totals.read / 2 * MOST.missingBothWays, `seed ${seed}, both ways: ${run.stdout}`);
  assert.ok(totals.phantoms <= totals.read / 2 * MOST.phantoms, `seed ${seed}, phantoms: ${run.stdout}`);
});
