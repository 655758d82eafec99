/**
 * What delivery costs: CPU of this process per request (serialising, sockets, reading the node's responses), to a
 * minimal sink in a process of its own on the loopback. `node --import tsx bench/forward.ts [seconds] [requests a
 * turn]`
 */
import { fork } from 'node:child_process';
import { createServer } from 'node:net';
import { Dispatcher } from '../rebuilder/forward/dispatcher.ts';
import { Ledger } from '../rebuilder/ledger.ts';
import { buildRequest, ENVELOPE } from '../test/forward/request-builder.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nServer: nginx/1.26.0\r\nDate: Fri, 20 Nov 2026 10:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n'
  + 'Connection: keep-alive\r\n\r\nok';

/** Answers each request; all of a connection are as long as its first, so that nothing but counting bytes is needed. */
function sink(): void {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    let held = 0;
    let size = 0;
    socket.on('data', (data) => {
      if (size === 0) {
        const length = /\r\nContent-Length: (\d+)/.exec(data.toString('latin1'))?.[1] ?? '0';
        size = data.indexOf('\r\n\r\n') + 4 + Number(length);
      }
      held += data.length;
      const answers = Math.floor(held / size);
      held -= answers * size;
      if (answers > 0) socket.write(RESPONSE.repeat(answers), 'latin1');
    });
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') process.send!(address.port);
  });
}

const HEAD = 'Host: shop.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36\r\n'
  + 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n'
  + 'Accept-Language: en-US,en;q=0.5\r\nCookie: session=3f1a9c0d2b7e4856; theme=dark\r\n';

const LOADS: Readonly<Record<string, string>> = {
  'GET 500 B': `GET /catalog/items?page=2&sort=price HTTP/1.1\r\n${HEAD}Connection: keep-alive\r\n\r\n`,
  'GET behind an ALB': `GET /catalog/items?page=2&sort=price HTTP/1.1\r\nX-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n`
    + `X-Forwarded-Port: 443\r\nX-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678\r\n${HEAD}\r\n`,
  'POST 4 KB': `POST /api/orders HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nContent-Length: 4096\r\n\r\n${'x'.repeat(4096)}`,
};

const pause = (resolve: (value: void) => void): unknown => setTimeout(resolve, 1);

async function run(name: string, bytes: string, port: number, seconds: number, perTurn: number): Promise<void> {
  const ledger = new Ledger();
  const dispatcher = new Dispatcher({
    endpoint: `http://127.0.0.1:${port}`, rawEndpoint: '', connections: 64, pipelining: 16, connectTimeoutMs: 3_000,
    responseTimeoutMs: 15_000, idleTimeoutMs: 30_000, attempts: 3, deadlineMs: 60_000, queueBytes: 128 << 20,
    bodyLimitBytes: 0, drainTimeoutMs: 10_000, resolveIntervalMs: 30_000,
  }, ledger, Buffer.alloc(32, 7));
  const request = buildRequest(bytes);
  const turns = async (until: number): Promise<void> => {
    while (performance.now() < until) {
      // The node is never far behind: what is measured is the cost, not the queue. Waiting must not cost anything
      // either.
      if (dispatcher.inFlight() < 4 * perTurn) {
        for (let i = 0; i < perTurn; i++) dispatcher.submit(request, ENVELOPE);
        await new Promise<void>(perTurn < 64 ? pause : setImmediate);
      } else {
        await new Promise<void>(pause);
      }
    }
    while (dispatcher.inFlight() > 0) await new Promise<void>(pause);
  };
  await turns(performance.now() + 500);
  const before = ledger.get('forward.delivered');
  const started = performance.now();
  const cpu = process.cpuUsage();
  await turns(performance.now() + seconds * 1000);
  const used = process.cpuUsage(cpu);
  const elapsed = (performance.now() - started) / 1000;
  const delivered = ledger.get('forward.delivered') - before;
  const { openConnections } = dispatcher.state();
  dispatcher.close();

  // Serialising alone: nothing is sent, the queue throws its oldest away.
  const idle = new Dispatcher({
    endpoint: 'http://127.0.0.1:1', rawEndpoint: '', connections: 1, pipelining: 1, connectTimeoutMs: 3_000, responseTimeoutMs: 15_000,
    idleTimeoutMs: 30_000, attempts: 3, deadlineMs: 60_000, queueBytes: 1 << 20, bodyLimitBytes: 0, drainTimeoutMs: 1,
    resolveIntervalMs: 30_000,
  }, new Ledger(), Buffer.alloc(32, 7));
  for (let i = 0; i < 20_000; i++) idle.submit(request, ENVELOPE);
  const serialising = process.cpuUsage();
  for (let i = 0; i < 100_000; i++) idle.submit(request, ENVELOPE);
  const serialised = process.cpuUsage(serialising);
  idle.close();

  const micros = (used.user + used.system) / delivered;
  console.log(`${name.padEnd(18)} ${String(perTurn).padStart(3)} a turn  ${Math.round(delivered / elapsed).toString().padStart(7)} requests/s  `
    + `${micros.toFixed(2)} µs of CPU each (${(used.user / delivered).toFixed(2)} user, ${(used.system / delivered).toFixed(2)} system), `
    + `of these ${((serialised.user + serialised.system) / 100_000).toFixed(2)} until it is queued; ${openConnections} connections`);
}

if (process.send === undefined) {
  const child = fork(import.meta.filename, [], { execArgv: process.execArgv });
  const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(Number(message))));
  const seconds = Number(process.argv[2] ?? 2);
  const perTurns = process.argv[3] === undefined ? [256, 16, 1] : [Number(process.argv[3])];
  for (const [name, bytes] of Object.entries(LOADS)) {
    for (const perTurn of perTurns) await run(name, bytes, port, seconds, perTurn);
  }
  child.kill();
} else {
  sink();
}
