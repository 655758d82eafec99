// Bad input of a module, and the sentence it must get: one generated test file a case, all under one `terraform test`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { terraformIsHere, Workspace } from './workspace.ts';

interface Refusal {
  /** What the user did, in a few words. */
  readonly name: string;
  /** Assignments of variables, HCL: they replace those of the good input of the same name. */
  readonly variables: Readonly<Record<string, string>>;
  /** Must be in Terraform's message. */
  readonly sentence: string;
  /** Contents of the mock_provider block, in place of those of the good input. */
  readonly mocks?: string;
}

interface RefusalOptions {
  /** Variables of an input that is accepted, HCL: the test proves that too, so that a case fails for its own reason. */
  readonly good: Readonly<Record<string, string>>;
  /** Contents of the mock_provider block. */
  readonly mocks?: string;
}

interface Diagnostic { readonly file: string; readonly sentence: string }

/**
 * Declares a test that plans `module` (a path in the checkout) with a mocked provider: once with good input, and once
 * for each case.
 */
export function refuses(module: string, cases: readonly Refusal[], { good, mocks = '' }: RefusalOptions): void {
  test(`${module} refuses bad input with a sentence`, async (t) => {
    if (!await terraformIsHere(t)) return;
    const workspace = new Workspace(t, module);
    const file = (index: number): string => `case-${index}.tftest.hcl`;
    const all: readonly Refusal[] = [{ name: 'good input', variables: {}, sentence: '' }, ...cases];
    for (const [index, { variables, mocks: own = mocks }] of all.entries()) {
      const lines = Object.entries({ ...good, ...variables }).map(([name, value]) => `${name} = ${value}`).join('\n');
      workspace.write(`refusals/${file(index)}`, `mock_provider "aws" {\n${own}\n}\nvariables {\n${lines}\n}\nrun "plan" {\n  command = plan\n}\n`);
    }
    await workspace.init('-test-directory=refusals');
    const { stdout } = await workspace.run('test', '-json', '-test-directory=refusals');
    const said = stdout.split('\n').flatMap(diagnostic);
    for (const [index, { name, sentence }] of all.entries()) {
      await t.test(name, () => {
        const heard = said.filter((one) => one.file.endsWith(`/${file(index)}`)).map((one) => one.sentence).join('\n');
        if (sentence === '') assert.equal(heard, '');
        else assert.ok(heard.includes(sentence), `expected: ${sentence}\nheard: ${heard}`);
      });
    }
  });
}

function diagnostic(line: string): Diagnostic[] {
  if (!line.startsWith('{')) return [];
  const event: { '@testfile'?: string; type?: string; diagnostic?: { severity: string; summary: string; detail: string } } = JSON.parse(line);
  if (event.type !== 'diagnostic' || event.diagnostic?.severity !== 'error') return [];
  const { summary, detail } = event.diagnostic;
  return [{ file: event['@testfile'] ?? '', sentence: `${summary}: ${detail}`.replace(/\s+/g, ' ') }];
}
