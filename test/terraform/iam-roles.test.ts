// Accounts of an organisation often refuse roles without their path and permissions boundary: no module makes one that
// cannot have them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';

const INPUTS = ['iam_path', 'iam_permissions_boundary_arn'];
const textOf = (pattern: string): string => globSync(pattern).map((file) => readFileSync(file, 'utf8')).join('\n');
const blocksOf = (text: string, head: string): [name: string, body: string][] =>
  [...text.matchAll(new RegExp(`^${head} "([^"]+)" \\{\\n([^]*?)^\\}`, 'gm'))].map(([, name, body]) => [name!, body!]);

test('every role of every module takes the path and the boundary of the account', () => {
  const roles = globSync('modules/*', { onlyDirectories: true }).flatMap((module) =>
    blocksOf(textOf(`${module}/*.tf`), 'resource "aws_iam_role"').map(([name, body]) => ({ module, name, body })));
  assert.equal(roles.length, 3);
  const without = roles.filter(({ body }) =>
    !/^ {2}path += var\.iam_path$/m.test(body) || !/^ {2}permissions_boundary += var\.iam_permissions_boundary_arn$/m.test(body));
  assert.deepEqual(without.map(({ module, name }) => `${module}: ${name}`), []);
});

test('every example takes them, and hands them to every module that makes a role', () => {
  const examples = globSync('examples/*/main.tf').map((file) => file.replace(/\/main\.tf$/, ''));
  assert.deepEqual(examples.sort(), ['examples/existing-vpc', 'examples/vpc-mirror']);
  for (const example of examples) {
    const taken = new Set(blocksOf(textOf(`${example}/variables.tf`), 'variable').map(([variable]) => variable));
    assert.deepEqual(INPUTS.filter((input) => !taken.has(input)), [], example);
    assert.deepEqual(notHandedOn(example), [], example);
  }
});

function notHandedOn(example: string): string[] {
  return blocksOf(textOf(`${example}/*.tf`), 'module').flatMap(([name, body]) => {
    const source = /source += "\.\.\/\.\.\/([^"]+)"/.exec(body)![1]!;
    const taken = blocksOf(textOf(`${source}/*.tf`), 'variable').map(([variable]) => variable);
    return INPUTS.filter((input) => taken.includes(input) && !new RegExp(`^ {2}${input} += var\\.${input}$`, 'm').test(body))
      .map((input) => `${name}: ${input}`);
  });
}
