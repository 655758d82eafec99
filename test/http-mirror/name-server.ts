// A name server that knows one name, and can forget it: what a VPC's resolver is to a proxy.
import dgram from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

interface NameServer {
  port: number;
  /** Names that were asked for. */
  asked: string[];
}

/** Answers A questions for `name` with 127.0.0.1, everything else with NXDOMAIN (RFC 1035, 4.1). */
export const startNameServer = async (t: TestContext, name: string): Promise<NameServer> => {
  const socket = dgram.createSocket('udp4');
  const server: NameServer = { port: 0, asked: [] };
  socket.on('message', (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (; query[at] !== undefined && query[at] !== 0; at += 1 + query[at]!) {
      labels.push(query.subarray(at + 1, at + 1 + query[at]!).toString());
    }
    const end = at + 5;
    if (end > query.length) return;
    const known = labels.join('.') === name;
    const isAddress = query.readUInt16BE(at + 1) === 1;
    server.asked.push(labels.join('.'));
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(known && isAddress ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
    socket.send(
      Buffer.concat([head, query.subarray(12, end), ...(known && isAddress ? [record] : [])]), from.port, from.address,
    );
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  server.port = socket.address().port;
  t.after(() => socket.close());
  return server;
};
