// What a security reviewer wants to read of an applied example, as files in test/terraform/golden: IAM policy, security
// groups, cloud-init.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Resource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly values: Record<string, unknown>;
}
interface Module { readonly resources?: readonly Resource[]; readonly child_modules?: readonly Module[] }

const FOLDER = 'test/terraform/golden';

/**
 * Compares what one module made with the files of the name; with UPDATE set, writes them. `shown` is what `terraform
 * show -json` printed, `module` the module's address, `script` the file of its user data.
 */
export function compareGolden(name: string, shown: string, module = 'module.rebuild', script = 'cloud-init.sh'): void {
  const state: { values: { root_module: Module } } = JSON.parse(shown);
  const all = flatten(state.values.root_module);
  const resources = all.filter(({ address }) => address.startsWith(`${module}.`));
  const files = { 'iam-policy.json': iamPolicy(resources), 'security-groups.md': securityGroups(resources, groupNames(all)), [script]: userData(resources) };
  for (const [file, text] of Object.entries(files)) {
    const path = join(FOLDER, name, file);
    const now = stable(text);
    if (process.env['UPDATE']) {
      mkdirSync(join(FOLDER, name), { recursive: true });
      writeFileSync(path, now);
    }
    assert.equal(now, existsSync(path) ? readFileSync(path, 'utf8') : '', `${path} is no longer what is made; if it should be: UPDATE=1 npm test examples`);
  }
}

/** The scripts of all launch templates in what `terraform show -json` printed. */
export function userDataOf(shown: string): string[] {
  const state: { values: { root_module: Module } } = JSON.parse(shown);
  return flatten(state.values.root_module).filter(({ type }) => type === 'aws_launch_template').map((template) => userData([template]));
}

const flatten = (module: Module): Resource[] =>
  [...module.resources ?? [], ...(module.child_modules ?? []).flatMap(flatten)];

const text = (value: unknown): string => typeof value === 'string' ? value : '';

/** Names and addresses that AWS makes up anew each time. */
const stable = (from: string): string => from
  .replace(/\d{18}[0-9a-f]{8}|(?<=--version-id ')[^']+/g, 'UNIQUE')
  .replace(/(?<=:secret:wallarm\/[a-z-]+-)[A-Za-z0-9]{6}/g, 'UNIQUE');

function iamPolicy(resources: readonly Resource[]): string {
  const role = resources.find(({ type }) => type === 'aws_iam_role')!;
  const policies = resources.filter(({ type }) => type === 'aws_iam_role_policy').map(({ values }) => JSON.parse(text(values['policy'])));
  const attached = resources.filter(({ type }) => type === 'aws_iam_role_policy_attachment').map(({ values }) => values['policy_arn']);
  return `${JSON.stringify({ trust: JSON.parse(text(role.values['assume_role_policy'])), policies, attached }, null, 2)}\n`;
}

/** Names of the security groups, of other modules too, by id. */
const groupNames = (resources: readonly Resource[]): ReadonlyMap<unknown, string> =>
  new Map(resources.filter(({ type }) => type === 'aws_security_group').map(({ name, values }) => [values['id'], name]));

function securityGroups(resources: readonly Resource[], names: ReadonlyMap<unknown, string>): string {
  const rows = resources.filter(({ type }) => /^aws_vpc_security_group_(in|e)gress_rule$/.test(type)).map(({ type, values }) => {
    const ports = values['from_port'] === values['to_port'] ? values['from_port'] : `${text(values['from_port'])}-${text(values['to_port'])}`;
    const peer = text(values['cidr_ipv4']) || `group ${names.get(values['referenced_security_group_id'])}`;
    const direction = type.includes('ingress') ? 'in' : 'out';
    return `| ${names.get(values['security_group_id'])} | ${direction} | ${text(values['ip_protocol'])}/${String(ports)} | ${peer} | ${text(values['description'])} |`;
  });
  return ['| group | direction | port | peer | why |', '|---|---|---|---|---|', ...rows.sort(), ''].join('\n');
}

function userData(resources: readonly Resource[]): string {
  const template = resources.find(({ type }) => type === 'aws_launch_template')!;
  return Buffer.from(text(template.values['user_data']), 'base64').toString();
}
