// What a stranger wrote changes nothing on a terminal: every control byte in every field, shown in a real one (tmux).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { exchangeOutput } from '../../rebuilder/cli/exchange-output.ts';
import { forTerminal } from '../../rebuilder/cli/terminal-text.ts';
import { withoutControls } from '../../rebuilder/exchange/exchange-json.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { pcapFile } from '../capture-files.ts';
import { PROGRAM, file, folder } from '../command-line.ts';
import { tcpFrame } from '../frames.ts';
import { installed } from '../installed.ts';
import { TcpStream } from '../tcp-stream.ts';

const CONTROLS = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).filter((char) => !/[\x20-\x7e\xa0-\xff]/.test(char)).join('');

test('JSON stays the same JSON', () => {
  const value = { target: CONTROLS, text: 'ÿ' };
  const shown = withoutControls(JSON.stringify(value));
  assert.deepEqual(JSON.parse(shown), value);
  assert.doesNotMatch(shown, /[\x00-\x1f\x7f-\x9f]/);
});

for (const format of ['jsonl', 'har'] as const) {
  test(`${format} holds no control byte where it is no terminal's either: files are looked at on one`, () => {
    const request = `GET /\x9b2J HTTP/1.1\r\nHost: a\r\nX\x85: b\x7f\x9f\xff\r\nContent-Length: 3\r\n\r\n\x9b2J`;
    const answer = 'HTTP/1.1 200 \x9b0m\r\nContent-Length: 0\r\n\r\n';
    for (const [said, answered] of [[request, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'], ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', answer]] as const) {
      let text = '';
      const ledger = new Ledger();
      const output = exchangeOutput(format, (piece) => { text += piece.toString(); }, ledger);
      new TcpStream({ parseResponses: true }, 1_000, output).open().send(said).answer(answered).close().end();
      output.end();
      assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
      assert.match(text, /\\u009b/);
      for (const json of format === 'har' ? [text] : text.trimEnd().split('\n')) JSON.parse(json);
    }
  });
}

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
