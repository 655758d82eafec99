import { int32 } from './big-endian.ts';
import type { Packet } from './packet.ts';

const END = 0;
const NO_OPERATION = 1;
const WINDOW_SCALE = 3;
const TIMESTAMPS = 8;
const MD5_SIGNATURE = 19;
const AUTHENTICATION = 29;
const MULTIPATH = 30;
/** The shortest of them that matter here. */
const LEAST_MULTIPATH_BYTES = 4;

/** Of Multipath TCP's options (RFC 8684 8.2). */
export const MultipathSubtype = { capable: 0, join: 1, dataSequence: 2 } as const;

/** TCP-AO with one byte of its code, which is fewer than anybody sends. */
const SHORTEST_SIGNATURE = 5;
/** Two NOPs and the timestamps: how everybody sends them. */
const ALIGNED_TIMESTAMPS = 0x0101_080a;
const ALIGNED_BYTES = 12;
/** RFC 7323 2.3. */
const MAX_SCALE = 14;

/** What a segment's options say (RFC 9293 3.2, 7323, 2385, 5925, 8684). One object, overwritten for each segment. */
export class TcpOptions {
  hasTimestamps = false;
  /** TSval. */
  timestamp = 0;
  /** -1 = the option is not there. */
  windowScale = -1;
  /** MD5 signature or TCP-AO: a receiver without the key drops the segment. */
  isSigned = false;
  /**
   * A length that cannot be, where a signature might stand: a receiver that looks for one drops the segment, others
   * read the options before it. (Linux: tcp_do_parse_auth_options looks at no option in the last 4 bytes.)
   */
  isMalformed = false;
  /** Of MultipathSubtype; -1 = there is no such option. */
  multipath = -1;
  /** Where that option begins. */
  multipathAt = -1;

  read({ bytes, optionsStart, dataStart }: Packet): void {
    this.hasTimestamps = false;
    this.windowScale = -1;
    this.isSigned = false;
    this.isMalformed = false;
    this.multipath = -1;
    this.multipathAt = -1;
    if (dataStart - optionsStart === ALIGNED_BYTES && int32(bytes, optionsStart) === ALIGNED_TIMESTAMPS) {
      this.hasTimestamps = true;
      this.timestamp = int32(bytes, optionsStart + 4);
      return;
    }
    for (let at = optionsStart; at < dataStart;) {
      const kind = bytes[at]!;
      if (kind === END) return;
      if (kind === NO_OPERATION) {
        at++;
        continue;
      }
      const length = at + 1 < dataStart ? bytes[at + 1]! : 0;
      if (length < 2 || at + length > dataStart) {
        this.isMalformed = dataStart - at >= SHORTEST_SIGNATURE;
        return;
      }
      if (kind === TIMESTAMPS && length === 10) {
        this.hasTimestamps = true;
        this.timestamp = int32(bytes, at + 2);
      } else if (kind === WINDOW_SCALE && length === 3) {
        this.windowScale = Math.min(MAX_SCALE, bytes[at + 2]!);
      } else if (kind === MD5_SIGNATURE || kind === AUTHENTICATION) {
        this.isSigned = true;
      } else if (kind === MULTIPATH && length >= LEAST_MULTIPATH_BYTES) {
        const subtype = bytes[at + 2]! >> 4;
        if (subtype <= MultipathSubtype.dataSequence) {
          this.multipath = subtype;
          this.multipathAt = at;
        }
      }
      at += length;
    }
  }
}
