// A program of the box: sends numbered requests over raw keep-alive connections and counts their answers.
// Argument: JSON of ClientOptions. Output: one JSON line of ClientReport.
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { requestBytes, type Kind } from './requests.ts';

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly kind: Kind;
  readonly from: number;
  readonly count: number;
  readonly connections: number;
  /** Requests sent ahead of their answers on each connection. */
  readonly pipelining: number;
  /** Bytes a second at most, all connections together: the copy must fit the receiver, as on a real network. */
  readonly bytesPerSecond: number;
}

export interface SentRequest {
  readonly id: number;
  readonly localPort: number;
  /** Where it lies in the stream of its connection. */
  readonly start: number;
  readonly end: number;
  /** When its last byte was written, ms since the epoch. */
  readonly sentMs: number;
}

export interface ClientReport {
  readonly answered: number;
  readonly failed: number;
  readonly requests: SentRequest[];
}

/** Counts answers of the form nginx gives: a Content-Length, no chunks. */
function countAnswers(socket: Socket, answered: () => void, failed: () => void): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    held = held.length === 0 ? data : Buffer.concat([held, data]);
    for (;;) {
      const end = held.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = held.toString('latin1', 0, end);
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      if (held.length < end + 4 + length) return;
      held = held.subarray(end + 4 + length);
      if (head.startsWith('HTTP/1.1 200')) answered();
      else failed();
    }
  });
}

async function send(options: ClientOptions, next: () => number | null, pace: (bytes: number) => Promise<void>,
  report: ClientReport): Promise<[number, number]> {
  const socket = connect({ host: options.host, port: options.port, noDelay: true });
  await once(socket, 'connect');
  const localPort = socket.localPort!;
  let offset = 0;
  let waiting = 0;
  const counts: [number, number] = [0, 0];
  let wake = (): void => undefined;
  const done = (which: 0 | 1) => (): void => {
    counts[which]++;
    waiting--;
    wake();
  };
  countAnswers(socket, done(0), done(1));
  let broken = false;
  socket.on('close', () => {
    broken = true;
    wake();
  });
  socket.on('error', () => undefined);
  const fewerThan = async (limit: number): Promise<void> => {
    while (waiting >= limit && !broken) await new Promise<void>((resolve) => { wake = resolve; });
  };
  for (let id = next(); id !== null && !broken; id = next()) {
    const bytes = requestBytes(options.kind, id);
    await fewerThan(options.pipelining);
    waiting++;
    const entry = { id, localPort, start: offset, end: offset + bytes.length, sentMs: 0 };
    offset = entry.end;
    report.requests.push(entry);
    // Big requests are paced piece by piece: a megabyte at once is more than a receive buffer on the way of its copy
    // may hold.
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      await pace(piece.length);
      socket.write(piece);
    }
    entry.sentMs = Date.now();
  }
  await fewerThan(1);
  counts[1] += waiting;
  socket.end();
  return counts;
}

const PIECE = 64 * 1024;

async function runClient(options: ClientOptions): Promise<ClientReport> {
  let id = options.from;
  const next = (): number | null => (id < options.from + options.count ? id++ : null);
  const started = performance.now();
  let bytes = 0;
  const pace = async (more: number): Promise<void> => {
    bytes += more;
    const due = started + (bytes / options.bytesPerSecond) * 1000;
    const wait = due - performance.now();
    if (wait > 2) await new Promise((resolve) => setTimeout(resolve, wait));
  };
  const report: ClientReport = { answered: 0, failed: 0, requests: [] };
  const counts = await Promise.all(
    Array.from({ length: options.connections }, () => send(options, next, pace, report)),
  );
  return {
    answered: counts.reduce((sum, [answered]) => sum + answered, 0),
    failed: counts.reduce((sum, [, failed]) => sum + failed, 0),
    requests: report.requests,
  };
}

if (process.argv[2]?.startsWith('{')) {
  const report = await runClient(JSON.parse(process.argv[2]) as ClientOptions);
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
