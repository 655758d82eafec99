import { LINE_STRIDE, type Message } from './message.ts';

/**
 * Gives a message its own copy of its bytes and lines, so that it may outlive the callback that brought it.
 * @returns by how much every offset into its bytes has become smaller; those of Message are done
 */
export function ownBytes(message: Message): number {
  const { start } = message;
  message.bytes = Buffer.from(message.bytes.subarray(start, message.end));
  message.lines = message.lines.slice(0, message.lineCount * LINE_STRIDE);
  for (let i = 0; i < message.lines.length; i++) {
    if (i % LINE_STRIDE !== 0) message.lines[i]! -= start;
  }
  message.start = 0;
  message.headersStart -= start;
  message.headEnd -= start;
  message.end -= start;
  return start;
}
