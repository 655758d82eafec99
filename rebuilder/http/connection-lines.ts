import type { HttpResponse } from './http-response.ts';
import { Field, LINE_STRIDE, type Message, valueEndOf, valueStartOf } from './message.ts';

/** Is the option in one of these header lines, which are lists (RFC 9110 5.6.1)? */
function lists({ bytes, lines, lineCount }: Message, field: number, option: RegExp): boolean {
  for (let i = 0; i < lineCount * LINE_STRIDE; i += LINE_STRIDE) {
    if (lines[i] !== field) continue;
    const start = valueStartOf(lines, i);
    const value = Buffer.from(bytes.buffer, bytes.byteOffset + start, valueEndOf(lines, i) - start).toString('latin1');
    if (option.test(value)) return true;
  }
  return false;
}

const H2C = /(?:^|,)[ \t]*h2c[ \t]*(?:,|$)/i;
const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;
const KEEP_ALIVE = /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i;

/** Does it speak of `Upgrade: h2c` (RFC 7540 3.2)? */
export function upgradesToHttp2(message: Message): boolean {
  return lists(message, Field.upgrade, H2C);
}

/** Is it the last response of its connection (RFC 9112 9.3)? Its server reads no request behind the one it answers. */
export function endsConnection(response: HttpResponse): boolean {
  if (response.framing === 'close' || lists(response, Field.connection, CLOSE)) return true;
  const isHttp10 = response.bytes[response.versionEnd - 1] === 0x30;
  return isHttp10 && !lists(response, Field.connection, KEEP_ALIVE);
}
