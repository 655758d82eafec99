import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** A little API to send requests to. It knows nothing of the mirror, as an app on EC2 does not. */
export async function startSampleApp(host = '127.0.0.1', port = 0): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const users = [{ id: 1, name: 'Ada' }, { id: 2, name: 'Grace' }];
  const server = createServer({ keepAlive: true }, (request, response) => {
    answer(request, response, users).catch(() => response.destroy());
  });
  server.listen(port, host);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, stop: () => stop(server) };
}

async function answer(
  request: IncomingMessage, response: ServerResponse, users: { id: number; name: string }[],
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0];
  let size = 0;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return json(response, 413, { error: `more than ${MAX_BODY_BYTES} bytes` });
    chunks.push(chunk);
  }
  if (path === '/') return json(response, 200, { app: 'sample', try: ['GET /api/users', 'POST /api/users', 'POST /echo'] });
  if (path === '/api/users' && request.method === 'GET') return json(response, 200, users);
  if (path === '/api/users' && request.method === 'POST') {
    const user = { id: users.length + 1, name: nameIn(Buffer.concat(chunks).toString()).slice(0, 100) };
    if (users.length < 1000) users.push(user);
    return json(response, 201, user);
  }
  if (path === '/echo') return json(response, 200, { method: request.method, bytes: size });
  return json(response, 404, { error: 'not found' });
}

/** `name=Ada`, as curl -d sends it; whatever else is sent is a name as it is. */
function nameIn(body: string): string {
  return new URLSearchParams(body).get('name') ?? body;
}

function json(response: ServerResponse, status: number, value: unknown): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
