/** The names of body fields that are masked, compared without regard to ASCII case. */
export class FieldNames {
  readonly #names: ReadonlySet<string>;
  /** Bytes of the longest name, UTF-8. */
  readonly longest: number;

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map(lower));
    this.longest = Math.max(0, ...names.map((name) => Buffer.byteLength(name)));
  }

  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  /** @param name as the bytes of UTF-8 in latin1, which is how bodies are read here */
  has(name: string): boolean {
    return this.#names.has(lower(Buffer.from(name, 'latin1').toString()));
  }
}

const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
