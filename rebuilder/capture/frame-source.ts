/** Link-layer header types, by their LINKTYPE_ number (https://www.tcpdump.org/linktypes.html). */
export const LinkType = {
  null: 0,
  ethernet: 1,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  linuxSll2: 276,
  /** Not a LINKTYPE: the bytes begin with a VXLAN header (RFC 7348), as a UDP socket on 4789 delivers them. */
  vxlan: -1,
  /** Not a LINKTYPE: the bytes begin with a GENEVE header (RFC 8926), as a UDP socket on 6081 delivers them. */
  geneve: -2,
} as const;

/**
 * Where a source puts what it captured: one call a frame or datagram, no object a packet.
 * `bytes` is only borrowed: the callee copies what it wants to keep before it returns.
 */
export interface FrameSink {
  /**
   * @param link one of LinkType
   * @param start first byte of the frame in `bytes`
   * @param end one past the last captured byte
   * @param originalLength bytes the frame had on the wire (> end - start: the capture cut it)
   * @param timeMs milliseconds since the epoch, fractions allowed
   * @param outerSource IPv4 address of the tunnel's sender as a signed 32-bit number (for AWS the primary address of
   *   the mirrored ENI); 0 = unknown
   */
  frame(
    link: number, bytes: Uint8Array, start: number, end: number,
    originalLength: number, timeMs: number, outerSource: number,
  ): void;
  /**
   * Called after each batch of frames (at least once a second on live sources, also when nothing came): write out,
   * expire.
   */
  batchEnd(timeMs: number): void;
}

/** A live or stored origin of frames. */
export interface FrameSource {
  /** Begins to call the sink. Rejects with a one-sentence error when the source cannot be opened. */
  start(sink: FrameSink): Promise<void>;
  /** Resolves when a finite source (a file) has been read to its end; a live source resolves after stop(). */
  readonly done: Promise<void>;
  /** Stops calling the sink and frees what the source holds. */
  stop(): Promise<void>;
  /** One line for logs and the status page, such as `vxlan 0.0.0.0:4789 (recvmmsg, 32 MiB receive buffer)`. */
  describe(): string;
}
