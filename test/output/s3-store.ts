// A real S3 server on loopback (moto), and faults on the way to it.
import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { spawn } from 'node:child_process';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { freePort } from '../free-port.ts';
import { pythonVenv } from '../terraform/python-venv.ts';

export const BUCKET = 'exchanges-of-a-test';

/**
 * What becomes of a call: an answer of S3's, a connection that breaks, no answer at all, or one that takes its time;
 * undefined = it is let through.
 */
export type Fault = { readonly status: number; readonly code: string; readonly message: string } | 'broken' | 'held' | { readonly slowMs: number } | undefined;

interface StoredObject { readonly key: string; readonly lines: readonly string[] }

export class S3Store {
  /** With the faults. */
  readonly endpoint: string;
  /** `PUT /bucket/key?…`, each call that came. */
  readonly calls: string[] = [];
  fault: (call: string, nth: number) => Fault = () => undefined;
  readonly #direct: S3Client;

  private constructor(endpoint: string, direct: S3Client) {
    this.endpoint = endpoint;
    this.#direct = direct;
  }

  /**
   * With an empty bucket. Undefined if moto cannot be installed: then the test has been skipped with a sentence, or
   * fails where CI is set.
   */
  static async start(t: TestContext): Promise<S3Store | undefined> {
    const programs = await pythonVenv(t, 'moto', 'moto[server]==5.2.5');
    if (programs === undefined) return undefined;
    const port = await freePort();
    const moto = spawn(join(programs, 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    t.after(() => { moto.kill(); });
    const account = `http://127.0.0.1:${port}`;
    for (let tries = 0; !await answers(account); tries++) {
      if (tries > 1200 || moto.exitCode !== null) throw new Error('moto does not start');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // Of the tested programs too, which inherit them.
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' });
    const direct = new S3Client({ endpoint: account, forcePathStyle: true, region: 'us-east-1' });
    t.after(() => direct.destroy());
    await direct.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const server = createServer();
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const store = new S3Store(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, direct);
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      // Whoever is killed in the middle of a call takes its end of the connection along.
      store.#pass(incoming, outgoing, port).catch(() => incoming.socket.destroy());
    });
    return store;
  }

  /** All objects, unpacked. */
  async objects(): Promise<StoredObject[]> {
    const { Contents = [] } = await this.#direct.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    return Promise.all(Contents.map(async ({ Key }) => {
      const { Body } = await this.#direct.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      const text = gunzipSync(await Body!.transformToByteArray()).toString();
      return { key: Key!, lines: text.trimEnd().split('\n') };
    }));
  }

  /** Uploads that were begun and neither ended nor given up. */
  async unfinished(): Promise<number> {
    return (await this.#direct.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads?.length ?? 0;
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse, port: number): Promise<void> {
    const { method, url: path, headers } = incoming;
    const call = `${method} ${path}`;
    const nth = this.calls.push(call);
    const fault = this.fault(call, nth);
    if (fault === 'held') return;
    const body: Buffer[] = [];
    for await (const chunk of incoming) body.push(chunk as Buffer);
    if (fault === 'broken') return void incoming.socket.destroy();
    if (fault !== undefined && 'status' in fault) {
      const { status, code, message } = fault;
      outgoing.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
      return;
    }
    if (fault !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.slowMs));
    const forward = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      response.pipe(outgoing.writeHead(response.statusCode ?? 500, response.headers));
    });
    forward.on('error', () => incoming.socket.destroy());
    forward.end(Buffer.concat(body));
  }
}

async function answers(account: string): Promise<boolean> {
  try {
    return (await fetch(`${account}/moto-api/`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
