// Judges configuration files of products that cannot be installed here against what the products publish.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';

export interface Json { [name: string]: unknown }

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The folder of a Go module's published files, downloaded into Go's own cache: `go mod download`. */
export const goModule = (module: string): string => {
  const run = spawnSync('go', ['mod', 'download', '-json', module], { cwd: tmpdir(), encoding: 'utf8', timeout: 120_000 });
  const answer: unknown = run.stdout === '' ? {} : JSON.parse(run.stdout);
  if (!isObject(answer) || typeof answer['Dir'] !== 'string') throw new Error(`go mod download ${module}: ${run.stderr}${run.stdout}`);
  return answer['Dir'];
};

export const documents = (path: string): Json[] => parseAllDocuments(readFileSync(path, 'utf8')).map((document) => {
  if (document.errors[0]) throw document.errors[0];
  return document.toJS() as unknown;
}).filter(isObject);

/**
 * Every object that lists its fields has no others: a misspelt field is a mistake, not a field that the API server
 * would drop.
 */
const closed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isObject(schema)) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => {
    const inner = name === 'properties' && isObject(value) ? Object.fromEntries(Object.entries(value).map(([field, of]) => [field, closed(of)])) : closed(value);
    return [name, inner];
  }));
  const listed = isObject(copy['properties']) && copy['type'] === 'object' && !('additionalProperties' in copy);
  return listed && copy['x-kubernetes-preserve-unknown-fields'] !== true ? { ...copy, additionalProperties: false } : copy;
};

const compile = (schema: Json): ValidateFunction =>
  new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);

/**
 * Mistakes of a Kubernetes object against the CustomResourceDefinitions of a file. CEL rules (x-kubernetes-validations)
 * are not run.
 */
export const customResources = (path: string): ((object: Json) => string[]) => {
  const validators = new Map<string, ValidateFunction>();
  for (const { spec } of documents(path)) {
    if (!isObject(spec) || !isObject(spec['names']) || !Array.isArray(spec['versions'])) continue;
    for (const version of spec['versions'] as unknown[]) {
      if (!isObject(version) || !isObject(version['schema']) || !isObject(version['schema']['openAPIV3Schema'])) continue;
      const schema = closed(version['schema']['openAPIV3Schema']);
      if (!isObject(schema) || !isObject(schema['properties'])) continue;
      const common = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } };
      const whole = { ...schema, additionalProperties: false, properties: { ...common, ...schema['properties'] } };
      validators.set(`${String(spec['group'])}/${String(version['name'])} ${String(spec['names']['kind'])}`, compile(whole));
    }
  }
  return (object) => {
    const name = `${String(object['apiVersion'])} ${String(object['kind'])}`;
    const validate = validators.get(name);
    if (!validate) return [`no such resource: ${name}`];
    return validate(object) ? [] : (validate.errors ?? []).map((error) => `${name} ${error.instancePath} ${error.message ?? ''}`);
  };
};

/** Keys that the user of a product names: `Router0`, `Router1`… in a reference, anything in a configuration. */
const PLACEHOLDER = /^(?:[A-Z]\w*\d+|name\d+)$/;

/**
 * A schema out of a reference file that has every option once, with a value of its type (Traefik generates such files
 * from its own types): what is not in the reference is a mistake, and so is a value of another type. `42s` stands for a
 * duration, `42` for a number.
 */
const schemaOf = (reference: unknown): Json => {
  if (Array.isArray(reference)) return { type: 'array', items: merged(reference as unknown[]) };
  if (isObject(reference)) {
    const named = Object.keys(reference).filter((key) => PLACEHOLDER.test(key));
    if (named.length > 0) return { type: 'object', additionalProperties: merged(named.map((key) => reference[key])) };
    return {
      type: 'object', additionalProperties: false,
      properties: Object.fromEntries(Object.entries(reference).map(([key, value]) => [key, schemaOf(value)])),
    };
  }
  if (typeof reference === 'string') return { type: /^\d+s$/.test(reference) ? ['string', 'integer'] : 'string' };
  return { type: typeof reference === 'number' ? 'number' : 'boolean' };
};

/** One reference for several examples of the same kind: all the keys that any of them has. */
const merged = (examples: readonly unknown[]): Json => {
  const objects = examples.filter(isObject);
  if (objects.length === 0) return schemaOf(examples[0]);
  const all: Json = {};
  for (const example of objects) {
    for (const [key, value] of Object.entries(example)) {
      all[key] = isObject(value) && isObject(all[key]) ? { ...all[key], ...value } : value;
    }
  }
  return schemaOf(all);
};

export const referenceFile = (path: string): ((value: unknown) => string[]) => {
  // The published file itself has a key twice.
  const validate = compile(schemaOf(parse(readFileSync(path, 'utf8'), { uniqueKeys: false })));
  return (value) => validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`);
};

export const examplePath = (path: string): string => join(import.meta.dirname, '../../examples', path);
