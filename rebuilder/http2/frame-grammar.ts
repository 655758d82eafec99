import type { FrameHeader } from './frame.ts';
import type { Translation } from './translation.ts';

/** What the bytes of a frame are, for the ledger: of a message, of none, or not readable. */
export type FrameBytes = 'message' | 'other' | 'unreadable';

/** In what the two directions differ: asked and told by FrameReader. */
export interface FrameGrammar {
  /** Is what begins with another frame no HTTP/2? */
  readonly beginsWithSettings: boolean;
  /** May this frame come, of those that name a stream? false = the connection is not HTTP/2 */
  admits(frame: FrameHeader): boolean;
  /** Is the stream one whose DATA means something? */
  hasStream(streamId: number): boolean;
  /**
   * The head of a message, by the fields of its stream's first block; 'passed' = it is none that is told; null = it
   * cannot be one
   */
  head(fields: readonly string[], endsStream: boolean, streamId: number): Translation | 'passed' | null;
  /** Can a block not be the trailers of the message whose stream it is of? */
  isAnother(fields: readonly string[]): boolean;
  /** A block cannot be read, of a stream with no message. */
  unreadable(streamId: number): void;
  /** A stream with no message is taken back. */
  reset(streamId: number): void;
  count(bytes: number, are: FrameBytes): void;
}
