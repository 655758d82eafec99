import { setTimeout } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { wrap } from '../config/wrapped-text.ts';
import { printable } from '../rules/shown-request.ts';
import { count } from '../status/verdict.ts';
import { type Status, topScreen } from './top-screen.ts';

const EVERY_MS = 1000;
const TIMEOUT_MS = 3000;
/** That of metrics.listen_address where the configuration says nothing. */
const STATUS_PORT = '9000';
const FOOT_LINES = 3;
const [ENTER, LEAVE, HOME, CLEAR_LINE, CLEAR_REST] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l', '\x1b[H', '\x1b[K', '\x1b[J'];

/** An address for `top` that is none. */
export class TopUsageError extends Error {}

/**
 * `9000`, `host`, `host:9000` or `http://host:9000` -> the address of its state. Throws a TopUsageError of one sentence.
 */
export function stateUrl(address: string): URL {
  const text = /^\d+$/.test(address) ? `127.0.0.1:${address}` : address;
  const url = /^http:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(url) || new URL(url).hostname === '') throw new TopUsageError(`'${address}' is not a status address; give the one that run logs, such as 127.0.0.1:9000`);
  const state = new URL('/status.json', url);
  // Of an address alone; the URL class leaves out a port that is http's default.
  if (state.port === '' && !/:80\/?$/.test(url)) state.port = STATUS_PORT;
  return state;
}

/** What the system says of a connection that did not come about, in words; what it has no word for is silence. */
const FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ENOTFOUND: 'no such name is known (ENOTFOUND)',
  EAI_AGAIN: 'its name cannot be looked up at present (EAI_AGAIN)',
  EHOSTUNREACH: 'no way leads there (EHOSTUNREACH)',
  ENETUNREACH: 'no way leads there (ENETUNREACH)',
};

/** Rejects with an Error of one sentence when nothing answers there, or something other than a rebuilder. */
async function readStatus(url: URL): Promise<Status> {
  let answer: Response;
  try {
    answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const code = error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : '';
    throw new Error(`${url.host}: ${FAULTS[code] ?? `no answer${code === '' ? '' : ` (${code})`}`}; is a rebuilder running there (metrics.listen_address)?`, { cause: error });
  }
  if (!answer.ok) throw new Error(`${url.host}: ${answer.status}: ${(await answer.text()).trim().slice(0, 200)}`);
  const state = (await answer.json().catch(() => null)) as Status | null;
  if (state?.stages === undefined || state.requests === undefined) throw new Error(`${url.host} is not the status address of a rebuilder`);
  return state;
}

/**
 * Shows a rebuilder's state until `stopped`, once a second; where nobody looks (not a terminal) once, as text.
 * @param lastLine of the log, which is on the same terminal; empty = nothing was logged
 */
export async function top(address: string, out: NodeJS.WriteStream, stopped: Promise<unknown>, lastLine: () => string = () => ''): Promise<void> {
  const url = stateUrl(address);
  const state = await readStatus(url);
  if (!out.isTTY) {
    out.write(`${topScreen(state, url.host, 80, Infinity, false).join('\n')}\n`);
    return;
  }
  let isOver = false;
  void stopped.then(() => { isOver = true; });
  out.write(ENTER);
  try {
    for (let next = state, fault = ''; !isOver;) {
      const foot = fault !== '' ? `As of ${new Date(next.nowMs).toISOString().slice(11, 19)}; now ${fault}`
        : lastLine() === '' ? `${count(next.requests.length, 'request')} kept; q or Ctrl-C ends` : lastLine();
      const footLines = wrap(printable(stripVTControlCharacters(foot)), out.columns).slice(0, FOOT_LINES)
        .map((line) => line.slice(0, out.columns));
      const lines = topScreen(next, url.host, out.columns, out.rows - footLines.length, (process.env['NO_COLOR'] ?? '') === '');
      out.write(`${HOME}${[...lines, ...footLines].map((line) => line + CLEAR_LINE).join('\r\n')}${CLEAR_REST}`);
      await Promise.race([setTimeout(EVERY_MS), stopped]);
      try {
        if (!isOver) next = await readStatus(url);
        fault = '';
      } catch (error) {
        fault = error instanceof Error ? error.message : String(error);
      }
    }
  } finally {
    out.write(LEAVE);
  }
}
