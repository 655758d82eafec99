// An HTTP proxy in front of the emulated account: counts the calls by their action, and answers in AWS's place where a
// test wants that.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/**
 * What a call is answered with: an error of the query APIs, or a connection that breaks after or before the account has
 * done it.
 */
export type Answer =
  | { readonly status: number; readonly code: string; readonly message: string }
  | 'lost after it was done'
  | 'lost before it was done';

export class Proxy {
  /** Base URL for clients. */
  readonly endpoint: string;
  /** Calls by action, those that were answered here too. */
  readonly calls = new Map<string, number>();
  /** Asked for every call; undefined = the account answers. */
  answer: (action: string, nth: number) => Answer | undefined = () => undefined;
  /** Answers of the account are passed on when this is over. */
  held: Promise<void> = Promise.resolve();

  private constructor(endpoint: string) {
    this.endpoint = endpoint;
  }

  static async start(t: TestContext, account: string): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const proxy = new Proxy(`http://127.0.0.1:${port}`);
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      void proxy.take(incoming, outgoing, new URL(account));
    });
    return proxy;
  }

  count(pattern: RegExp): number {
    return [...this.calls].reduce((sum, [action, n]) => sum + (pattern.test(action) ? n : 0), 0);
  }

  /** Calls that change something. */
  writes(): number {
    return this.count(/^(?!Describe|List|Get)/);
  }

  reset(): void {
    this.calls.clear();
    this.answer = () => undefined;
    this.held = Promise.resolve();
  }

  private async take(incoming: IncomingMessage, outgoing: ServerResponse, account: URL): Promise<void> {
    const body = await bodyOf(incoming);
    const action = actionOf(incoming, body.toString());
    const nth = (this.calls.get(action) ?? 0) + 1;
    this.calls.set(action, nth);
    const answer = this.answer(action, nth);
    const lose = (): void => void incoming.socket.destroy();
    if (answer === 'lost before it was done') return lose();
    if (typeof answer === 'object') {
      outgoing.writeHead(answer.status, { 'content-type': 'text/xml' }).end(errorText(answer));
      return;
    }
    const { method, url: path, headers } = incoming;
    const forward = request({ host: account.hostname, port: account.port, method, path, headers }, (response) => {
      if (answer === 'lost after it was done') response.resume().on('end', lose);
      else void this.held.then(() => response.pipe(outgoing.writeHead(response.statusCode ?? 500, response.headers)));
    });
    forward.on('error', lose);
    forward.end(body);
  }
}

/** The query APIs name it in the body, CloudWatch in the path or a header; EKS has a path for each. */
function actionOf({ headers, url = '', method = '' }: IncomingMessage, body: string): string {
  const target = headers['x-amz-target'];
  return (
    /(?:^|&)Action=(\w+)/.exec(body)?.[1] ??
    /\/operation\/(\w+)/.exec(url)?.[1] ??
    (typeof target === 'string' ? target.split('.').at(-1)! : `${method} ${url}`)
  );
}

function errorText({ code, message }: { code: string; message: string }): string {
  return `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>0</RequestID></Response>`;
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}
