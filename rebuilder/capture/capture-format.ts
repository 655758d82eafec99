import { LinkType, type FrameSink } from './frame-source.ts';

/** Reads the records of one kind of capture file from bytes that arrive piece by piece. Keeps no bytes itself. */
export interface CaptureFormat {
  /** `pcap` or `pcapng`, for people. */
  readonly name: string;
  /** Frames delivered so far. */
  readonly frames: number;
  /** Time of the last frame, ms since the epoch; 0 = none yet. */
  readonly timeMs: number;
  /**
   * Bytes of the records that the last read has dealt with. More than it was given: that many bytes more are to be
   * skipped.
   */
  readonly consumed: number;
  /**
   * Delivers the frames of every record that is whole in `bytes[start..end)`. Throws Damage when what follows them
   * cannot be.
   */
  read(bytes: Uint8Array, start: number, end: number, sink: FrameSink): void;
}

/**
 * No capture program writes longer frames (libpcap's MAXIMUM_SNAPLEN): a length above it is damage, and bounds what is
 * buffered.
 */
export const MAX_FRAME = 262_144;

/** Why the record at hand cannot be one; the file's name and the place are added by the reader. */
export class Damage extends Error {}

/** The LinkType of a LINKTYPE_ number of a file: raw IP has three numbers for historical reasons. */
export function linkTypeOf(number: number): number {
  return number === 12 || number === 14 ? LinkType.raw : number;
}

export function isSupportedLink(link: number): boolean {
  return link >= 0 && SUPPORTED.has(link);
}

const SUPPORTED: ReadonlySet<number> = new Set(Object.values(LinkType));
