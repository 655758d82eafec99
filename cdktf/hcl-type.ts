/**
 * A Terraform type constraint as a TypeScript type, such as `list(object({ a = optional(string) }))`. Names inside objects stay as they
 * are: Terraform reads them. Wherever CDKTF has no stand-in of the type itself for a value known after apply, IResolvable is one.
 * `indent` is that of the line the type stands in.
 */
export function typescriptType(constraint: string, indent = '  '): string {
  const parser = new Parser(constraint, indent);
  const type = parser.type();
  parser.end();
  return type;
}

const SIMPLE: Readonly<Record<string, string>> = { string: 'string', number: 'number', bool: 'boolean | IResolvable', any: 'unknown' };

class Parser {
  private readonly tokens: string[];
  private at = 0;
  private indent: string;

  constructor(constraint: string, indent: string) {
    this.indent = indent;
    this.tokens = constraint.match(/"(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*|-?[\d.]+|[{}()[\]=,:]/g) ?? [];
  }

  type(): string {
    const word = this.next();
    const simple = SIMPLE[word];
    if (simple !== undefined) return simple;
    this.expect('(');
    const inner = word === 'object' ? this.fields() : this.type();
    this.expect(')');
    if (word === 'object') return inner;
    if (word === 'list' || word === 'set') return `readonly ${/[ |]/.test(inner) && !inner.startsWith('{') ? `(${inner})` : inner}[]`;
    if (word === 'map') return `Readonly<Record<string, ${inner}>> | IResolvable`;
    throw new Error(`a type constraint that is not known here: ${word}`);
  }

  end(): void {
    if (this.at !== this.tokens.length) throw new Error(`unexpected ${this.tokens[this.at]} after a type`);
  }

  private fields(): string {
    const fields: string[] = [];
    const outer = this.indent;
    this.indent += '  ';
    this.expect('{');
    while (this.tokens[this.at] !== '}') {
      const name = this.next();
      this.expect('=');
      const optional = this.tokens[this.at] === 'optional';
      if (optional) this.at += 2;
      fields.push(`${this.indent}readonly ${name}${optional ? '?' : ''}: ${this.type()};\n`);
      if (optional) this.skipDefault();
      if (this.tokens[this.at] === ',') this.at += 1;
    }
    this.expect('}');
    this.indent = outer;
    return `{\n${fields.join('')}${outer}}`;
  }

  /** `, default)` of optional(type, default). */
  private skipDefault(): void {
    for (let depth = 0; ; this.at += 1) {
      const token = this.tokens[this.at];
      if (token === undefined) throw new Error('optional( has no end');
      if (token === ')' && depth === 0) break;
      if ('([{'.includes(token)) depth += 1;
      if (')]}'.includes(token)) depth -= 1;
    }
    this.at += 1;
  }

  private next(): string {
    const token = this.tokens[this.at];
    if (token === undefined) throw new Error('a type constraint ends too early');
    this.at += 1;
    return token;
  }

  private expect(token: string): void {
    const found = this.next();
    if (found !== token) throw new Error(`expected ${token} in a type constraint, found ${found}`);
  }
}
