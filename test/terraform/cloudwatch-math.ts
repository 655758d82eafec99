// As much of CloudWatch's metric math as our alarms use, over series of one value a period (undefined: no data).
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

export type Series = readonly (number | undefined)[];
type Value = Series | number;

/** The series that an expression makes of others. */
export function evaluate(expression: string, series: Readonly<Record<string, Series>>): Series {
  const tokens = expression.match(/[A-Za-z_]\w*|\d+(?:\.\d+)?|[-+/(),<>]/g) ?? [];
  const length = Math.max(...Object.values(series).map((one) => one.length));
  let at = 0;

  const take = (): string => tokens[at++] ?? '';
  const expect = (wanted: string): void => {
    const found = take();
    if (found !== wanted) throw new Error(`expected ${wanted} in ${expression}, found ${found}`);
  };
  const values = (value: Value): Series => typeof value === 'number' ? Array<number>(length).fill(value) : value;
  const each = (a: Value, b: Value, join: (a: number, b: number) => number): Series => {
    const [left, right] = [values(a), values(b)];
    return left.map((one, i) => one === undefined || right[i] === undefined ? undefined : join(one, right[i]));
  };

  function primary(): Value {
    const token = take();
    if (token === '(') {
      const inner = either();
      expect(')');
      return inner;
    }
    if (/^\d/.test(token)) return Number(token);
    if (tokens[at] !== '(') {
      const found = series[token];
      if (found === undefined) throw new Error(`no series ${token} in ${expression}`);
      return found;
    }
    const args: Value[] = [];
    expect('(');
    do args.push(either()); while (take() === ',');
    return call(token, args);
  }

  function call(name: string, args: readonly Value[]): Value {
    const [first = 0, second = 0, third = 0] = args;
    if (name === 'DIFF') return values(first).map((one, i, all) => one === undefined || all[i - 1] === undefined ? undefined : one - all[i - 1]!);
    if (name === 'FILL') return values(first).map((one, i) => one ?? values(second)[i]);
    if (name === 'IF') return values(first).map((one, i) => one === undefined ? undefined : values(one === 0 ? third : second)[i]);
    throw new Error(`${name} is not known here`);
  }

  const chain = (next: () => Value, operators: Readonly<Record<string, (a: number, b: number) => number>>): Value => {
    let left = next();
    for (let join = operators[tokens[at] ?? '']; join !== undefined; join = operators[tokens[at] ?? '']) {
      at += 1;
      left = each(left, next(), join);
    }
    return left;
  };
  const quotient = (): Value => chain(primary, { '/': (a, b) => a / b });
  const sum = (): Value => chain(quotient, { '+': (a, b) => a + b, '-': (a, b) => a - b });
  const comparison = (): Value => chain(sum, { '>': (a, b) => Number(a > b), '<': (a, b) => Number(a < b) });
  const either = (): Value => chain(comparison, { AND: (a, b) => Number(a !== 0 && b !== 0) });

  const result = values(either());
  if (at !== tokens.length) throw new Error(`${tokens[at]} is left over in ${expression}`);
  return result;
}
