import type { CounterName } from '../ledger.ts';

/**
 * Header fields that framing, rules or forwarding look at; every other field is `other`. Recognised once, by the
 * parser.
 */
export const Field = {
  other: 0,
  /** A line without a colon, or with a name that is no token: kept as it is. */
  malformed: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  host: 5,
  expect: 6,
  upgrade: 7,
  /**
   * A name that we add ourselves (docs/forwarding.md), `_` for `-` and any case included: renamed in place when
   * forwarded.
   */
  reserved: 8,
  xRequestId: 9,
  /** Keep-Alive, Proxy-Connection, TE, Trailer: hop-by-hop. */
  hopByHop: 10,
  contentType: 11,
} as const;

/** Numbers in `lines` for one header line. */
export const LINE_STRIDE = 5;

/**
 * Where the parts of a header line are in the message's bytes; `at` = where its numbers begin in `lines`, below what is
 * filled.
 */
export const nameStartOf = (lines: Int32Array, at: number): number => lines[at + 1]!;
export const nameEndOf = (lines: Int32Array, at: number): number => lines[at + 2]!;
export const valueStartOf = (lines: Int32Array, at: number): number => lines[at + 3]!;
export const valueEndOf = (lines: Int32Array, at: number): number => lines[at + 4]!;

export type Framing = 'none' | 'length' | 'chunked' | 'close';

/** Who talks to whom: the innermost addresses of a connection. Text forms are made on first use and kept. */
export interface Endpoints {
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
  /** null = captured without a tunnel */
  readonly vni: number | null;
  /** From a PROXY protocol header of a trusted balancer (PROXY protocol specification, 2.1 and 2.2); null = none. */
  readonly proxied: {
    readonly clientAddress: string; readonly clientPort: number;
    readonly serverAddress: string; readonly serverPort: number;
  } | null;
}

/** What requests and responses share: the bytes as they were on the wire, and where their parts are. */
export interface Message {
  /**
   * Holds the message from `start` to `end`, chunked framing included. Borrowed while a callback runs (a view of the
   * receive slab); `retain()` makes the message own a copy.
   */
  bytes: Uint8Array;
  /** First byte of the start line. */
  start: number;
  /** First byte after the start line's end-of-line. */
  headersStart: number;
  /** First byte after the empty line; = start of the body. */
  headEnd: number;
  /** One past the last byte of the message that we hold. */
  end: number;
  /**
   * The header lines, LINE_STRIDE numbers each: Field, nameStart (= start of the line), nameEnd, valueStart, valueEnd
   * (without surrounding blanks; an obs-fold value spans its lines). Offsets in `bytes`. Borrowed like `bytes`. A line
   * ends where the next begins (or at the empty line).
   */
  lines: Int32Array;
  lineCount: number;
  framing: Framing;
  /** True length of the entity body in bytes (chunk framing taken off), also when not all of it is held. */
  bodySize: number;
  /** false: bytes of this message are known to be missing; `lost` says why. */
  complete: boolean;
  lost: CounterName[] | null;
  /**
   * Time of the packet that began the message, ms since the epoch (until the pipeline has emitted it: since the
   * pipeline's first frame).
   */
  timeMs: number;
  /** Time of the packet that completed it. */
  lastByteMs: number;
}

export interface Request extends Message {
  readonly endpoints: Endpoints;
  /** Sequence number of `bytes[start]`, as a signed 32-bit number. */
  seq: number;
  methodEnd: number;
  targetStart: number;
  targetEnd: number;
  /** = versionEnd when the version is missing (HTTP/0.9) */
  versionStart: number;
  versionEnd: number;
  /** Names of the tolerances this request needed (see irregular.ts); null = a clean request of RFC 9112. */
  irregular: string[] | null;
  /** A second delivery: bytes that had been given up came late. */
  correction: boolean;
  /**
   * 1 = the first reading of its place in the stream, mostly the only one; 2, … = what else its receiver may have read
   * there.
   */
  reading: number;
  /**
   * A search found it, or it follows one that was, or another reading of what stands before it begins none here:
   * nothing proves that it is a request, and not what a client wrote into a body.
   */
  isFound: boolean;
  /** Unread until `pairing` has set it. */
  response: Response | null;
  /** Hex; hash of the inner 5-tuple, `seq` and the head (no VNI): the same request seen twice has the same id. */
  readonly id: string;
}

export interface Response extends Message {
  status: number;
  reasonStart: number;
  reasonEnd: number;
  versionStart: number;
  versionEnd: number;
}
