/** Widest line of a table: what every terminal has. */
const COLUMNS = 80;

/**
 * Rows under their headings, in columns two spaces apart. Cells that do not fit are broken at words into more lines,
 * the last column first: nothing is cut off, and no line is longer than `columns`.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], columns = COLUMNS): string {
  const all = [headings, ...rows];
  const natural = headings.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  const widths = fit(natural, columns - 2 * (headings.length - 1));
  return all
    .flatMap((row) => lines(row, widths))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** The widest columns give way until the sum fits; none gets narrower than ten. */
function fit(natural: readonly number[], space: number): number[] {
  const widths = [...natural];
  while (widths.reduce((sum, width) => sum + width, 0) > space) {
    const widest = Math.max(...widths);
    if (widest <= 10) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return widths;
}

function lines(row: readonly string[], widths: readonly number[]): string[] {
  const cells = widths.map((width, i) => wrap(row[i] ?? '', width));
  return Array.from({ length: Math.max(...cells.map(({ length }) => length)) }, (_, line) =>
    cells.map((cell, i) => (cell[line] ?? '').padEnd(widths[i] ?? 0)).join('  '),
  );
}

/**
 * Words in lines of at most `width`; a longer one, such as an ARN, is broken, behind one of its `:`, `/`, `,` and `-`
 * if it can be.
 */
export function wrap(text: string, width: number): string[] {
  const broken: string[] = [];
  let last = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, width))) {
    if (last === '') {
      last = word;
    } else if (last.length + 1 + word.length <= width) {
      last += ` ${word}`;
    } else {
      broken.push(last);
      last = word;
    }
  }
  return [...broken, last];
}

function pieces(word: string, width: number): string[] {
  const parts: string[] = [];
  let rest = word;
  while (rest.length > width) {
    const head = rest.slice(0, width);
    const at = Math.max(...[':', '/', ',', '-'].map((mark) => head.lastIndexOf(mark))) + 1;
    // Not so early that the line is nearly empty.
    const length = at > width / 2 ? at : width;
    parts.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
  return [...parts, rest];
}
