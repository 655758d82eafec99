import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeVxlanSegment, type End } from '../../rebuilder/demo/vxlan-segment.ts';
import { installed } from '../installed.ts';

const client: End = { address: Uint8Array.of(10, 0, 1, 7), port: 41000 };
const server: End = { address: Uint8Array.of(192, 168, 255, 254), port: 80 };

/** A classic pcap file (draft-ietf-opsawg-pcap 4) of Ethernet frames. */
function pcap(frames: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65535, 16);
  header.writeUInt32LE(1, 20);
  return Buffer.concat([header, ...frames.flatMap((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  })]);
}

test('the VXLAN header is that of RFC 7348: I flag, 24-bit VNI, zeros elsewhere', () => {
  const datagram = encodeVxlanSegment(0xabcdef, client, server, 1, 2, 3, 0x10, new Uint8Array(0));
  assert.equal(datagram.subarray(0, 8).toString('hex'), '08000000abcdef00');
});

test('tshark reads every field as it was given, and both checksums are right', (t) => {
  if (!installed(t, 'tshark')) return;
  const payloads = [0, 1, 2, 3, 536, 1459, 1460].map((length) => randomBytes(length));
  const folder = mkdtempSync(join(tmpdir(), 'rebuilder-segment-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'segments.pcap');
  const frames = payloads.map((payload, i) =>
    encodeVxlanSegment(7, client, server, 0xffff + i, 0xfffffff0 + i, 0x80000000, 0x18, payload).subarray(8));
  writeFileSync(file, pcap(frames));
  const run = spawnSync('tshark', ['-r', file, '-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE', '-o', 'tcp.relative_sequence_numbers:FALSE',
    '-T', 'fields', ...['ip.src', 'ip.dst', 'ip.id', 'ip.checksum.status', 'tcp.srcport', 'tcp.dstport', 'tcp.seq', 'tcp.ack', 'tcp.flags',
      'tcp.checksum.status', 'tcp.payload'].flatMap((field) => ['-e', field])], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(run.stdout.trimEnd().split('\n').map((line) => line.split('\t')), payloads.map((payload, i) => [
    '10.0.1.7', '192.168.255.254', `0x${((0xffff + i) & 0xffff).toString(16).padStart(4, '0')}`, '1', '41000', '80',
    String((0xfffffff0 + i) >>> 0), String(0x80000000), '0x0018', '1', payload.toString('hex')]));
});
