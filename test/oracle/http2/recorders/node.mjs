// Prints each request that node:http2 served as a line of JSON: port of the client, method, target, body, the header
// x-m; latin1.
import { createServer } from 'node:http2';

const server = createServer({ peerMaxConcurrentStreams: 1000 });
server.on('stream', (stream, headers) => {
  const port = stream.session?.socket.remotePort;
  /** @type {Uint8Array[]} */
  const body = [];
  let isWhole = false;
  /** @param {string | null} text */
  const record = (text) => {
    console.log(JSON.stringify({ port, method: headers[':method'] ?? '', target: headers[':path'] ?? headers[':authority'] ?? '', body: text, field: headers['x-m'] ?? '' }));
  };
  stream.on('error', () => undefined);
  stream.on('data', (piece) => body.push(Buffer.from(piece)));
  stream.on('end', () => {
    if (stream.aborted) return;
    isWhole = true;
    record(Buffer.concat(body).toString('latin1'));
    if (!stream.destroyed) {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    }
  });
  // Handed to the application, which has read as much as there is.
  stream.on('close', () => { if (!isWhole) record(null); });
});
server.on('sessionError', () => undefined);
server.listen(Number(process.argv[2]), '127.0.0.1');
