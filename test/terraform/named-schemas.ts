// Stands between Terraform and the AWS provider, and lets of the provider's schemas pass only those that the
// configuration names: some dozens of more than a thousand types.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, constants, createServer, type ClientHttp2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import type { TestContext } from 'node:test';
import { globSync } from 'tinyglobby';

const { HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS, NGHTTP2_CANCEL } = constants;

/** https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.8.proto */
const GET_SCHEMA = '/tfplugin5.Provider/GetSchema';
/** In its answer: maps of the schemas of resources, data sources and ephemeral resources, by type. */
const MAPS_OF_TYPES: ReadonlySet<number> = new Set([2, 3, 8]);

/**
 * Every other call goes on as it is. Terraform asks for the schemas in each command anew, and to read all of them costs
 * it and the provider 1.4 s of CPU: more than the rest of most commands.
 * @param providerSocket where the provider listens
 * @param socket where this listens, until the test ends
 * @param dir of the configuration: a type that no file in there names is none to Terraform
 */
export async function namedSchemas(t: TestContext, providerSocket: string, socket: string, dir: string): Promise<void> {
  const provider = connect('http://provider', { createConnection: () => connectSocket(providerSocket) });
  // It is killed with the test.
  provider.on('error', () => undefined);
  let all: Promise<Buffer> | undefined;
  const server = createServer().on('stream', (stream: ServerHttp2Stream, headers) => {
    if (headers[HTTP2_HEADER_PATH] !== GET_SCHEMA) return passOn(provider, stream, headers);
    stream.on('error', () => undefined);
    stream.resume();
    all ??= answerOf(provider, headers);
    all.then((answer) => {
      stream.on('wantTrailers', () => { stream.sendTrailers({ 'grpc-status': '0' }); });
      stream.respond({ [HTTP2_HEADER_STATUS]: 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.end(framed(onlyTypes(answer, typesNamedIn(dir))));
    }, (error: unknown) => { stream.destroy(error instanceof Error ? error : new Error(String(error))); });
  });
  server.listen(socket);
  await once(server, 'listening');
  t.after(() => {
    provider.destroy();
    server.close();
  });
}

function passOn(provider: ClientHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const call = provider.request(headers);
  let trailers: IncomingHttpHeaders = {};
  call.on('response', (answer, flags) => {
    // An error without a message: trailers and nothing else.
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(answer, isWhole ? { endStream: true } : { waitForTrailers: true });
  });
  call.on('trailers', (received) => { trailers = received; });
  stream.on('wantTrailers', () => { stream.sendTrailers(trailers); });
  for (const [one, other] of [[call, stream], [stream, call]] as const) {
    one.on('error', () => { other.close(NGHTTP2_CANCEL); });
    one.on('aborted', () => { other.close(NGHTTP2_CANCEL); });
    one.pipe(other);
  }
}

/** The message that the provider answers. */
async function answerOf(provider: ClientHttp2Session, headers: IncomingHttpHeaders): Promise<Buffer> {
  const call = provider.request(headers);
  call.end(framed(Buffer.alloc(0)));
  const chunks: Buffer[] = [];
  for await (const chunk of call) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).subarray(5);
}

/** A message of gRPC: not compressed, its length, itself. */
function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Every type of the provider's that the texts below a folder name, wherever. */
function typesNamedIn(dir: string): ReadonlySet<string> {
  const files = globSync('**/*.{tf,tf.json,tofu,hcl}', { cwd: dir, absolute: true, dot: true, ignore: ['**/.terraform/providers/**'] });
  return new Set(files.flatMap((file) => readFileSync(file, 'utf8').match(/\baws_\w+/g) ?? []));
}

/** A message without those entries of its maps of types whose type is not among these. */
function onlyTypes(message: Buffer, types: ReadonlySet<string>): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at < message.length;) {
    const [tag, afterTag] = varint(message, at);
    const [length, start] = varint(message, afterTag);
    // Every field of this message has a length.
    const end = start + length;
    const isWanted = !MAPS_OF_TYPES.has(tag >>> 3) || types.has(keyOf(message.subarray(start, end)));
    if (isWanted) kept.push(message.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}

/** Of an entry of a map: field 1, which comes first. */
function keyOf(entry: Buffer): string {
  const [length, start] = varint(entry, 1);
  return entry.toString('utf8', start, start + length);
}

function varint(bytes: Buffer, at: number): readonly [value: number, after: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at];
  }
}
