import type { HclType } from './hcl-type.ts';
import { camelCase } from './terraform-names.ts';

/** Values that a validation allows, as TypeScript writes them, by the name of the variable or of the object's field. */
export type Unions = Readonly<Record<string, readonly string[]>>;

/**
 * A type constraint as a TypeScript type; names inside objects are camelCase. Wherever CDKTF has no stand-in of the
 * type itself for a value known after apply, IResolvable is one. `indent` is that of the line the type stands in.
 */
export function typescriptType(type: HclType, unions: Unions = {}, name = '', indent = '  '): string {
  switch (type.kind) {
    case 'string': case 'number': return unions[name]?.join(' | ') ?? type.kind;
    case 'bool': return 'boolean | IResolvable';
    case 'any': return 'unknown';
    case 'list': {
      const inner = typescriptType(type.of, unions, name, indent);
      return `readonly ${/[ |]/.test(inner) && !inner.startsWith('{') ? `(${inner})` : inner}[]`;
    }
    case 'map': return `Readonly<Record<string, ${typescriptType(type.of, unions, name, indent)}>> | IResolvable`;
    case 'object': {
      const fields = type.fields.map((field) => {
        const inner = typescriptType(field.type, unions, field.name, `${indent}  `);
        return `${indent}  readonly ${camelCase(field.name)}${field.optional ? '?' : ''}: ${inner};\n`;
      });
      return `{\n${fields.join('')}${indent}}`;
    }
  }
}

/** The Shape of a type as source code, with Terraform's names; `0` where there are none in it. */
export function shapeOf(type: HclType): string {
  if (type.kind === 'object') return `{ ${type.fields.map(({ name, type: inner }) => `${name}: ${shapeOf(inner)}`).join(', ')} }`;
  if (type.kind !== 'list' && type.kind !== 'map') return '0';
  const inner = shapeOf(type.of);
  if (inner === '0') return '0';
  return type.kind === 'list' ? `[${inner}]` : `{ '*': ${inner} }`;
}
