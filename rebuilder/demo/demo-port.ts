import { once } from 'node:events';
import { createServer } from 'node:net';

/** Where one of the demo's servers listens, on 127.0.0.1. */
export interface DemoPort {
  readonly port: number;
  /** The flag that named it, such as `--port`; null = a default, which gives way to a free one when it is taken. */
  readonly flag: string | null;
}

/** Ports named by flags that cannot be had: one sentence each. */
export class DemoPortError extends Error {}

/** Throws a `DemoPortError` for all the named ports that this user cannot listen on now. */
export async function checkNamedPorts(ports: readonly DemoPort[]): Promise<void> {
  const sentences: string[] = [];
  const named = ports.filter(({ flag, port }) => flag !== null && port !== 0);
  for (const [i, { flag, port }] of named.entries()) {
    const twin = named.slice(0, i).find((other) => other.port === port);
    const reason = twin === undefined ? await bindFailure(port) : `${twin.flag} asks for it too`;
    if (reason !== null) sentences.push(`${flag} ${port}: ${reason}; give another port, or 0 for any free one`);
  }
  if (sentences.length > 0) throw new DemoPortError(sentences.join('\n'));
}

/** Why nothing can listen there; null = something can. */
async function bindFailure(port: number): Promise<string | null> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return 'another process listens there (`ss -ltnp` names it)';
    return code === 'EACCES' ? 'ports under 1024 need root' : message;
  }
  server.close();
  await once(server, 'close');
  return null;
}

/** Starts on the port, or on any free one where it is a default that cannot be had. */
export async function startOn<T>({ port, flag }: DemoPort, start: (port: number) => Promise<T>): Promise<T> {
  try {
    return await start(port);
  } catch (error) {
    if (flag !== null || port === 0 || !(error instanceof Error) || !/EADDRINUSE|EACCES|in use|rights/.test(error.message)) throw error;
    return start(0);
  }
}
