import { closeSync, mkdirSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Load } from './load.ts';

/** A load in a folder, for the process that sends it. */
export function writeLoad(dir: string, load: Load): void {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const { bytes, starts, lengths, count, byteLength } = load.packets;
  for (let at = 0, i = 0; at < byteLength; at += BLOCK_BYTES, i++) {
    writeFileSync(join(dir, 'packets.bin'), bytes.subarray(at, Math.min(at + BLOCK_BYTES, byteLength)), { flag: i === 0 ? 'w' : 'a' });
  }
  writeFileSync(join(dir, 'starts.bin'), Buffer.from(starts.buffer, 0, count * 8));
  writeFileSync(join(dir, 'lengths.bin'), Buffer.from(lengths.buffer, 0, count * 4));
}

/** fs reads and writes at most 2 GiB at once. */
const BLOCK_BYTES = 1 << 30;

function readWhole(file: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(statSync(file).size);
  const fd = openSync(file, 'r');
  for (let at = 0; at < bytes.length;) at += readSync(fd, bytes, at, Math.min(BLOCK_BYTES, bytes.length - at), at);
  closeSync(fd);
  return bytes;
}

/** The datagrams of a load: their bytes one behind another, where each begins, and how long it is. */
export function readPackets(dir: string): { bytes: Buffer; starts: Float64Array; lengths: Uint32Array } {
  const starts = readFileSync(join(dir, 'starts.bin'));
  const lengths = readFileSync(join(dir, 'lengths.bin'));
  return {
    bytes: readWhole(join(dir, 'packets.bin')),
    starts: new Float64Array(starts.buffer.slice(starts.byteOffset, starts.byteOffset + starts.length)),
    lengths: new Uint32Array(lengths.buffer.slice(lengths.byteOffset, lengths.byteOffset + lengths.length)),
  };
}
