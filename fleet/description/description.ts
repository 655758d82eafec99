import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConfigError, type Mistake } from '../../rebuilder/config/mistakes.ts';
import { nearest } from '../../rebuilder/config/nearest.ts';
import { ENTRY_KEYS, selectorsSchema } from '../enis/selectors.ts';
import { sentenceFor } from './sentence.ts';

const vni = z.int().min(1).max(16_777_215);

/** The same sentence for one that is missing, which Terraform's outputs have. */
const awsId = (prefix: string): z.ZodString => {
  const sentence = `must look like "${prefix}-0123456789abcdef0"; module vpc-mirror-sessions has it as an output.`;
  return z.string(sentence).regex(new RegExp(`^${prefix}-[0-9a-f]+$`), sentence);
};

const sessionsSchema = z.strictObject({
  /** Value of the tag vpc-mirror:owner: whose sessions these are. Two deployments in one account need two. */
  owner: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,39}$/, 'must be 1 to 40 letters, digits and hyphens, and begin with a letter.')
    .default('vpc-mirror'),
  traffic_mirror_filter_id: awsId('tmf'),
  traffic_mirror_target_id: awsId('tmt'),
  session_number: z.int().min(1).max(32_766).default(1),
  virtual_network_id: vni.nullish().transform((id) => id ?? null),
  /** null for a target that is no Network Load Balancer. */
  packet_length: z.int().min(55).max(8947).nullable().default(8500),
  /** A stopped instance's sessions bill on: `release` removes them until it runs again. */
  stopped_instances: z.enum(['release', 'keep'], 'must be "release" or "keep".').default('release'),
  tags: z.record(z.string(), z.string()).default({}),
});

const named = z
  .string()
  .nullish()
  .transform((name) => name ?? null);

/** What receives the mirrored packets, by the outputs of the Terraform modules; for doctor and status. */
const rebuildSchema = z.strictObject({
  autoscaling_group_name: named,
  target_group_arn: named,
  nlb_arn: named,
  alb_arn: named,
  detection_target_group_arn: named,
  raw_target_group_arn: named,
  ext_proc_target_group_arn: named,
  nodes_autoscaling_group_name: named,
  /** The rebuilders' configuration file, whose vni_filter and health_check count. */
  config_yaml: named,
  metrics_namespace: z.string().default('VpcMirror'),
  /** The dimension `deployment` of the rebuilders' metrics, and first part of the alarms' names. */
  name_prefix: z.string().default('vpc-mirror'),
});

const schema = z.strictObject({
  region: z.string().nullish(),
  interfaces: selectorsSchema.prefault({}),
  sessions: sessionsSchema.optional(),
  rebuild: rebuildSchema.optional(),
});

/** One mirror: which interfaces, with what sessions, to whom. Terraform writes it (output vpc_mirror), people may. */
export type Description = z.output<typeof schema>;
export type SessionSettings = NonNullable<Description['sessions']>;
export type RebuildSettings = NonNullable<Description['rebuild']>;

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file: write it, or take Terraform\'s: terraform output -json vpc_mirror > vpc_mirror.json',
  EISDIR: 'this is a folder: name the file in it, such as vpc_mirror.json.',
  EACCES: 'this user may not read it.',
};

/** Reads a YAML or JSON file. Throws ConfigError with every mistake of it. */
export function loadDescription(path: string): Description {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const reason = UNREADABLE[String(code)] ?? String(error);
    throw new ConfigError(path, [{ path: '', sentence: `cannot be read: ${reason}` }]);
  }
  return parseDescription(text, path);
}

/** `name` is how mistakes call it. */
export function parseDescription(text: string, name: string): Description {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    throw new ConfigError(name, [
      {
        path: '',
        sentence: /^(\S*\s)?(Error|Warning): /m.test(text)
          ? 'holds a message of Terraform\'s instead of a description: read it there, fix that, and print the output again.'
          : `is neither YAML nor JSON: ${error instanceof Error ? (error.message.split('\n')[0] ?? '').replace(/:$/, '.') : String(error)}`,
      },
    ]);
  }
  if (raw === null || raw === undefined) {
    const sentence = 'is empty: did Terraform print it? terraform output -json vpc_mirror > vpc_mirror.json';
    throw new ConfigError(name, [{ path: '', sentence }]);
  }
  const result = schema.safeParse(outputValue(raw), { error: sentenceFor });
  if (result.success) return result.data;
  throw new ConfigError(
    name,
    result.error.issues.flatMap((issue) => mistakes(issue)),
  );
}

/** `terraform output -json` without a name wraps each output: {"vpc_mirror": {"value": …}}. */
function outputValue(raw: unknown): unknown {
  const output = own(raw, 'vpc_mirror');
  return own(output, 'value') ?? output ?? raw;
}

const own = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;

function mistakes(issue: z.core.$ZodIssue): Mistake[] {
  const path = issue.path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? String(step) : `.${String(step)}`))
    .join('');
  if (issue.code !== 'unrecognized_keys') return [{ path, sentence: issue.message }];
  const known = knownKeys(issue.path);
  return issue.keys.map((key) => {
    const hint = nearest(key, known) ?? `take it out${known.length > 0 ? `, or use one of ${known.join(', ')}` : ''}.`;
    return { path: path === '' ? key : `${path}.${key}`, sentence: `is not a key here: ${hint}` };
  });
}

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 3 && path[0] === 'interfaces') return ENTRY_KEYS[String(path[1])] ?? [];
  switch (path.join('.')) {
    case '':
      return Object.keys(schema.shape);
    case 'interfaces':
      return Object.keys(selectorsSchema.shape);
    case 'sessions':
      return Object.keys(sessionsSchema.shape);
    case 'rebuild':
      return Object.keys(rebuildSchema.shape);
    default:
      return [];
  }
}
