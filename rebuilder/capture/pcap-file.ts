import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Damage, MAX_FRAME, type CaptureFormat } from './capture-format.ts';
import { FileError } from './file-error.ts';
import type { FrameSink, FrameSource } from './frame-source.ts';
import { PcapFormat } from './pcap-format.ts';
import { PcapngFormat } from './pcapng-format.ts';

const READ_SIZE = 1 << 20;
/** Holds what one read brings and the piece of a record left over from the one before. */
const SLAB_SIZE = READ_SIZE + 2 * MAX_FRAME;

export interface PcapFileOptions {
  /** What messages call it; default: the path, or "standard input". */
  name?: string;
  /** Awaited after each batch (about 1 MiB of the file): lets a slow consumer hold back the reading. */
  betweenBatches?: () => Promise<void> | void;
  /** Told of each piece of the file that was read, bytes. */
  onRead?: (bytes: number) => void;
}

/**
 * A stored capture, pcap or pcapng, from a file or a stream. Reads as fast as the sink takes it, with about 1.5 MiB of
 * memory.
 */
export class PcapFile implements FrameSource {
  readonly done: Promise<void>;
  readonly #origin: string | Readable;
  readonly #name: string;
  readonly #betweenBatches: () => Promise<void> | void;
  readonly #onRead: (bytes: number) => void;
  #stream: Readable | null = null;
  readonly #slab = new Uint8Array(SLAB_SIZE);
  /** Bytes at the slab's beginning that wait for the rest of their record. */
  #held = 0;
  /** Bytes of the file still to be passed over. */
  #toSkip = 0;
  /** Place in the file of the slab's first byte. */
  #offset = 0;
  #format: CaptureFormat | null = null;
  #stopped = false;
  #settle!: (error?: FileError) => void;

  /** @param origin path of the file, `-` for standard input, or a stream of its bytes */
  constructor(origin: string | Readable, options: PcapFileOptions = {}) {
    this.#origin = origin === '-' ? process.stdin : origin;
    this.#name = options.name ?? (typeof origin === 'string' && origin !== '-' ? origin : 'standard input');
    this.#betweenBatches = options.betweenBatches ?? (() => {});
    this.#onRead = options.onRead ?? (() => {});
    this.done = new Promise((resolve, reject) => {
      this.#settle = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    // Whoever waits for `done` gets the error; nobody has to.
    this.done.catch(() => {});
  }

  /**
   * Rejects with a FileError when the file cannot be opened. What is wrong inside it rejects `done`; frames before that
   * are delivered.
   */
  async start(sink: FrameSink): Promise<void> {
    if (typeof this.#origin === 'string') {
      try {
        const file = await open(this.#origin);
        const isDirectory = (await file.stat()).isDirectory();
        if (isDirectory) {
          await file.close();
          throw new FileError(`${this.#name}: is a directory, not a capture file`);
        }
        this.#stream = createReadStream('', { fd: file, highWaterMark: READ_SIZE });
      } catch (error) {
        const failure = error instanceof FileError ? error : new FileError(`${this.#name}: cannot be read: ${reason(error)}`);
        this.#settle(failure);
        throw failure;
      }
    } else {
      this.#stream = this.#origin;
    }
    void this.#read(this.#stream, sink);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stream?.destroy();
    this.#settle();
  }

  describe(): string {
    return `capture file ${this.#name}${this.#format === null ? '' : ` (${this.#format.name})`}`;
  }

  async #read(stream: Readable, sink: FrameSink): Promise<void> {
    try {
      for await (const chunk of stream) {
        if (this.#stopped) return;
        const piece: unknown = chunk;
        if (!(piece instanceof Uint8Array)) throw new FileError(`${this.#name}: is a stream of text, not of bytes`);
        this.#onRead(piece.length);
        this.#take(piece, sink);
        this.#endBatch(sink);
        await this.#betweenBatches();
      }
      if (this.#stopped) return;
      this.#checkEnd();
      this.#settle();
    } catch (error) {
      stream.destroy();
      if (this.#stopped) return;
      this.#endBatch(sink);
      this.#settle(error instanceof FileError ? error : new FileError(`${this.#name}: cannot be read further: ${reason(error)}; ${this.#kept()}`));
    }
  }

  #take(piece: Uint8Array, sink: FrameSink): void {
    const slab = this.#slab;
    for (let taken = 0; taken < piece.length;) {
      const part = piece.subarray(taken, taken + slab.length - this.#held);
      taken += part.length;
      slab.set(part, this.#held);
      const end = this.#held + part.length;
      const skipped = Math.min(this.#toSkip, end);
      this.#toSkip -= skipped;
      const consumed = skipped + this.#readRecords(slab, skipped, end, sink);
      const at = Math.min(end, consumed);
      this.#toSkip += consumed - at;
      slab.copyWithin(0, at, end);
      this.#held = end - at;
      this.#offset += at;
    }
  }

  #readRecords(slab: Uint8Array, start: number, end: number, sink: FrameSink): number {
    this.#format ??= this.#recognise(slab, start, end);
    const format = this.#format;
    if (format === null) return 0;
    try {
      format.read(slab, start, end, sink);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      throw new FileError(`${this.#name}: ${error.message}, at byte ${this.#offset + start + format.consumed}; ${this.#kept()}`);
    }
    return format.consumed;
  }

  #endBatch(sink: FrameSink): void {
    if (this.#format !== null && this.#format.frames > 0) sink.batchEnd(this.#format.timeMs);
  }

  #recognise(bytes: Uint8Array, start: number, end: number): CaptureFormat | null {
    if (end - start < 4) return null;
    const format = PcapFormat.recognise(bytes, start) ?? PcapngFormat.recognise(bytes, start);
    if (format !== null) return format;
    const unpack = unpackerOf(bytes, start);
    throw new FileError(unpack !== null
      ? `${this.#name}: is compressed; unpack it first, such as with: ${unpack} FILE | rebuilder replay -`
      : `${this.#name}: is not a capture file (it begins with neither the pcap nor the pcapng magic number)`);
  }

  #checkEnd(): void {
    if (this.#format === null) {
      throw new FileError(this.#held === 0 ? `${this.#name}: is empty` : `${this.#name}: is too short to be a capture file (${this.#held} bytes)`);
    }
    if (this.#held > 0 && this.#offset === 0) {
      throw new FileError(`${this.#name}: is cut off in its file header, after ${this.#held} bytes: no packet is in it`);
    }
    if (this.#held > 0 || this.#toSkip > 0) {
      throw new FileError(`${this.#name}: is cut off in the middle of a record, which begins at byte ${this.#offset}; ${this.#kept()}`);
    }
  }

  #kept(): string {
    const frames = this.#format?.frames ?? 0;
    return frames === 1 ? 'the 1 frame before it was read' : `the ${frames} frames before it were read`;
  }
}

/** First bytes of compressed files, and what unpacks them to standard output. */
const COMPRESSED: readonly (readonly [magic: readonly number[], command: string])[] = [
  [[0x1f, 0x8b], 'gunzip -c'], [[0x28, 0xb5, 0x2f, 0xfd], 'zstd -dc'], [[0xfd, 0x37, 0x7a, 0x58], 'xz -dc'], [[0x42, 0x5a, 0x68], 'bzip2 -dc'],
  [[0x04, 0x22, 0x4d, 0x18], 'lz4 -dc'], [[0x50, 0x4b, 0x03, 0x04], 'unzip -p'],
];

function unpackerOf(bytes: Uint8Array, start: number): string | null {
  return COMPRESSED.find(([magic]) => magic.every((byte, i) => bytes[start + i] === byte))?.[1] ?? null;
}

function reason(error: unknown): string {
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'ENOENT') return 'there is no such file';
    if (error.code === 'EACCES') return 'permission denied';
  }
  return error instanceof Error ? error.message : String(error);
}
