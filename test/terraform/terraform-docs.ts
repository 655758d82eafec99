// The part of a module's README that terraform-docs would write (`markdown table`, with the settings of
// .terraform-docs.yml): the program itself is not needed for it.
import { readFileSync } from 'node:fs';
import { parse } from '@cdktn/hcl2json';
import { globSync } from 'tinyglobby';

export const BEGIN = '<!-- BEGIN_TF_DOCS -->';
export const END = '<!-- END_TF_DOCS -->';

interface Block { readonly description?: string; readonly type?: string; readonly default?: unknown }
type Named = readonly [name: string, block: Block];
interface Versions {
  readonly required_version: string;
  readonly required_providers: readonly Readonly<Record<string, { version: string }>>[];
}

/** Requirements, inputs and outputs of the module in a folder, between the two markers. */
export async function terraformDocs(folder: string): Promise<string> {
  const inputs: Named[] = [];
  const outputs: Named[] = [];
  let requirements = '';
  for (const file of globSync(`${folder}/*.tf`).sort()) {
    const source = readFileSync(file, 'utf8');
    const parsed: { variable?: Blocks; output?: Blocks; terraform?: Versions[] } = await parse(file, source);
    inputs.push(...inOrder(source, 'variable', parsed.variable));
    outputs.push(...inOrder(source, 'output', parsed.output));
    for (const versions of parsed.terraform ?? []) requirements += requirementRows(versions);
  }
  return `${BEGIN}
## Requirements

| Name | Version |
|------|---------|
${requirements}
## Inputs

| Name | Description | Type | Default | Required |
|------|-------------|------|---------|:--------:|
${inputs.map(inputRow).join('')}
## Outputs

| Name | Description |
|------|-------------|
${outputs.map(([name, { description = '' }]) => `| ${name} | ${cell(description)} |\n`).join('')}${END}`;
}

type Blocks = Readonly<Record<string, readonly Block[]>>;

/** The parser sorts by name; a module's author sorted better. */
function inOrder(source: string, kind: string, blocks: Blocks = {}): Named[] {
  const at = (name: string): number => source.indexOf(`${kind} "${name}"`);
  return Object.entries(blocks).map(([name, [block]]): Named => [name, block!]).sort(([a], [b]) => at(a) - at(b));
}

function requirementRows({ required_version: version, required_providers: [providers = {}] }: Versions): string {
  const rows = Object.entries(providers).map(([name, provider]) => `| ${name} | ${provider.version} |\n`);
  return `| terraform | ${version} |\n${rows.join('')}`;
}

function inputRow([name, block]: Named): string {
  const type = (block.type ?? 'any').replace(/^\$\{([\s\S]*)\}$/, '$1');
  const required = !('default' in block);
  const value = required ? 'n/a' : code(JSON.stringify(block.default, null, 2));
  return `| ${name} | ${cell(block.description ?? '')} | ${code(type)} | ${value} | ${required ? 'yes' : 'no'} |\n`;
}

const cell = (text: string): string => text.trim().replaceAll('|', '\\|').replaceAll('\n', '<br/>');

const code = (text: string): string => text.includes('\n') ? `<pre>${cell(text)}</pre>` : `\`${cell(text)}\``;
