import { readFileSync } from 'node:fs';
import { isMap as isYamlMap, isScalar, isSeq, type Document, type LineCounter } from 'yaml';
import { KNOWN_KEYS, unknownKey } from './known-keys.ts';
import { ConfigError, type Mistake } from './mistakes.ts';
import { resolve, type Findings, type Path } from './resolve.ts';
import { schema, type FileValues } from './schema.ts';
import type { Settings } from './settings.ts';
import { readStandardInput } from './standard-input.ts';
import { isMap, isVersion1, renameVersion1 } from './version-1.ts';
import { readYaml } from './yaml-mistakes.ts';

export interface LoadedConfig {
  readonly settings: Settings;
  /** Whole sentences: what the file says is obeyed, but the user should know. */
  readonly warnings: readonly string[];
  /** Keys (as paths) of the detection node that have no effect here; to be named once. */
  readonly ignored: readonly string[];
}

/** Reads a configuration file; `-` is standard input. Throws ConfigError with every mistake of it. */
export function loadConfig(path: string): LoadedConfig {
  let text: string;
  try {
    text = (path === '-' ? readStandardInput() : readFileSync(path)).toString('utf8');
  } catch (error) {
    throw new ConfigError(path, [{ path: '', sentence: `cannot be read: ${reasonOf(error)}` }]);
  }
  return parseConfig(text, path);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : '';
  switch (code) {
    case 'ENOENT': return 'there is no such file';
    case 'EACCES': return 'permission denied';
    case 'EISDIR': return 'it is a folder';
    default: return error.message;
  }
}

/** The settings of an empty file. */
export const defaultSettings = (): Settings => parseConfig('', 'defaults').settings;

/** `name` is how mistakes call the file. */
export function parseConfig(text: string, name: string): LoadedConfig {
  const { value, document, lines, mistakes: twice } = readYaml(text, name);
  const raw: unknown = value ?? {};
  if (!isMap(raw)) throw new ConfigError(name, [{ path: '', sentence: 'is not a map of keys: begin with lines such as \'mode: tcp-capture-v2\'' }]);

  const findings: Findings = { mistakes: [], warnings: [], ignored: [] };
  const renamed = isVersion1(raw) ? renameVersion1(raw) : null;
  const values = renamed?.values ?? raw;
  mendFilters(values, findings.warnings);
  const given = withoutNulls(values);
  const file = check(given, findings);
  findings.ignored.push(...KNOWN_KEYS.filter((known) => known.ignored && has(given, known.path.split('.'))).map((known) => known.path));
  const settings = resolve(file, findings);

  const mistakes = [
    ...(renamed?.mistakes ?? []).map(({ path, sentence }) => ({ path, sentence })),
    ...findings.mistakes.map(({ path, sentence }) => ({ path: originalPath(path, renamed?.origin), sentence })),
  ].map(({ path, sentence }) => toMistake(path, sentence, raw, document, lines)).concat(twice);
  if (mistakes.length > 0) throw new ConfigError(name, mistakes.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  return { settings, warnings: findings.warnings, ignored: findings.ignored };
}

/**
 * Checks the file; of a section with a mistake the defaults go on, so that what depends on the others is judged too.
 */
function check(given: Record<string, unknown>, findings: Findings): FileValues {
  const first = schema.safeParse(given);
  if (first.success) return first.data;
  const sound = { ...given };
  for (const issue of first.error.issues) {
    const path = issue.path.map((step) => typeof step === 'number' ? step : String(step));
    if (issue.code === 'unrecognized_keys') {
      const section = path.map((step) => typeof step === 'number' ? '[]' : `.${step}`).join('').replace(/^\./, '');
      for (const key of issue.keys) {
        findings.mistakes.push({ path: [...path, key], sentence: unknownKey(section, key) });
        if (path.length === 0) delete sound[key];
      }
    } else {
      findings.mistakes.push({ path, sentence: issue.message });
    }
    if (path.length > 0) delete sound[String(path[0])];
  }
  return schema.parse(sound);
}

/**
 * The vendor's page writes `- headers:` and the header's name one step too far left, so that YAML makes it a key of the
 * filter. Its meaning is plain, so it is taken as meant.
 */
function mendFilters(values: Record<string, unknown>, warnings: string[]): void {
  const filters = values['input_filters'];
  if (!isMap(filters)) return;
  for (const [list, entries] of Object.entries(filters)) {
    if (!Array.isArray(entries)) continue;
    entries.forEach((entry: unknown, i) => {
      if (!isMap(entry) || entry['headers'] !== null) return;
      const strays = Object.keys(entry).filter((name) => !['path', 'url', 'headers', 'ip_addresses'].includes(name));
      if (strays.length === 0) return;
      entry['headers'] = Object.fromEntries(strays.map((name) => [name, entry[name]]));
      for (const name of strays) delete entry[name];
      warnings.push(`input_filters.${list}[${i}]: ${strays.join(', ')} stands beside headers and is taken as under it: indent it`);
    });
  }
}

/** `key:` with nothing after it means its default. */
function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
  const given = Object.entries(value).filter(([, it]) => it !== null);
  return Object.fromEntries(given.map(([name, it]) => [name, cleaned(it)]));
}

function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned);
  return isMap(value) ? withoutNulls(value) : value;
}

function has(values: unknown, [name, ...rest]: readonly string[]): boolean {
  return name === undefined || (isMap(values) && name in values && has(values[name], rest));
}

/** Where a key of today's form stands in a file of the oldest form. */
function originalPath(path: Path, origin: ReadonlyMap<string, string> | undefined): Path {
  for (let length = path.length; origin && length > 0; length--) {
    const was = origin.get(path.slice(0, length).join('.'));
    if (was !== undefined) return [...was.split('.').map((step) => /^\d+$/.test(step) ? Number(step) : step), ...path.slice(length)];
  }
  return path;
}

function toMistake(path: Path, sentence: string, raw: unknown, document: Document, lines: LineCounter): Mistake {
  // An entry that may stand alone or in a list has an index here only if the file has a list.
  const steps: (string | number)[] = [];
  let value: unknown = raw;
  for (const step of path) {
    if (typeof step === 'number' && value !== undefined && !Array.isArray(value)) continue;
    steps.push(step);
    value = Array.isArray(value) && typeof step === 'number' ? value[step] : isMap(value) ? value[step] : undefined;
  }
  const written = steps.map((step) => typeof step === 'number' ? `[${step}]` : `.${step}`).join('').replace(/^\./, '');
  const offset = offsetOf(document, steps);
  return offset === null ? { path: written, sentence } : { path: written, line: lines.linePos(offset).line, sentence };
}

/** Offset of the deepest key or entry on the path that the file has. */
function offsetOf(document: Document, steps: Path): number | null {
  let node: unknown = document.contents;
  let offset: number | null = null;
  for (const step of steps) {
    if (isYamlMap(node)) {
      const pair = node.items.find((it) => isScalar(it.key) && String(it.key.value) === String(step));
      if (!pair || !isScalar(pair.key)) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) offset = Number(node.range[0]);
    } else {
      break;
    }
  }
  return offset;
}
