// Messages at the limits of what is held of them: in the middle of a head, of a chunk, of a body that only the
// connection's end ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { TcpStream } from '../tcp-stream.ts';

const HEAD_BYTES = 64;
const BODY_BYTES = 16;
/** Little memory: there are thousands of pipelines. */
const CORRECTION_BYTES = 1 << 20;

const opened = (limits: Partial<typeof REPLAY_OPTIONS.limits> = {}): TcpStream =>
  new TcpStream({
    limits: { ...REPLAY_OPTIONS.limits, headBytes: HEAD_BYTES, correctionBytes: CORRECTION_BYTES, ...limits },
    bodyLimitBytes: BODY_BYTES,
  }).open();

/** Cuts of a text into two pieces, at each of its bytes, and into single bytes. */
function* cuts(text: string): Generator<string[]> {
  for (let at = 1; at < text.length; at++) yield [text.slice(0, at), text.slice(at)];
  yield [...text];
}

function played(pieces: readonly string[]): TcpStream {
  const stream = opened();
  for (const piece of pieces) stream.send(piece);
  assert.deepEqual(stream.end(), [], 'ledger');
  assert.equal(stream.pipeline.gauges().memoryBytes, 0, 'all memory is given back');
  return stream;
}

const bodyOf = (message: { body: string }): string => Buffer.from(message.body, 'base64').toString();

describe('limits.head_bytes', () => {
  const start = 'GET / HTTP/1.1\r\nHost: a\r\n';
  const full = `${start}X: ${'y'.repeat(HEAD_BYTES - start.length - 7)}\r\n\r\n`;

  test('a head of exactly so many bytes is whole', () => {
    assert.equal(full.length, HEAD_BYTES);
    for (const pieces of cuts(full)) {
      const [exchange] = played(pieces).exchanges;
      assert.deepEqual([exchange?.request.headers.length, exchange?.request.complete], [2, true], `cut at ${pieces[0]!.length}`);
    }
  });

  test('of a longer one, the lines that end within so many bytes; what follows is read', () => {
    // The third line ends at the limit's next byte: a reader that forgets what it holds already would take it in.
    const long = `${start}X: ${'y'.repeat(HEAD_BYTES - start.length - 4)}\r\nZ: 1\r\n\r\n`;
    for (const pieces of cuts(long)) {
      // Whole in one piece it needs no room.
      if (pieces.length === 2 && pieces[0]!.length >= HEAD_BYTES) continue;
      const stream = played([...pieces, 'GET /next HTTP/1.1\r\n\r\n']);
      // Between the two the rest of the head, of which nobody knows what it is.
      const [first, next] = [stream.exchanges[0], stream.exchanges.at(-1)];
      assert.deepEqual([first?.request.headers, first?.request.lost], [[['Host', 'a']], ['http.head_limit']], `cut at ${pieces[0]!.length}`);
      assert.equal(next?.request.target, '/next');
      assert.equal(stream.ledger.get('http.head_limit'), 1);
    }
  });
});

describe('a head beyond limits.head_bytes is read to its end', () => {
  const line = `X: ${'y'.repeat(3 * HEAD_BYTES)}\r\n`;
  const framings: Record<string, [lines: string, body: string, entity: string]> = {
    'a length': [`Content-Length: 2\r\n${line}`, 'hi', 'hi'],
    'a coding': [`${line}Transfer-Encoding:\r\n chunked\r\n`, '2\r\nhi\r\n0\r\n\r\n', 'hi'],
    'a length behind lines that are odd': [`${'no colon\r\n'.repeat(40)}Content-Length: 2\r\n`, 'hi', 'hi'],
    'a length between lines of other names': [`${'Content_Length: 3\r\n'.repeat(9)}Content-Length: 2\r\n${line}`, 'hi', 'hi'],
    'a length among codings that mean nothing': [`${'Transfer_Encoding: x\r\n'.repeat(9)}content-length : 2\r\n`, 'hi', 'hi'],
  };

  for (const [name, [lines, body, entity]] of Object.entries(framings)) {
    test(name, () => {
      const message = `POST / HTTP/1.1\r\nHost: a\r\n${line}${lines}Content-Type: b/c\r\n\r\n${body}`;
      for (const pieces of cuts(message)) {
        // Up to its limit it needs no room.
        const cut = pieces[0]!.length;
        if (pieces.length === 2 && (cut < HEAD_BYTES || cut > message.length - body.length - 2)) continue;
        const { exchanges, ledger } = played([...pieces, 'GET /next HTTP/1.1\r\n\r\n']);
        const first = exchanges.find(({ request }) => bodyOf(request) === entity)?.request;
        assert.deepEqual([first?.target, first?.lost, first?.complete], ['/', ['http.head_limit'], false], `cut at ${pieces[0]!.length}`);
        assert.ok(first?.headers.some(([header, value]) => header === 'Content-Type' && value === 'b/c'));
        assert.ok(exchanges.some(({ request }) => request.target === '/next' && request.complete));
        assert.equal(ledger.get('http.skipped_bytes'), 0);
      }
    });
  }

  test('its request line, too: the middle is left out', () => {
    const target = `/?q=attack&pad=${'y'.repeat(5 * HEAD_BYTES)}`;
    const message = `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi`;
    for (const pieces of cuts(message)) {
      const cut = pieces[0]!.length;
      if (pieces.length === 2 && (cut < HEAD_BYTES || cut > message.length - 4)) continue;
      const { exchanges, ledger } = played([...pieces, 'GET /next HTTP/1.1\r\n\r\n']);
      const [first, next] = exchanges.map(({ request }) => request);
      assert.ok(first?.target.startsWith('/?q=attack&pad=y'), `cut at ${cut}`);
      const told = [first?.version, first?.headers, first && bodyOf(first), first?.lost, next?.target];
      assert.deepEqual(told, [
        'HTTP/1.1', [['Host', 'a'], ['Content-Length', '2']], 'hi', ['http.head_limit'], '/next',
      ], `cut at ${cut}`);
      assert.equal(ledger.get('http.skipped_bytes'), 0);
    }
  });

  const long: Record<string, string> = {
    'one line': `X: ${'y'.repeat(1 << 20)}\r\n`,
    'odd lines': `${'Content_Length: 1\r\nno colon\r\nContent_Type: 1\r\n'.repeat(30_000)}`,
    'a length among blanks': `Content-Length:${' '.repeat(1 << 20)}2\r\n`,
    'a length behind a CR': `X: ${'yz '.repeat(1 << 18)}\rContent-Length: 2\r\n`,
    'folds': `Content-Type: a\r\n${' b\r\n'.repeat(1 << 18)}`,
  };
  for (const [name, lines] of Object.entries(long)) {
    test(`in bounded memory: ${name}`, () => {
      const stream = opened();
      const length = name.startsWith('a length') ? '' : 'Content-Length: 2\r\n';
      const message = `POST / HTTP/1.1\r\nHost: a\r\n${lines}${length}\r\n`;
      let most = 0;
      for (let at = 0; at < message.length; at += 1400) {
        stream.send(message.slice(at, at + 1400)).answer('');
        most = Math.max(most, stream.pipeline.gauges().memoryBytes);
      }
      stream.send('hi').send('GET /next HTTP/1.1\r\n\r\n');
      assert.deepEqual(stream.end(), []);
      assert.ok(stream.exchanges.some(({ request }) => bodyOf(request) === 'hi' && request.lost?.join() === 'http.head_limit'));
      assert.ok(stream.exchanges.some(({ request }) => request.target === '/next'));
      assert.ok(most > 0 && most < 1 << 18, String(most));
    });
  }

  test('one that a hole ends is told as far as it is held', () => {
    const stream = opened().send(`GET / HTTP/1.1\r\nHost: a\r\n${line}`).send(line).send('Content-Length: 2\r\nX: 1');
    assert.deepEqual(stream.end(), []);
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.headers, request.lost]), [
      [[['Host', 'a'], ['Content-Length', '2']], ['http.head_limit', 'http.message_cut']],
    ]);
  });
});

test('limits.memory: a head that no memory is left for is told as far as it came, and what follows is read', () => {
  const stream = opened({ headBytes: 1 << 20, memoryBytes: 8192 }).send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(3000)}`);
  stream.send('z'.repeat(6000)).send('GET /next HTTP/1.1\r\n\r\n');
  assert.deepEqual(stream.end(), []);
  const [first, next] = [stream.exchanges[0], stream.exchanges.at(-1)];
  assert.deepEqual([first?.request.headers, first?.request.lost], [[['Host', 'a']], ['http.memcap']]);
  assert.deepEqual([next?.request.target, next?.request.found], ['/next', true]);
  assert.equal(stream.pipeline.gauges().memoryBytes, 0);
});

for (const headLength of [3000, 30]) {
  test(`limits.memory: what is behind a head of ${headLength} bytes that could not be held is searched, not believed`, () => {
    const head = `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\nX: ${'y'.repeat(headLength)}\r\n\r\n`;
    const stream = opened({ headBytes: 1 << 20, memoryBytes: 16 });
    for (const piece of [`${head}${'x'.repeat(30)}`, 'GET /in-body HTTP/1.1\r\nHost: a\r\n\r\n']) stream.send(piece);
    assert.deepEqual(stream.end(), []);
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.lost?.join(), request.found]), [
      ['/a', 'http.memcap', undefined], ['/in-body', undefined, true],
    ]);
    assert.equal(stream.pipeline.gauges().memoryBytes, 0);
  });
}

describe('forward.body_limit', () => {
  const post = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';

  test('within a chunk: the rest is counted, its size is true, the next request is read', () => {
    const body = `8\r\n12345678\r\n14\r\n${'x'.repeat(20)}\r\n2\r\nyz\r\n0\r\n\r\n`;
    for (const pieces of cuts(body)) {
      const stream = played([post, ...pieces, 'GET /next HTTP/1.1\r\n\r\n']);
      const [first, next] = stream.exchanges;
      assert.deepEqual([first?.request.bodySize, first?.request.lost, first?.request.complete], [30, ['http.body_limit'], false], `cut at ${pieces[0]!.length}`);
      assert.ok('12345678xxxxxxxxxxxxxxxxxxxxyz'.startsWith(bodyOf(first!.request)), bodyOf(first!.request));
      assert.equal(next?.request.target, '/next');
    }
  });

  test('a response that the end of its connection ends', () => {
    for (const pieces of cuts('x'.repeat(40))) {
      const stream = opened().send('GET / HTTP/1.1\r\n\r\n').answer('HTTP/1.1 200 OK\r\n\r\n');
      for (const piece of pieces) stream.answer(piece);
      assert.deepEqual(stream.end(), []);
      const response = stream.exchanges[0]?.response;
      assert.deepEqual([response?.bodySize, response && bodyOf(response), response?.lost], [40, 'x'.repeat(BODY_BYTES), ['http.body_limit']]);
    }
  });
});

test('limits.memory: a stalled message that goes on while memory is short leaves nothing in another client\'s', () => {
  const begun = (memoryBytes: number): TcpStream => opened({ memoryBytes, stallTimeoutMs: 1000 })
    .send(`GET /a HTTP/1.1\r\nX-Odd: \x01${'y'.repeat(1500)}\r\n`).send(`X-Odd: \x01${'y'.repeat(1500)}\r\n`)
    .wait(2000);
  // No more than that: the next line has no room.
  const stream = begun(begun(1 << 20).pipeline.gauges().memoryBytes + 5000);
  stream.send(`GET /phantom?${'z'.repeat(1200)} HTTP/1.1\r\n`);
  stream.nextConnection().open().send('GET /own HTTP/1.1\r\nHo').send('st: b\r\n\r\n');
  assert.deepEqual(stream.end(), [], 'ledger');
  const others = stream.exchanges.filter(({ src }) => src.endsWith(`:${stream.clientPort}`));
  assert.deepEqual(others.map(({ request }) => [request.target, request.complete]), [['/own', true]]);
  assert.equal(stream.pipeline.gauges().memoryBytes, 0);
});

test('limits.correction_bytes: a hole whose late bytes mend nothing any more is counted', () => {
  const request = 'GET /late HTTP/1.1\r\nHost: a\r\n\r\n';
  const told = (others: number): { targets: string[]; counted: number } => {
    const stream = opened({ correctionBytes: 64 << 10, gapTimeoutMs: 1000 });
    stream.send(request.slice(0, 6)).send(request.slice(7), { at: 7 }).answer('', { ack: stream.isn + 7 }).wait(1100);
    const port = stream.clientPort;
    for (let i = 0; i < others; i++) {
      stream.nextConnection().open().send('GET /o').send('ther HTTP/1.1\r\n\r\n', { at: 7 }).wait(20);
    }
    stream.wait(1100);
    stream.clientPort = port;
    stream.send(request.slice(6, 7), { at: 6, ack: stream.serverIsn + 1 });
    assert.deepEqual(stream.end(), [], 'ledger');
    const targets = stream.exchanges.map((exchange) => exchange.request.target);
    return { targets, counted: stream.ledger.get('tcp.correction_memcap') };
  };
  assert.deepEqual(told(3), { targets: ['/late'], counted: 0 });
  const { targets, counted } = told(40);
  assert.deepEqual(targets, []);
  assert.ok(counted > 0);
});

test('limits.memory: a reading that there is no memory for is counted', () => {
  const body = 'a'.repeat(60_000);
  const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
  const told = (memoryBytes: number): { readings: number[]; counted: number } => {
    const limits = { ...REPLAY_OPTIONS.limits, memoryBytes };
    const stream = new TcpStream({ parseResponses: false, limits }).open().send(head);
    for (let at = 0; at < body.length; at += 1000) {
      if (at === 40_000) stream.send('b'.repeat(1000), { at: head.length + at, badChecksum: true });
      stream.send(body.slice(at, at + 1000), { at: head.length + at });
    }
    stream.answer('');
    assert.deepEqual(stream.end(), [], 'ledger');
    const readings = stream.exchanges.map(({ request }) => request.reading ?? 1);
    return { readings, counted: stream.ledger.get('http.readings_limit') };
  };
  assert.deepEqual(told(1 << 20), { readings: [1, 2], counted: 0 });
  assert.deepEqual(told(100_000), { readings: [1], counted: 1 });
});

test('limits.memory: another framing that there is no memory for is counted', () => {
  const told = (memoryBytes: number): { readings: number[]; counted: number } => {
    const stream = opened({ memoryBytes });
    stream.send('POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\nhello').answer('');
    assert.deepEqual(stream.end(), [], 'ledger');
    const readings = stream.exchanges.map(({ request }) => request.reading ?? 1).sort();
    return { readings, counted: stream.ledger.get('http.readings_limit') };
  };
  assert.deepEqual(told(1 << 20), { readings: [1, 2], counted: 0 });
  assert.deepEqual(told(1000), { readings: [1], counted: 1 });
});
