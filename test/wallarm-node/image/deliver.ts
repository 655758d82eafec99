// Runs the rebuilder with the configuration of its own reviewed user data, mirrors one exchange to it, and ends it when
// it has told the ledger: what became of the exchange is on the last line of its log.   deliver.ts CONFIGURATION LOG
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MirroredConnection } from '../../../rebuilder/demo/mirrored-connection.ts';

const [configuration] = process.argv.slice(2);
const service = spawn(process.execPath, ['rebuilder/rebuilder.js', 'run', '-c', configuration!], { stdio: ['ignore', 'ignore', 'inherit'] });
for (let attempt = 0; await status('http://127.0.0.1:9445/-/healthcheck') !== 200; attempt += 1) {
  if (attempt > 600 || service.exitCode !== null) throw new Error('the rebuilder does not answer its health check');
  await sleep(100);
}
const udp = createSocket('udp4');
const [client, server] = [
  { address: Uint8Array.of(10, 0, 1, 7), port: 41000 }, { address: Uint8Array.of(10, 0, 2, 9), port: 80 },
];
const mirrored = new MirroredConnection(1377, client, server, (datagram) => { udp.send(datagram, 4789, '127.0.0.1'); });
mirrored.data('client', Buffer.from('GET /etc/passwd HTTP/1.1\r\nHost: shop.example\r\n\r\n'));
mirrored.data('server', Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nroot'));
for (let attempt = 0; !/rebuilder_exchanges_out_total\S* 1$/m.test(await text('http://127.0.0.1:9000/metrics')); attempt += 1) {
  if (attempt > 600) break;
  await sleep(100);
}
console.error((await text('http://127.0.0.1:9000/metrics')).split('\n').filter((line) => /^rebuilder_exchanges.* [1-9]/.test(line)).join('\n'));
udp.close();
service.kill();
await once(service, 'exit');

async function status(url: string): Promise<number> {
  try {
    return (await fetch(url)).status;
  } catch {
    return 0;
  }
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}
