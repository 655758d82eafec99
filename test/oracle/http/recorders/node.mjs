// Prints each request that node:http served as a line of JSON: port of the client, method, target, body; latin1.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  /** @type {Buffer[]} */
  const body = [];
  request.on('data', (piece) => body.push(piece));
  request.on('end', () => {
    console.log(JSON.stringify({ port: request.socket.remotePort, method: request.method, target: request.url, body: Buffer.concat(body).toString('latin1') }));
    response.end('ok');
  });
});
// CONNECT answered like any other request, as an application that knows nothing of tunnels does. What follows is no
// body of it.
server.on('connect', (request, socket) => {
  const { remotePort: port } = request.socket;
  console.log(JSON.stringify({ port, method: request.method, target: request.url, body: null }));
  socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
});
server.on('clientError', (_, socket) => socket.destroy());
server.listen(Number(process.argv[2]), '127.0.0.1');
