import type { Provenance } from './provenance.ts';

/**
 * Why a stream is read a second time: a hole in it was given up and its bytes arrived late (what is found replaces what
 * was reported), or its receiver may have taken other bytes than those that were read (what is found stands beside it).
 */
export type ForkKind = 'correction' | 'reading';

/**
 * Where one direction of a connection goes once its bytes are in order. Bytes are borrowed: the sink copies what it
 * keeps.
 */
export interface StreamSink {
  /**
   * The next bytes of the stream, in the pieces they were captured in.
   * @param seq sequence number of bytes[start]
   * @param from the packet that carried them
   */
  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void;
  /** What a packet made the next was handed on. */
  packetEnd?(): void;
  /** `bytes` of the stream are missing here and will not be waited for. `bytes` < 0: an unknown number. */
  gap(bytes: number): void;
  /**
   * The sender closed its direction, or the connection is over: nothing more is expected. Bytes may still follow (a
   * forged FIN).
   */
  end(): void;
  /**
   * Emits what has waited for bytes for `afterMs`.
   * @returns true: something else may still have to be emitted this way, ask again
   */
  stall(nowMs: number, afterMs: number): boolean;
  /** Does it hold the beginning of a message? */
  readonly unfinished: boolean;
  /**
   * A copy in the same state, to be fed other bytes than this one from here on; null = not worth it. Its owner ends it
   * by `discard`.
   * @param afresh not in the same state, but as between two messages
   */
  fork(kind: ForkKind, afresh?: boolean): StreamSink | null;
  /** Frees what is held without emitting it. */
  discard(): void;
}

/** Before it is known who reads the stream. */
export const NOWHERE: StreamSink = {
  data: () => {},
  gap: () => {},
  end: () => {},
  stall: () => false,
  unfinished: false,
  fork: () => null,
  discard: () => {},
};
