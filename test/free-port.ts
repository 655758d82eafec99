import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';

const issued = new Set<number>();

/**
 * A port nobody listens on, for a program that must be told one. Below the range that connections take theirs from
 * (32768 and up on Linux), at random and never twice, so that neither a client of this test nor a test beside it takes
 * the port before the program has it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_240, 32_000);
    if (issued.has(port)) continue;
    issued.add(port);
    const server = net.createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
