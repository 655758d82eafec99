import list from '../../enis/mirrorable-instance-types.json' with { type: 'json' };

/** The dated list of instance families that AWS's pages name as sources, shared with the Terraform module. */
export const MIRRORABLE_LIST = list;

const mirrorable = new Set(list.mirrorable);
const notMirrorable = new Set(list.not_mirrorable);

/** `unknown`: in neither list, so that AWS's answer decides. */
type Mirrorability = 'yes' | 'no' | 'unknown';

export const familyOf = (instanceType: string): string => instanceType.replace(/\..*$/, '');

export const isBareMetal = (instanceType: string): boolean => instanceType.includes('.metal');

export function mirrorability(instanceType: string): Mirrorability {
  const family = familyOf(instanceType);
  return notMirrorable.has(family) ? 'no' : mirrorable.has(family) ? 'yes' : 'unknown';
}
