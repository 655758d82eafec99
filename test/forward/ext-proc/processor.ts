// A native node's side of the protocol: processor/main.go, on the published Go code of the protocol, built once.
import { spawn, execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { installed } from '../../installed.ts';

const SOURCE = join(import.meta.dirname, 'processor');

/** The program, built when its sources are new; undefined = no Go here, and the test has been skipped. */
export async function processorProgram(t: TestContext): Promise<string | undefined> {
  return installed(t, 'go') ? builtProcessor() : undefined;
}

/** @returns its path. Builds of several test files at a time do not harm each other: the last one to be done stays. */
export async function builtProcessor(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCE).sort()) hash.update(name).update(readFileSync(join(SOURCE, name)));
  const cache = resolve('node_modules/.cache');
  const program = join(cache, `ext-proc-processor-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const fresh = `${program}.${process.pid}`;
  await promisify(execFile)('go', ['build', '-o', fresh, '.'], { cwd: SOURCE });
  renameSync(fresh, program);
  return program;
}

/** A header as protobuf's JSON form has it; its value is base64. */
interface HeaderJson { readonly key: string; readonly value?: string; readonly rawValue?: string }
interface HeadersJson {
  readonly headers?: { readonly headers?: readonly HeaderJson[] };
  readonly endOfStream?: boolean;
}
interface BodyJson { readonly body?: string; readonly endOfStream?: boolean }
interface TrailersJson { readonly trailers?: { readonly headers?: readonly HeaderJson[] } }

/** envoy.service.ext_proc.v3.ProcessingRequest. */
interface ProcessingRequestJson {
  readonly requestHeaders?: HeadersJson;
  readonly requestBody?: BodyJson;
  readonly requestTrailers?: TrailersJson;
  readonly responseHeaders?: HeadersJson;
  readonly responseBody?: BodyJson;
  readonly responseTrailers?: TrailersJson;
  readonly metadataContext?: object;
  readonly attributes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly observabilityMode?: boolean;
  readonly protocolConfig?: object;
}

interface ReceivedStream {
  /** `EOF`, or what broke the stream. */
  readonly end: string;
  readonly messages: readonly ProcessingRequestJson[] | null;
}

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** One direction of an exchange, put together: what pieces a body came in is nobody's business. Latin1 text. */
export interface ReceivedMessage {
  readonly headers: HeaderList;
  readonly body: string;
  readonly trailers: HeaderList;
  /** Which message said `end_of_stream`; `none` where trailers ended it. */
  readonly endOfStream: 'headers' | 'body' | 'none';
}

export interface ReceivedExchange {
  readonly request: ReceivedMessage;
  readonly response: ReceivedMessage | null;
  readonly attributes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Beside the messages themselves: what each of them said of the filter's mode. */
  readonly modes: readonly string[];
  /** The kinds of its messages in their order, bodies of several pieces once. */
  readonly order: readonly string[];
}

const latin1 = (base64 = ''): string => Buffer.from(base64, 'base64').toString('latin1');
const list = (headers: readonly HeaderJson[] = []): HeaderList => headers.map(({ key, value, rawValue }) => {
  if (value !== undefined) throw new Error(`${key} came in value, not in raw_value`);
  return [key, latin1(rawValue)] as const;
});

/** The exchange that a stream told. */
function exchangeOf({ messages }: ReceivedStream): ReceivedExchange {
  const all = messages ?? [];
  const order = all.map((message) => Object.keys(message).find((key) => /^(request|response)(Headers|Body|Trailers)$/.test(key))!);
  const side = (
    headers: HeadersJson,
    bodies: readonly BodyJson[],
    trailers: TrailersJson | undefined,
  ): ReceivedMessage => ({
    headers: list(headers.headers?.headers),
    body: bodies.map(({ body }) => latin1(body)).join(''),
    trailers: list(trailers?.trailers?.headers),
    endOfStream: headers.endOfStream === true ? 'headers' : bodies.at(-1)?.endOfStream === true ? 'body' : 'none',
  });
  const defined = <T>(of: (message: ProcessingRequestJson) => T | undefined): T[] =>
    all.flatMap((message) => of(message) ?? []);
  const [first] = all;
  if (first?.requestHeaders === undefined) throw new Error(`a stream that does not begin with request_headers: ${JSON.stringify(first)}`);
  const [responseHeaders] = defined((message) => message.responseHeaders);
  return {
    request: side(first.requestHeaders, defined((message) => message.requestBody),
      defined((message) => message.requestTrailers)[0]),
    response: responseHeaders === undefined ? null
      : side(responseHeaders, defined((message) => message.responseBody),
          defined((message) => message.responseTrailers)[0]),
    attributes: first.attributes ?? {},
    modes: all.map(({ observabilityMode, metadataContext, protocolConfig, attributes }, i) =>
      JSON.stringify([observabilityMode ?? false, metadataContext ?? null, protocolConfig ?? null,
        i > 0 && attributes !== undefined])),
    order: order.filter((kind, i) => kind !== order[i - 1]),
  };
}

export class Processor {
  readonly streams: ReceivedStream[] = [];
  readonly #exchanges: ReceivedExchange[] = [];
  readonly #child: ChildProcess;
  port = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Started on a free port, or on `port`; ended with the test. `args`: -certificate and -key. */
  static async start(t: TestContext, program: string, args: readonly string[] = [], port = 0): Promise<Processor> {
    const child = spawn(program, ['-listen', `127.0.0.1:${port}`, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const processor = new Processor(child);
    t.after(() => processor.stop());
    const lines = createInterface(child.stdout);
    const [first] = (await once(lines, 'line')) as [string];
    processor.port = Number(first);
    lines.on('line', (line) => processor.streams.push(JSON.parse(line) as ReceivedStream));
    return processor;
  }

  /** What the streams told, each read once. */
  get exchanges(): readonly ReceivedExchange[] {
    for (const stream of this.streams.slice(this.#exchanges.length)) this.#exchanges.push(exchangeOf(stream));
    return this.#exchanges;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
