import type { OutputFormat } from './exchange-output.ts';

/**
 * Output that may hold what a stranger wrote, so that it changes nothing on a terminal: control bytes, those above 0x7F
 * too, are written out; in JSON they are in any case. Raw HTTP that is piped stays as it is; here its line ends and
 * tabs are kept.
 */
export function forTerminal(output: string | Buffer, format: OutputFormat): string {
  if (format !== 'http') return output.toString();
  const text = typeof output === 'string' ? output : output.toString('latin1');
  return text.replaceAll('\r\n', '\n').replace(/[^\t\n\x20-\x7e]/g, (char) => `\\x${hex(char)}`);
}

const hex = (char: string): string => char.charCodeAt(0).toString(16).padStart(2, '0');
