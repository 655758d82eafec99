// Sequence numbers wrap: neither a stream that is longer than half of them, nor segments that a client sends far off,
// may make what lies behind seem to be ahead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../../rebuilder/http/http-request.ts';
import { TcpStream } from '../tcp-stream.ts';

const DECOY = 'harmless=1234567';
const SERVED = 'attack=<script>!';
const HEAD = `POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: ${SERVED.length}\r\n\r\n`;
const NEXT = 'GET /next HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Each request: its target, reading and body. */
type Told = string[];
const bodiesOf = (told: Told): string[] => told.filter((one) => one.startsWith('/a ')).map((one) => one.split(' ')[2]!);

function newStream(parseResponses = false): { stream: TcpStream; told: Told } {
  const told: Told = [];
  const stream: TcpStream = new TcpStream({ parseResponses }, 1000, {
    exchange: (request: HttpRequest) => {
      stream.ledger.count('http.exchanges');
      const { bytes, targetStart, targetEnd, headEnd, end, reading } = request;
      const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1');
      told.push(`${text(targetStart, targetEnd)} ${reading} ${text(headEnd, Math.min(end, headEnd + 40))}`);
    },
  });
  return { stream, told };
}

const FAR: readonly (readonly [string, readonly number[]])[] = [
  ['none', []],
  ['one', [2 ** 31 - 100]],
  ['two, around all numbers', [2 ** 31 - 100, 2 ** 32 - 300]],
  ['four, around all numbers', [2 ** 30, 2 ** 31, 3 * 2 ** 30, 2 ** 32 - 300]],
  ['many, 60 MiB apart', Array.from({ length: 68 }, (_, i) => (i + 1) * 60 * 2 ** 20)],
];

for (const [which, places] of FAR) {
  test(`segments far off (${which}) hide no other bytes for the same place`, () => {
    const { stream, told } = newStream();
    const ack = stream.serverIsn + 1;
    stream.send('', { flags: 2, at: -1 }).send(HEAD, { at: 0, ack });
    // Acknowledges what the server has not sent: that drops it.
    stream.send(DECOY, { at: HEAD.length, ack: ack + 90_000 });
    for (const at of places) stream.send('x', { at, ack });
    stream.send(SERVED, { at: HEAD.length, ack }).send(NEXT, { at: HEAD.length + SERVED.length, ack });
    assert.deepEqual(stream.end(), []);
    assert.ok(bodiesOf(told).includes(SERVED), told.join('\n'));
    assert.ok(bodiesOf(told).includes(DECOY), told.join('\n'));
  });
}

interface Sent { readonly message: Buffer; readonly at: number; readonly answered: number }

/** Sends `bytes` on one connection as uploads, with or without their answers. @returns what was sent and answered */
function upload(stream: TcpStream, bytes: number, isAnswered: boolean): Sent {
  if (isAnswered) stream.open();
  else stream.send('', { flags: 2, at: -1 });
  const size = 60_000;
  const message = Buffer.from(`POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n${'z'.repeat(size)}`, 'latin1');
  let at = 0;
  let answered = 0;
  for (; at < bytes; at += message.length) {
    stream.send(message, { at, ack: stream.serverIsn + 1 + answered });
    if (!isAnswered) continue;
    stream.answer(OK, { at: answered, ack: stream.isn + 1 + at + message.length });
    answered += OK.length;
  }
  return { message, at, answered };
}

for (const [bytes, isAnswered] of [[70 * 2 ** 20, false], [70 * 2 ** 20, true], [2 ** 31 + 2 ** 20, false]] as const) {
  test(`behind ${bytes / 2 ** 20} MiB of a connection ${isAnswered ? '' : 'whose server is not seen '}what comes twice, or out of order, is read once`, () => {
    const { stream, told } = newStream();
    const { message, at, answered } = upload(stream, bytes, isAnswered);
    const uploads = told.length;
    const ack = stream.serverIsn + 1 + answered;
    stream.send(message, { at: at - message.length, ack });
    for (const [from, to] of [[0, 30_000], [40_000, message.length], [20_000, 40_000]] as const) {
      stream.send(message.subarray(from, to), { at: at + from, ack });
    }
    stream.send(NEXT, { at: at + message.length, ack });
    assert.deepEqual(stream.end(), []);
    assert.deepEqual(told.slice(uploads).map((one) => one.slice(0, 7)), ['/up 1 z', '/next 1']);
    assert.equal(stream.ledger.get('tcp.candidates'), 0);
    assert.equal(stream.ledger.get('http.second_readings'), 0);
  });
}

test('behind 2 GiB of answers a client may acknowledge a little less than it did before', () => {
  const { stream, told } = newStream();
  stream.open();
  let at = 0;
  for (let answered = 0; answered <= 5 * 2 ** 29; answered += 2 ** 29) {
    stream.answer('x', { at: answered, ack: stream.isn + 1 + at });
    stream.send(NEXT, { at, ack: stream.serverIsn + 1 + answered });
    stream.send(NEXT, { at: at + NEXT.length, ack: stream.serverIsn + 1 + answered - (answered === 0 ? 0 : 1000) });
    at += 2 * NEXT.length;
  }
  assert.deepEqual(stream.end(), []);
  assert.deepEqual(told, Array.from({ length: 12 }, () => '/next 1 '));
  assert.equal(stream.ledger.get('tcp.doubtful_segments'), 0);
});

test('an acknowledgment half of all numbers away may replace nothing', () => {
  const { stream, told } = newStream();
  stream.open();
  const ack = stream.serverIsn + 1;
  stream.send(HEAD, { at: 0, ack });
  stream.send(DECOY, { at: HEAD.length, ack: ack + 2 ** 31 });
  stream.send(SERVED, { at: HEAD.length, ack });
  assert.deepEqual(stream.end(), []);
  assert.equal(bodiesOf(told)[0], SERVED);
});
