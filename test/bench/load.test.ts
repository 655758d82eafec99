import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contenders } from '../../bench/contenders.ts';
import { buildLoad, type Load, type LoadOptions, NO_FAULTS } from '../../bench/load.ts';
import { writeLoad } from '../../bench/load-file.ts';
import { FAULTS } from '../../bench/loads.ts';
import { runTrial } from '../../bench/trial.ts';
import { installed } from '../installed.ts';

const SMALL: LoadOptions = {
  seed: 7, kind: 'mix', requests: 120, connections: 8, requestsPerConnection: 10, mtu: 1500, responses: true, faults: NO_FAULTS,
};

/** The inner Ethernet frames as a capture file. */
function pcapOf(load: Load): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  const records: Buffer[] = [header];
  for (let i = 0; i < load.packets.count; i++) {
    const frame = load.packets.packet(i).subarray(8);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1 + Math.floor(i / 1000), 0);
    record.writeUInt32LE((i % 1000) * 1000, 4);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    records.push(record, frame);
  }
  return Buffer.concat(records);
}

function tshark(file: string, filter: string, fields: string[]): string[] {
  const run = spawnSync('tshark', [
    '-r', file, '-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE', '-o', 'tcp.reassemble_out_of_order:TRUE', '-d', 'tcp.port==8080,http', '-Y', filter, '-T', 'fields',
    ...fields.flatMap((field) => ['-e', field]),
  ], { encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout.split('\n').filter((line) => line !== '');
}

test('the same seed gives the same bytes, another seed gives others', () => {
  const bytesOf = (seed: number): Buffer => {
    const { packets } = buildLoad({
      ...SMALL,
      seed,
      faults: { ...NO_FAULTS, lost: 0.01, reordered: 0.05, retransmitted: 0.02 },
    });
    return packets.bytes.subarray(0, packets.byteLength);
  };
  assert.deepEqual(bytesOf(7), bytesOf(7));
  assert.notDeepEqual(bytesOf(7), bytesOf(8));
});

/** Faults after which every request can still be read by anyone who reads TCP. */
const READABLE = Object.entries(FAULTS)
  .filter(([, { faults }]) => faults.lost === 0 && faults.cutTo === 0 && !faults.midstream && !faults.doubled);

test('tshark reads every request of a load, with true checksums', async (t) => {
  if (!installed(t, 'tshark')) return;
  const dir = mkdtempSync(join(tmpdir(), 'load-'));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const [name, options] of [['responses', SMALL] as const, ...READABLE]) {
    await t.test(name, () => {
      const load = buildLoad({ ...options, requests: 120, connections: 8, requestsPerConnection: 10 });
      const file = join(dir, 'load.pcap');
      writeFileSync(file, pcapOf(load));
      assert.deepEqual(tshark(file, 'tcp.checksum.status == 0 || ip.checksum.status == 0', ['frame.number']), []);
      // Fields of several requests in one packet come comma-separated.
      const targets = tshark(file, 'http.request', ['http.request.uri']).flatMap((line) => line.split(','));
      const ids = targets.map((target) => Number(/^\/r\/(\d{9})\//.exec(target)?.[1])).sort((a, b) => a - b);
      assert.deepEqual(ids, Array.from({ length: 120 }, (_, i) => i));
      if (options.responses) assert.equal(tshark(file, 'http.response.code == 200', ['frame.number']).length, 120);
    });
  }
});

test('a request counts as damaged when a byte of it was lost or cut, and only then', () => {
  const whole = buildLoad({ ...SMALL, responses: false });
  assert.ok(whole.lastPacket.every((packet) => packet >= 0));
  const lossy = buildLoad({ ...SMALL, responses: false, faults: { ...NO_FAULTS, lost: 0.05 } });
  const damaged = lossy.lastPacket.filter((packet) => packet < 0).length;
  assert.ok(damaged > 0 && damaged < 120, `${damaged}`);
  const cut = buildLoad({ ...SMALL, responses: false, faults: { ...NO_FAULTS, cutTo: 1000 } });
  // POSTs are longer than a packet, GETs shorter.
  const posts = buildLoad({ ...SMALL, responses: false, requestsPerConnection: 1, connections: 1 }).packets;
  assert.ok(
    posts.count > 0 && cut.lastPacket.some((packet) => packet < 0) && cut.lastPacket.some((packet) => packet >= 0),
  );
});

test('the harness sends a load, times it and reads what a contender used', async (t) => {
  if (!installed(t, 'gcc', 'taskset')) return;
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const load = buildLoad({ ...SMALL, requests: 3000, responses: false });
  writeLoad(dir, load);
  const floor = (await contenders(join(dir, 'contenders'), '')).find(({ name }) => name === 'floor')!;
  const result = await runTrial(floor, load, {
    dir, warmUpPackets: 1000, packets: load.packets.count - 1000, packetsPerSecond: 20_000, verify: false,
  });
  assert.equal(result.delivered, 1);
  assert.ok(result.expected > 2000 && result.expected < 3000);
  assert.ok(result.cpuPer100kRequests > 0 && result.peakMebibytes > 1);
});
