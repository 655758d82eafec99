// The constructs and the modules they wrap stay equal.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from '@cdktn/hcl2json';
import ts from 'typescript';
import { CONSTRUCTS, generate } from '../../cdktf/generate.ts';

/** Members of an interface or class in a source file: name, whether it must be given, and its documentation. */
interface Member { readonly required: boolean; readonly doc: string }

function members(file: string, declaration: string): Record<string, Member> {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  const found: Record<string, Member> = {};
  source.forEachChild((node) => {
    if (!(ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) || node.name?.text !== declaration) return;
    for (const member of node.members) {
      if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member)) continue;
      const doc = ts.getJSDocCommentsAndTags(member).map((one) => ts.getTextOfJSDocComment(one.comment) ?? '').join(' ');
      found[member.name.getText(source)] = { required: member.questionToken === undefined, doc: doc.replace(/\s+/g, ' ').trim() };
    }
  });
  return found;
}

async function declared(file: string, kind: 'variable' | 'output'): Promise<Record<string, Member>> {
  const parsed: Record<string, Record<string, { description?: string; default?: unknown }[]>> = await parse(file, readFileSync(file, 'utf8'));
  return Object.fromEntries(Object.entries(parsed[kind] ?? {}).map(([name, [block]]) => [
    name.replace(/_(.)/g, (_whole, letter: string) => letter.toUpperCase()),
    { required: kind === 'output' || !('default' in block!), doc: (block!.description ?? '').replace(/\s+/g, ' ').trim() },
  ]));
}

for (const construct of CONSTRUCTS) {
  const file = `cdktf/${construct.file}.ts`;

  test(`the props of ${construct.name} are the variables of ${construct.folder}: names, what must be given, documentation`, async () => {
    assert.deepEqual(members(file, `${construct.name}Props`), await declared(`${construct.folder}/variables.tf`, 'variable'));
  });

  test(`the fields of ${construct.name} are the outputs of ${construct.folder}`, async () => {
    assert.deepEqual(members(file, construct.name), await declared(`${construct.folder}/outputs.tf`, 'output'));
  });

  test(`${file} is what generate.ts writes`, async () => {
    assert.equal(readFileSync(file, 'utf8'), await generate(construct));
  });
}
