import { LineCounter, parseDocument, visit, type Document, type YAMLError } from 'yaml';
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

interface ParsedYaml { readonly value: unknown; readonly document: Document; readonly lines: LineCounter }

/** YAML, or a ConfigError with its mistakes in our words. */
export function readYaml(text: string, name: string): ParsedYaml {
  const lines = new LineCounter();
  if (depthOf(text) > MAX_DEPTH) throw new ConfigError(name, [{ path: '', sentence: `is nested deeper than ${MAX_DEPTH} levels: no key of a configuration is` }]);
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) throw new ConfigError(name, document.errors.map((error) => mistakeOf(error, lines)));
  const stray = strayAliases(document, lines);
  if (stray.length > 0) throw new ConfigError(name, stray);
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), document, lines };
  } catch {
    throw new ConfigError(name, [{ path: '', sentence: `repeats parts of itself by aliases more than ${MAX_ALIASES} times: write them out` }]);
  }
}

function mistakeOf({ code, message, pos }: YAMLError, lines: LineCounter): Mistake {
  const own = / and end with a [}\]]/.test(message) ? 'begins inside a { or [ of a line above that is not closed: add the bracket' : SENTENCES[code];
  return {
    path: '', line: lines.linePos(pos[0]).line,
    sentence: own ?? `is not valid YAML: ${message.replace(/\n[^]*$/, '').replace(/ at line \d+, column \d+:?$/, '')}`,
  };
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
