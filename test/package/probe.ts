// Run beside an installed service, in its network namespace: a detection node on 127.0.0.1:8445, mirrored packets to
// UDP/4789.
import { createSocket } from 'node:dgram';
import { readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { MirroredConnection } from '../../rebuilder/demo/mirrored-connection.ts';

const ATTEMPTS = 300;
const arrived: string[] = [];
const node = createServer((request, response) => {
  arrived.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers['x-real-ip']}`);
  response.end();
}).listen(8445, '127.0.0.1');

for (let attempt = 0; await health() !== 200; attempt += 1) {
  if (attempt > ATTEMPTS) throw new Error('the service does not answer its health check');
  await sleep(100);
}
const udp = createSocket('udp4');
const [client, server] = [
  { address: Uint8Array.of(10, 0, 1, 7), port: 41000 },
  { address: Uint8Array.of(10, 0, 2, 9), port: 80 },
];
const mirrored = new MirroredConnection(1377, client, server, (datagram) => { udp.send(datagram, 4789, '127.0.0.1'); });
mirrored.data('client', Buffer.from('GET /etc/passwd HTTP/1.1\r\nHost: shop.example\r\n\r\n'));
for (let attempt = 0; arrived.length === 0; attempt += 1) {
  if (attempt > ATTEMPTS) throw new Error('no request was delivered');
  await sleep(100);
}
console.log(`delivered: ${arrived.join(', ')}`);
console.log(`node: ${readlinkSync(`${process.env['SERVICE_ROOT']}/proc/${process.env['SERVICE_PID']}/exe`)}`);
udp.close();
node.close();
node.closeAllConnections();

async function health(): Promise<number> {
  try {
    return (await fetch('http://127.0.0.1:9445/-/healthcheck')).status;
  } catch {
    return 0;
  }
}
