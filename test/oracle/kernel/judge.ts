// The same packets through the pipeline, and what is wrong with what it told.
import { LinkType } from '../../../rebuilder/capture/frame-source.ts';
import { REPLAY_OPTIONS } from '../../../rebuilder/cli/replay.ts';
import { Ledger } from '../../../rebuilder/ledger.ts';
import { decapsulate } from '../../../rebuilder/wire/decapsulate.ts';
import { Packet } from '../../../rebuilder/wire/packet.ts';
import { Pipeline, type PipelineOptions } from '../../../rebuilder/pipeline.ts';
import { balance } from '../../../rebuilder/status/balance.ts';
import { LIVE_OPTIONS } from './live-options.ts';
import type { Frame, Played, ReadRequest } from './play.ts';
import { requestsOf } from './play.ts';

/** Room for all that a game can have: what a service sets aside at once would take longer than the game. */
const CORRECTION_BYTES = 1 << 20;

export interface Told extends ReadRequest {
  readonly complete: boolean;
  readonly reading: number;
  readonly correction: boolean;
  /** A search found it, behind bytes that are missing. */
  readonly isFound: boolean;
  /** Head and body as they were sent. */
  readonly text: string;
}

function tell(frames: readonly Frame[], live: boolean): { told: Told[]; ledger: Ledger } {
  const told: Told[] = [];
  const ledger = new Ledger();
  const { limits, ...rest }: PipelineOptions = live ? LIVE_OPTIONS : REPLAY_OPTIONS;
  const options: PipelineOptions = { ...rest, limits: { ...limits, correctionBytes: CORRECTION_BYTES } };
  const pipeline = new Pipeline(options, ledger, {
    exchange: (request) => {
      ledger.count('http.exchanges');
      const text = (start: number, end: number): string => Buffer.from(request.bytes.subarray(start, end)).toString('latin1');
      told.push({
        method: text(request.start, request.methodEnd), target: text(request.targetStart, request.targetEnd),
        body: text(request.headEnd, request.end), complete: request.complete, reading: request.reading,
        correction: request.correction,
        isFound: request.isFound, text: text(request.start, request.end),
      });
    },
  });
  let lastMs = 0;
  for (const { bytes, timeMs } of frames) {
    // The clock goes on between packets.
    if (live) for (let ms = lastMs + 100; ms < timeMs; ms += Math.max(100, (timeMs - ms) / 8)) pipeline.batchEnd(ms);
    lastMs = timeMs;
    pipeline.frame(LinkType.ethernet, bytes, 0, bytes.length, bytes.length, timeMs, 0);
  }
  pipeline.flush();
  const { pendingBytes, pendingPackets, waitingRequests } = pipeline.gauges();
  const wrong = balance(ledger, { packets: pendingPackets, bytes: pendingBytes, requests: waitingRequests })
    .filter((unit) => unit.imbalance !== 0);
  if (wrong.length > 0) throw new Error(`the ledger does not add up: ${JSON.stringify(wrong)}`);
  return { told, ledger };
}

export interface Verdict {
  /** The server read them, and they were not told whole. */
  readonly missing: readonly string[];
  /**
   * They were told whole and certain (no second reading, no correction, not found by a search), and no server has read
   * those bytes, or not so often.
   */
  readonly phantoms: readonly string[];
  readonly second: number;
  readonly read: number;
  /** Bytes of all that was told. */
  readonly toldBytes: number;
}

/** The game as a capture shows it that begins in the middle of the connection, with its first data. */
export function behindHandshake({ frames, ...rest }: Played): Played {
  const packet = new Packet();
  const first = frames.findIndex(({ bytes, fromClient }) => fromClient
    && (decapsulate(LinkType.ethernet, bytes, 0, bytes.length, bytes.length, 0, packet) !== 'segment'
      || packet.dataEnd > packet.dataStart));
  return { ...rest, frames: frames.slice(Math.max(0, first)) };
}

export function judge(played: Played, live: boolean, oneWay: boolean): Verdict {
  const { told } = tell(oneWay ? played.frames.filter(({ fromClient }) => fromClient) : played.frames, live);
  const name = ({ method, target, body }: ReadRequest): string => `${method} ${target} ${JSON.stringify(body)}`;
  const whole = told.filter(({ complete }) => complete);
  const certain = whole.filter(({ reading, correction, isFound }) => reading === 1 && !correction && !isFound);
  const names = new Set(whole.map(name));
  const read = played.streams.flatMap((stream) => requestsOf(stream).map(name));
  return {
    missing: read.filter((one) => !names.has(one)),
    phantoms: certain.filter(({ text }, i) => certain.slice(0, i + 1).filter((one) => one.text === text).length
      > played.streams.reduce((sum, stream) => sum + stream.split(text).length - 1, 0)).map(name),
    second: whole.filter(({ reading }) => reading > 1).length,
    read: read.length,
    toldBytes: told.reduce((sum, { text }) => sum + text.length, 0),
  };
}
