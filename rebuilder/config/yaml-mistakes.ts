import { LineCounter, isCollection, parseDocument, visit, type Document, type YAMLError } from 'yaml';
import { ConfigError, type Mistake } from './mistakes.ts';

/** A configuration has some hundred values; more come only of aliases that repeat each other. */
const MAX_ALIASES = 100;
/** Deeper than any configuration, and far from what the parser's own recursion can take. */
const MAX_DEPTH = 100;

const SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'is indented with a tab: YAML wants spaces',
  DUPLICATE_KEY: 'has this key for the second time in its section: keep one of them',
  BAD_INDENT: 'is not indented as the lines around it: entries of one section begin in the same column',
  MULTILINE_IMPLICIT_KEY: 'is neither a key with its value nor part of the one before: is a colon missing, or is it indented wrongly?',
  BLOCK_AS_IMPLICIT_KEY: 'holds a key behind another one, or is indented too far: begin a new line, in the column of its section',
  BLOCK_IN_FLOW: 'begins a section inside { } or [ ]: close the bracket first',
  MISSING_CHAR: 'misses a character, such as a closing quote or bracket, or the blank behind a colon',
  MULTIPLE_DOCS: 'begins a second document (---): a configuration is one document',
  BAD_ALIAS: 'has an alias (*name) that YAML does not allow here',
  BAD_DQ_ESCAPE: 'has a backslash in double quotes that stands for nothing: use single quotes',
};

interface ParsedYaml {
  readonly value: unknown;
  readonly document: Document;
  readonly lines: LineCounter;
  /** Keys that are given twice: the rest of the file can be judged all the same. */
  readonly mistakes: readonly Mistake[];
}

/** YAML, or a ConfigError with its mistakes in our words. */
export function readYaml(text: string, name: string): ParsedYaml {
  const lines = new LineCounter();
  if (depthOf(text) > MAX_DEPTH) throw new ConfigError(name, [{ path: '', sentence: `is nested deeper than ${MAX_DEPTH} levels: no key of a configuration is` }]);
  const document = parseDocument(text, { lineCounter: lines });
  const mistakes = document.errors.map((error) => mistakeOf(error, text, document, lines));
  if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) throw new ConfigError(name, mistakes);
  const stray = [...strayAliases(document, lines), ...collectionKeys(document, lines)];
  if (stray.length > 0) {
    throw new ConfigError(name, [...mistakes, ...stray].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  }
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), document, lines, mistakes };
  } catch {
    throw new ConfigError(name, [{ path: '', sentence: `repeats parts of itself by aliases more than ${MAX_ALIASES} times: write them out` }]);
  }
}

function mistakeOf({ code, message, pos }: YAMLError, text: string, document: Document, lines: LineCounter): Mistake {
  const line = lines.linePos(pos[0]).line;
  if (/ and end with a [}\]]/.test(message)) {
    const opened = openBracket(text, document, pos[0]);
    if (opened !== null) return { path: '', line: lines.linePos(opened).line, sentence: `opens a ${text[opened]} that is not closed: add the bracket` };
    return { path: '', line, sentence: 'begins inside a { or [ of a line above that is not closed: add the bracket' };
  }
  const quote = /^Missing closing ["']/.test(message) ? openQuote(document, pos[0]) : null;
  if (quote !== null) {
    return { path: '', line: lines.linePos(quote).line, sentence: `opens a ${text[quote]} that is not closed: add the quote` };
  }
  return {
    path: '', line,
    sentence: SENTENCES[code] ?? `is not valid YAML: ${message.replace(/\n[^]*$/, '').replace(/ at line \d+, column \d+:?$/, '')}`,
  };
}

/** Where the quoted scalar begins that goes on to `until`; null = there is none. */
function openQuote(document: Document, until: number): number | null {
  let open: number | null = null;
  visit(document, {
    Scalar: (_key, { type, range }) => {
      if ((type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') && range && range[0] < until && range[2] >= until) open = range[0];
    },
  });
  return open;
}

/** Where the innermost bracket before `until` stands that nothing closes; null = none is known. */
function openBracket(text: string, document: Document, until: number): number | null {
  let open: number | null = null;
  visit(document, {
    Collection: (_key, { flow, range }) => {
      if (flow !== true || !range || range[0] > until) return;
      const closing = text[range[0]] === '{' ? '}' : ']';
      if (range[1] <= range[0] + 1 || text[range[1] - 1] !== closing) open = range[0];
    },
  });
  return open;
}

/** Keys that are a list or a map, which no section has. */
function collectionKeys(document: Document, lines: LineCounter): Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Pair: (_key, { key }) => {
      if (!isCollection(key)) return;
      found.push({
        path: '', ...(key.range ? { line: lines.linePos(key.range[0]).line } : {}),
        sentence: 'has a list or a section for a key: a key is one word, with a colon behind it',
      });
    },
  });
  return found;
}

/** Aliases of nothing, and of what they stand in, which has no end. */
function strayAliases(document: Document, lines: LineCounter): Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Alias: (_key, node, path) => {
      const named = node.resolve(document);
      if (named !== undefined && !path.includes(named)) return;
      found.push({
        path: '', ...(node.range ? { line: lines.linePos(node.range[0]).line } : {}),
        sentence: `has the alias *${node.source}, but ${named === undefined
          ? `nothing before it is named &${node.source}: write the value, or name it first`
          : `stands in what is named &${node.source} itself: write the value`}`,
      });
    },
  });
  return found;
}

/**
 * How deep brackets stand in one another, and lists in lists on one line. (Keys below keys cost a line and its
 * indentation each.)
 */
function depthOf(text: string): number {
  let brackets = 0;
  let deepest = 0;
  for (const char of text) {
    if (char === '[' || char === '{') deepest = Math.max(deepest, ++brackets);
    else if (char === ']' || char === '}') brackets = Math.max(0, brackets - 1);
  }
  for (const [dashes] of text.matchAll(/^ *(?:- +)+/gm)) deepest = Math.max(deepest, dashes.replaceAll(' ', '').length);
  return deepest;
}
