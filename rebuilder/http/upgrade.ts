import { Field, LINE_STRIDE, valueEndOf, valueStartOf } from './message.ts';

/** Do these header lines speak of `Upgrade: h2c` (RFC 7540 3.2)? */
export function upgradesToHttp2(bytes: Uint8Array, lines: Int32Array, count: number): boolean {
  for (let i = 0; i < count * LINE_STRIDE; i += LINE_STRIDE) {
    if (lines[i] !== Field.upgrade) continue;
    const value = Buffer.from(bytes.buffer, bytes.byteOffset + valueStartOf(lines, i), valueEndOf(lines, i) - valueStartOf(lines, i)).toString('latin1');
    if (/(?:^|,)[ \t]*h2c[ \t]*(?:,|$)/i.test(value)) return true;
  }
  return false;
}
