// Files of exchanges on their way to a real S3 server, with what can go wrong on the way.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { openExchangeFiles } from '../../rebuilder/output/exchange-files.ts';
import { objectKey } from '../../rebuilder/output/s3-upload.ts';
import { defaultSettings } from '../../rebuilder/config/load.ts';
import type { ExchangeFileSettings } from '../../rebuilder/config/settings.ts';
import { Ledger, type CounterName } from '../../rebuilder/ledger.ts';
import { ANY_PORTS, RunningService, folder } from '../command-line.ts';
import { MirroredRequests } from '../mirrored-requests.ts';
import { BUCKET, S3Store, type Fault } from './s3-store.ts';

const NAMES = ['written', 'resumed', 'uploaded', 'upload_failed', 'spool_full', 'left_behind'] as const;

/** The exchanges of one service, without the service. */
class Files {
  readonly ledger = new Ledger();
  readonly said: string[] = [];
  readonly settings: ExchangeFileSettings;
  #open: Awaited<ReturnType<typeof openExchangeFiles>> = null;

  constructor(file: string, endpoint: string, s3: Partial<ExchangeFileSettings['s3']> = {}, maxSizeBytes = 4096) {
    const defaults = defaultSettings().exchanges;
    this.settings = { ...defaults, file, maxSizeBytes, s3: { ...defaults.s3, bucket: BUCKET, region: 'us-east-1', endpoint, ...s3 } };
  }

  async open(): Promise<this> {
    this.#open = await openExchangeFiles(this.settings, this.ledger, (sentence) => this.said.push(sentence));
    return this;
  }

  async write(from: number, to: number, length = 1000): Promise<void> {
    for (let i = from; i < to; i++) {
      this.ledger.count('exchanges.written', await this.#open!.write(Buffer.from(`${JSON.stringify({ i, fill: randomBytes(length / 2).toString('hex') })}\n`)));
    }
  }

  close(timeoutMs = 600_000): Promise<void> {
    return this.#open!.close(timeoutMs);
  }

  counts(): Record<string, number> {
    return Object.fromEntries(NAMES.map((name) => [name, this.ledger.get(`exchanges.${name}` satisfies CounterName)]).filter(([, count]) => count !== 0));
  }
}

const numbers = (objects: readonly { readonly lines: readonly string[] }[]): number[] =>
  objects.flatMap(({ lines }) => lines.map((line) => (JSON.parse(line) as { i: number }).i)).sort((a, b) => a - b);
const upTo = (to: number): number[] => Array.from({ length: to }, (_, i) => i);

async function files(t: TestContext, store: S3Store, s3: Partial<ExchangeFileSettings['s3']> = {}): Promise<Files> {
  return new Files(join(folder(t), 'x.jsonl'), store.endpoint, s3).open();
}

test('an object is in the folder of the day and the hour, in UTC, in which its file was begun', () => {
  assert.equal(objectKey('exchanges/', Date.UTC(2026, 10, 26, 9, 59, 59, 999), '/spool/a.jsonl.gz'), 'exchanges/dt=2026-11-26/hour=09/a.jsonl.gz');
});

test('full files, and the last one at the end, are uploaded and removed; every fault is outlived, and each line is there once', { timeout: 600_000 }, async (t) => {
  const store = await S3Store.start(t);
  if (store === undefined) return;
  const unavailable: Fault = { status: 500, code: 'InternalError', message: 'We encountered an internal error. Please try again.' };
  const slowDown: Fault = { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.' };
  const denied: Fault = {
    status: 403, code: 'AccessDenied',
    message: 'User: arn:aws:sts::1:assumed-role/r/i is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/k" because no identity-based policy allows the s3:PutObject action',
  };
  const cases: { what: string; fault: typeof store.fault; counts?: Record<string, number>; says: RegExp[] }[] = [
    { what: 'nothing wrong', fault: () => undefined, says: [] },
    { what: '500 now and then: the SDK tries again', fault: (_, nth) => nth % 2 === 1 ? unavailable : undefined, says: [] },
    { what: '503 SlowDown', fault: (_, nth) => nth === 1 ? slowDown : undefined, says: [] },
    { what: 'connections that break', fault: (_, nth) => nth % 3 === 1 ? 'broken' : undefined, says: [] },
    { what: 'slow', fault: () => ({ slowMs: 200 }), says: [] },
    {
      what: '500 longer than the SDK tries', fault: (_, nth) => nth <= 3 ? unavailable : undefined, counts: { upload_failed: 1 },
      says: [/answers 500 InternalError; tried again/, /uploads work again/],
    },
    {
      what: 'no right, until somebody gives it: said once, with the action', fault: (_, nth) => nth <= 2 ? denied : undefined, counts: { upload_failed: 2 },
      says: [/exchanges\.s3: this role may not write there: allow s3:PutObject on arn:aws:s3:::exchanges-of-a-test\/exchanges\/\*; tried/, /uploads work again/],
    },
  ];
  let seen = 0;
  for (const { what, fault, counts = {}, says } of cases) {
    const tested = await files(t, store);
    store.calls.length = 0;
    store.fault = fault;
    await tested.write(seen, seen + 10);
    await tested.close();
    assert.deepEqual(tested.counts(), { written: 10, uploaded: 10, ...counts }, what);
    // Whether the end has to wait is a matter of when the fault was over.
    const said = tested.said.filter((sentence) => !sentence.includes('wait for S3, for at most'));
    assert.equal(said.length, says.length, `${what}: ${tested.said.join('\n')}`);
    says.forEach((pattern, i) => assert.match(said[i]!, pattern));
    assert.deepEqual(readdirSync(`${tested.settings.file}.upload`), [], what);
    seen += 10;
  }
  store.fault = () => undefined;
  const objects = await store.objects();
  assert.deepEqual(numbers(objects), upTo(seen));
  for (const { key, lines } of objects) {
    const parts = /^exchanges\/dt=(\d{4}-\d\d-\d\d)\/hour=(\d\d)\/(\d{4})(\d\d)(\d\d)T(\d\d)\d{7}Z-(\d+)-[0-9a-f]{8}\.jsonl\.gz$/.exec(key);
    assert.ok(parts, key);
    assert.deepEqual([parts[1], parts[2], Number(parts[7])], [`${parts[3]}-${parts[4]}-${parts[5]}`, parts[6], lines.length]);
  }
});

test('while S3 is away what waits has a limit, the oldest goes and is counted; the end does not wait longer than it may; the next run goes on', { timeout: 600_000 }, async (t) => {
  const store = await S3Store.start(t);
  if (store === undefined) return;
  store.fault = () => 'broken';
  // Three files of about 2 KB each (random hexadecimal digits halve).
  const tested = await files(t, store, { spoolBytes: 7000 });
  await tested.write(0, 30);
  await tested.close(0);
  const { written, spool_full: removed = 0, left_behind: left = 0 } = tested.counts();
  assert.equal(written, 30);
  assert.ok(removed > 0 && left > 0, JSON.stringify(tested.counts()));
  assert.equal(removed + left, 30);
  assert.match(tested.said.at(-1)!, new RegExp(`^${left} requests in \\d+ files? are not uploaded yet: they lie in .*x\\.jsonl\\.upload, and the next start uploads them$`));

  store.fault = () => undefined;
  const next = await new Files(tested.settings.file, store.endpoint).open();
  await next.write(30, 33);
  await next.close();
  assert.deepEqual(next.counts(), { written: 3, resumed: left, uploaded: left + 3 });
  const arrived = numbers(await store.objects());
  assert.equal(new Set(arrived).size, left + 3);
  assert.deepEqual(arrived.slice(-4), [29, 30, 31, 32], 'the newest are what is kept');
});

test('a service killed in the middle of an upload uploads all of it when it is started again', { timeout: 600_000 }, async (t) => {
  const store = await S3Store.start(t);
  if (store === undefined) return;
  const kept = join(folder(t), 'exchanges.jsonl');
  // What a run that was killed left: more than one part when it is compressed, and half a line.
  const lines = Array.from({ length: 40 }, (_, i) => JSON.stringify({ i, fill: randomBytes(400_000).toString('base64') }));
  writeFileSync(kept, `${lines.join('\n')}\n{"i":`);
  const configuration = `
mode: tcp-capture-v2
workers: 0
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}
exchanges: {file: ${kept}, s3: {bucket: ${BUCKET}, region: us-east-1, endpoint: "${store.endpoint}"}}
${ANY_PORTS}`;
  const held = new Promise<void>((resolve) => {
    store.fault = (call) => {
      if (!call.includes('partNumber=2')) return undefined;
      resolve();
      return 'held';
    };
  });
  const first = await RunningService.start(t, configuration);
  await held;
  first.child.kill('SIGKILL');
  await once(first.child, 'close');
  assert.equal((await store.objects()).length, 0, 'half an object is none');
  assert.equal(await store.unfinished(), 1, 'its parts are for the life cycle of the bucket');

  store.fault = () => undefined;
  const second = await RunningService.start(t, configuration);
  await second.reaches('exchanges.uploaded', 40);
  assert.equal(await second.count('exchanges.resumed'), 40);
  const mirror = new MirroredRequests(t, second.port('vxlan'));
  await mirror.connection(['GET /last HTTP/1.1\r\nHost: a\r\n\r\n']);
  await second.reaches('exchanges.written', 1);
  assert.equal(await second.stop(), 0);
  const objects = await store.objects();
  assert.deepEqual(objects.map(({ lines: { length } }) => length).sort(), [1, 40]);
  assert.deepEqual(objects.find(({ lines: { length } }) => length === 40)!.lines, lines);
  assert.ok(!existsSync(kept) || readdirSync(`${kept}.upload`).length === 0);
});
