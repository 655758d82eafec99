// A process that counts the steps of redaction: for the texts on its standard input, a list in JSON, each as a second
// reading. (Coverage uses the same counters: in the process of a test it would miss what was counted.)
import { Session } from 'node:inspector/promises';
import { json } from 'node:stream/consumers';

/** Bytes that Node's own code went over. */
let bytes = 0;

/** How many a call went over; of a regular expression, `args` end with where it began. */
type Look = (self: unknown, args: readonly unknown[], result: unknown) => number;

function count(of: object, name: string, look: Look): void {
  const call: unknown = Reflect.get(of, name);
  if (typeof call !== 'function') throw new Error(`${name} is no function`);
  const counted = function counted(this: unknown, ...args: unknown[]): unknown {
    const from = this instanceof RegExp && this.global ? this.lastIndex : 0;
    const result: unknown = Reflect.apply(call, this, args);
    bytes += look(this, this instanceof RegExp ? [...args, from] : args, result);
    return result;
  };
  Object.defineProperty(of, name, { value: counted });
}

const lengthOf = (value: unknown): number => (typeof value === 'string' || value instanceof Uint8Array ? value.length : 0);
const numberOr = (value: unknown, other: number): number => (typeof value === 'number' ? value : other);

for (const bytesOf of [Uint8Array.prototype, Buffer.prototype]) {
  count(bytesOf, 'indexOf', (self, [, from], at) => (numberOr(at, -1) < 0 ? lengthOf(self) : numberOr(at, 0)) - numberOr(from, 0));
  count(bytesOf, 'fill', (self, [, from, to]) => numberOr(to, lengthOf(self)) - numberOr(from, 0));
  count(bytesOf, 'set', (_, [source]) => lengthOf(source));
}
count(Buffer.prototype, 'toString', (_self, _args, result) => lengthOf(result));
count(Buffer, 'from', (_, [source], result) => (source instanceof ArrayBuffer ? 0 : lengthOf(result)));
count(Buffer, 'concat', (_self, _args, result) => lengthOf(result));
count(RegExp.prototype, 'exec', (self, [text, from], result) => {
  if (self instanceof RegExp && self.sticky) return 1;
  const end = Array.isArray(result) ? numberOr(Reflect.get(result, 'index'), 0) + lengthOf(result[0]) : lengthOf(text);
  return end - numberOr(from, 0);
});

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
// Only code that is compiled from here on has counters.
const { Redaction } = await import('../../rebuilder/rules/redaction.ts');
const { requestOf } = await import('./request-of.ts');

const redaction = new Redaction({ headers: ['authorization'], query: ['token'], body: ['q', 'password'] });
const texts: unknown = await json(process.stdin);
if (!Array.isArray(texts)) throw new Error('no texts');
const steps: number[] = [];
for (const text of texts.map(String)) {
  const headEnd = text.indexOf('\r\n\r\n');
  const [startLine = '', ...headers] = text.slice(0, headEnd).split('\r\n');
  const request = Object.assign(requestOf(startLine, headers, {}, text.slice(headEnd + 4)), { reading: 2 });
  await session.post('Profiler.takePreciseCoverage');
  bytes = 0;
  redaction.request(request);
  const inNode = bytes;
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const blocks = result.filter(({ url }) => url.includes('/rebuilder/')).flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges));
  steps.push(blocks.reduce((sum, block) => sum + block.count, inNode));
}
process.stdout.write(JSON.stringify(steps));
