// `npm start` as a newcomer runs it: the printed commands, typed as they are, show up at the detection node.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { installed } from '../installed.ts';

test('the printed curl commands show up, rebuilt, and the path traversal test is flagged; Ctrl-C ends it all', { timeout: 60_000 }, async (t) => {
  if (!installed(t, 'curl')) return;
  const demo = spawn(process.execPath, ['rebuilder/rebuilder.js', 'demo'], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => demo.kill('SIGKILL'));
  let printed = '';
  let complained = '';
  demo.stderr.on('data', (chunk: Buffer) => { complained += chunk.toString(); });
  demo.stdout.on('data', (chunk: Buffer) => { printed += chunk.toString(); });
  const says = async (what: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = what.exec(printed);
      if (found) return found;
      assert.equal(demo.exitCode, null, complained);
      await once(demo.stdout, 'data');
    }
  };
  await says(/Ctrl-C ends the demo/);
  const commands = [...printed.matchAll(/^ {2}(curl \S.*?)(?: +#.*)?$/gm)].map((match) => match[1]!);
  assert.ok(commands.length >= 3);
  for (const command of commands) {
    const run = spawnSync('sh', ['-c', `${command} -s --max-time 10`], { encoding: 'utf8' });
    assert.equal(run.status, 0, command);
    const target = new URL(/http:\S+/.exec(command)![0]).pathname;
    await says(new RegExp(`127\\.0\\.0\\.1 +${command.includes(' -d ') ? 'POST' : 'GET'} ${target}\\b.*\n`));
  }
  await says(/GET \/etc\/passwd {2}<- path traversal\n/);
  const [, status] = await says(/status page +(\S+)/);
  assert.match(await (await fetch(status!)).text(), /<title>rebuilder<\/title>/);
  const state = (await (await fetch(`${status}status.json`)).json()) as { requests: { target: string; flagged: string | null; status: number }[]; verdict: { level: string } };
  const attack = state.requests.find(({ target }) => target === '/etc/passwd');
  assert.deepEqual([attack?.flagged, attack?.status, state.verdict.level], ['path traversal', 404, 'good']);
  demo.kill('SIGINT');
  const [code] = (await once(demo, 'exit')) as [number | null];
  assert.equal(code, 0);
  assert.equal(complained, '');
  await assert.rejects(fetch(status!));
});
