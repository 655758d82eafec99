/** A Terraform type constraint, such as `list(object({ a = optional(string) }))`. A set is a list to JSON. */
export type HclType =
  | { readonly kind: 'string' | 'number' | 'bool' | 'any' }
  | { readonly kind: 'list' | 'map'; readonly of: HclType }
  | { readonly kind: 'object'; readonly fields: readonly Field[] };

interface Field { readonly name: string; readonly optional: boolean; readonly type: HclType }

/** What the text of a constraint says. What is not known is an error, not a guess. */
export function parseType(constraint: string): HclType {
  const parser = new Parser(constraint);
  const type = parser.type();
  parser.end();
  return type;
}

class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(constraint: string) {
    this.#tokens = constraint.match(/"(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*|-?[\d.]+|[{}()[\]=,:]/g) ?? [];
  }

  type(): HclType {
    const kind = this.#next();
    if (kind === 'string' || kind === 'number' || kind === 'bool' || kind === 'any') return { kind };
    this.#expect('(');
    const type = this.#collection(kind);
    this.#expect(')');
    return type;
  }

  end(): void {
    if (this.#at !== this.#tokens.length) throw new Error(`unexpected ${this.#tokens[this.#at]} after a type`);
  }

  #collection(kind: string): HclType {
    if (kind === 'object') return { kind, fields: this.#fields() };
    if (kind === 'list' || kind === 'set') return { kind: 'list', of: this.type() };
    if (kind === 'map') return { kind, of: this.type() };
    throw new Error(`a type constraint that is not known here: ${kind}`);
  }

  #fields(): Field[] {
    const fields: Field[] = [];
    this.#expect('{');
    while (this.#tokens[this.#at] !== '}') {
      const name = this.#next();
      this.#expect('=');
      const optional = this.#tokens[this.#at] === 'optional';
      if (optional) this.#at += 2;
      fields.push({ name, optional, type: this.type() });
      if (optional) this.#skipDefault();
      if (this.#tokens[this.#at] === ',') this.#at += 1;
    }
    this.#expect('}');
    return fields;
  }

  /** `, default)` of optional(type, default). */
  #skipDefault(): void {
    for (let depth = 0; ; this.#at += 1) {
      const token = this.#tokens[this.#at];
      if (token === undefined) throw new Error('optional( has no end');
      if (token === ')' && depth === 0) break;
      if ('([{'.includes(token)) depth += 1;
      if (')]}'.includes(token)) depth -= 1;
    }
    this.#at += 1;
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Error('a type constraint ends too early');
    this.#at += 1;
    return token;
  }

  #expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw new Error(`expected ${token} in a type constraint, found ${found}`);
  }
}
