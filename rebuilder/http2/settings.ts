const SETTING_BYTES = 6;

/** The settings of a SETTINGS frame in any pieces (RFC 9113 6.5.1). */
export class SettingsReader {
  readonly #bytes = Buffer.alloc(SETTING_BYTES);
  #read = 0;

  reset(): void {
    this.#read = 0;
  }

  /** @param obey gets each setting that is whole */
  read(
    bytes: Uint8Array, start: number, end: number, obey: { obey(setting: number, value: number): void } | null,
  ): void {
    for (let at = start; at < end; at++) {
      this.#bytes[this.#read++] = bytes[at]!;
      if (this.#read < SETTING_BYTES) continue;
      this.#read = 0;
      obey?.obey(this.#bytes.readUInt16BE(0), this.#bytes.readUInt32BE(2));
    }
  }
}
