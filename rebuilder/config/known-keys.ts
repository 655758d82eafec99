import { z } from 'zod';
import { nearest } from './nearest.ts';
import { schema } from './schema.ts';

/** What one key of the file is, as far as documentation, suggestions and the list of ignored keys need it. */
export interface KnownKey {
  /** `tcp_stream.ignore_ips[].subnets`; `[]` = an entry of a list. */
  readonly path: string;
  /** Accepted for the detection node's sake, without effect. */
  readonly ignored: boolean;
  readonly effect: string;
  readonly unit: string;
  /** As one would write it. */
  readonly default: string;
}

export const KNOWN_KEYS: readonly KnownKey[] = [...leaves(schema, '')];

function* leaves(type: z.ZodType, path: string): Generator<KnownKey> {
  const meta = type.meta() ?? {};
  if (meta['ignored'] === true || typeof meta['effect'] === 'string') {
    const said = meta['default'];
    const value = unwrap(type);
    yield {
      path, ignored: meta['ignored'] === true, effect: String(meta['effect'] ?? ''), unit: String(meta['unit'] ?? ''),
      default: typeof said === 'string' ? said : value.has ? written(value.prefault) : 'required',
    };
    return;
  }
  const inner = unwrap(type).type;
  if (inner instanceof z.ZodObject) {
    for (const [name, child] of Object.entries(inner.shape)) yield* leaves(child, path === '' ? name : `${path}.${name}`);
  } else if (inner instanceof z.ZodArray) {
    const element = inner.element;
    if (element instanceof z.ZodType) yield* leaves(element, `${path}[]`);
  } else if (inner instanceof z.ZodLazy) {
    const entry = inner.unwrap();
    if (entry instanceof z.ZodType) yield* leaves(entry, path);
  }
}

function unwrap(type: unknown): { type: unknown; has: boolean; prefault?: unknown } {
  if (type instanceof z.ZodPrefault) return { ...unwrap(type.unwrap()), has: true, prefault: type.def.defaultValue };
  if (type instanceof z.ZodOptional) return unwrap(type.unwrap());
  // A preprocessed list: what comes out of the pipe is the schema.
  if (type instanceof z.ZodPipe && (type.out instanceof z.ZodArray)) return unwrap(type.out);
  return { type, has: false };
}

function written(value: unknown): string {
  if (value === '' || (Array.isArray(value) && value.length === 0)) return 'empty';
  if (typeof value === 'object') return 'empty';
  return `\`${String(value)}\``;
}

/**
 * The sentence about a key that does not exist: the nearest one of its section, else the section where one of that name
 * is at home.
 */
export function unknownKey(section: string, name: string): string {
  const siblings = [...new Set(KNOWN_KEYS.flatMap((known) => childOf(section, known.path)))];
  const near = nearest(name, siblings);
  if (near !== null) return `is not a key here; ${near}`;
  const elsewhere = KNOWN_KEYS.find((known) => known.path.endsWith(`.${name}`) || known.path.startsWith(`${name}.`));
  if (elsewhere) return `is not a key here; there is '${elsewhere.path.slice(0, elsewhere.path.indexOf(name) + name.length)}'`;
  return siblings.length > 0 ? `is not a key here; known are ${siblings.join(', ')}` : 'is not a key here';
}

function childOf(section: string, path: string): string[] {
  // Routes nest in themselves.
  const home = section.replace(/(\.routes\[\])+/, '.routes[]');
  const start = home === '' ? '' : `${home}.`;
  return path.startsWith(start) ? [path.slice(start.length).replace(/[.[].*$/, '')] : [];
}
