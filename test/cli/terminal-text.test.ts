// What a stranger wrote changes nothing on a terminal: every control byte in every field, shown in a real one (tmux).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { forTerminal } from '../../rebuilder/cli/terminal-text.ts';
import { pcapFile } from '../capture-files.ts';
import { PROGRAM, file, folder } from '../command-line.ts';
import { tcpFrame } from '../frames.ts';
import { installed } from '../installed.ts';

const CONTROLS = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).filter((char) => !/[\x20-\x7e\xa0-\xff]/.test(char)).join('');

test('JSON stays the same JSON', () => {
  const value = { target: CONTROLS, text: 'ÿ' };
  const shown = forTerminal(JSON.stringify(value), 'jsonl');
  assert.deepEqual(JSON.parse(shown), value);
  assert.doesNotMatch(shown, /[\x00-\x1f\x7f-\x9f]/);
});

test('raw HTTP keeps its lines, and nothing else that is not printable', () => {
  assert.equal(forTerminal(Buffer.from('GET /\x1b[2J HTTP/1.1\r\nA: b\rc\x9b\r\n\r\n', 'latin1'), 'http'), 'GET /\\x1b[2J HTTP/1.1\nA: b\\x0dc\\x9b\n\n');
  assert.doesNotMatch(forTerminal(Buffer.from(CONTROLS, 'latin1'), 'http'), /[^\t\n\x20-\x7e]/);
});

for (const format of ['jsonl', 'http', 'har']) {
  test(`in tmux, replay --format ${format}: the screen is not cleared, the title not set, the cursor not moved`, { timeout: 60_000 }, (t) => {
    if (!installed(t, 'tmux')) return;
    const bad = '\x1b[2J\x1b[H\x1b]0;owned\x07\x9b2J\x1bc\x1b[31m\x07\x0e';
    const request = `GET /visible${bad} HTTP/1.1\r\nHost: a${bad}\r\nX-A: ${bad}${CONTROLS.replace(/[\r\n]/g, '')}\r\nContent-Length: ${bad.length}\r\n\r\n${bad}`;
    const capture = file(t, 'x.pcap', pcapFile([{ bytes: tcpFrame('10.0.1.7:41000', '10.0.2.9:80', { seq: 1 }, Buffer.from(request, 'latin1')), timeMs: 1 }]));
    const socket = `${folder(t)}/tmux`;
    const tmux = (...args: string[]): string => spawnSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' }).stdout;
    t.after(() => tmux('kill-server'));
    const command = `echo BEFORE; '${process.execPath}' '${PROGRAM}' replay --format ${format} '${capture}'; echo AFTER; sleep 30`;
    tmux('new-session', '-d', '-x', '80', '-y', '200', command);
    let screen = '';
    for (const end = Date.now() + 40_000; !screen.includes('AFTER') && Date.now() < end;) {
      spawnSync('sleep', ['0.2']);
      screen = tmux('capture-pane', '-p', '-e');
    }
    assert.match(screen, /^BEFORE/, 'still there');
    assert.match(screen.replaceAll('\n', ''), /visible/);
    assert.match(screen, /delivered|printed/, 'the summary');
    assert.ok(!tmux('display-message', '-p', '#{pane_title}').includes('owned'));
    // Colours are the summary's and the spinner's own; nothing of it comes of the request.
    assert.doesNotMatch(screen.slice(0, screen.indexOf('read  ')), /\x1b\[31m/);
  });
}
