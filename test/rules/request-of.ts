import { HeaderLines } from '../../rebuilder/http/header-lines.ts';
import { irregularNames } from '../../rebuilder/http/irregular.ts';
import { LINE_STRIDE, type Endpoints } from '../../rebuilder/http/message.ts';
import type { RetainableRequest } from '../../rebuilder/rules/redaction.ts';

export const ENDPOINTS: Endpoints = {
  clientAddress: '10.0.1.7', clientPort: 41000, serverAddress: '10.0.2.9', serverPort: 80, vni: 1, proxied: null,
};

/** A request as the parser hands it over; lines are given without their ends. `body` is a body of known length. */
export function requestOf(startLine: string, headers: readonly string[] = [], from: Partial<Endpoints> = {}, body = ''): RetainableRequest {
  const text = `${[startLine, ...headers].join('\r\n')}\r\n\r\n${body}`;
  // Not at offset 0, so that a forgotten start shows.
  const bytes = Buffer.from(`xyz${text}`, 'latin1');
  const start = 3;
  const headersStart = start + startLine.length + 2;
  const scanner = new HeaderLines();
  const headEnd = scanner.scan(bytes, headersStart, bytes.length);
  const methodEnd = start + startLine.indexOf(' ');
  const versionStart = start + startLine.lastIndexOf(' ') + 1;
  return {
    endpoints: { ...ENDPOINTS, ...from },
    bytes, start, headersStart, headEnd, end: bytes.length,
    lines: scanner.lines, lineCount: scanner.count,
    framing: body === '' ? 'none' : 'length', bodySize: body.length, complete: true, lost: null,
    timeMs: 0, lastByteMs: 0, seq: 1,
    methodEnd, targetStart: methodEnd + 1, targetEnd: versionStart - 1, versionStart,
    versionEnd: start + startLine.length,
    irregular: irregularNames(scanner.irregular), correction: false, reading: 1, isFound: false, response: null, id: '0123456789abcdef0123456789abcdef',
    retain(): void {
      this.bytes = Buffer.from(this.bytes);
      this.lines = this.lines.slice(0, this.lineCount * LINE_STRIDE);
    },
  };
}
