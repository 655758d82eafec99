// The dashboard against the types that Grafana publishes of its schema: what is no key of theirs, or no value, is named
// with its line.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const DASHBOARD = readFileSync('examples/monitoring/dashboard.json', 'utf8');
/** Is never written: a file of that name would find the same packages. */
const FILE = resolve('test/monitoring/written-dashboard.ts');

/**
 * JSON has words where the types have members of enums. A panel's queries are those of its data source, Prometheus
 * here.
 */
const TYPES = `import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
type Plain<T> = T extends string ? \`\${T}\` : T extends readonly (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Targets = { targets: Plain<Omit<Dataquery, '_implementsDataqueryVariant'>>[] };
type Written = Plain<Omit<Dashboard, 'panels'>> & { panels: (Plain<Omit<Panel, 'targets'>> & Targets)[] };
const dashboard: Written = `;

function mistakes(json: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === FILE || fileExists.call(host, name);
  host.getSourceFile = (name, version, ...rest) => name === FILE
    ? ts.createSourceFile(FILE, `${TYPES}${json};`, version) : getSourceFile.call(host, name, version, ...rest);
  return ts.getPreEmitDiagnostics(ts.createProgram([FILE], options, host)).map(({ file, start = 0, messageText }) => {
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) - TYPES.split('\n').length + 2;
    return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

test('the dashboard has no key and no value that Grafana does not know', () => assert.deepEqual(mistakes(DASHBOARD), []));

for (const [what, from, to] of [
  ['a key of the dashboard', '"refresh": "30s"', '"refrehs": "30s"'], ['a key of a query', '"expr"', '"exprr"'], ['a key of a field', '"unit"', '"units"'],
  ['a kind of variable', '"type": "query"', '"type": "qery"'],
] as const) {
  test(`what is misspelled is found: ${what}`, () => {
    const [one = '', ...more] = mistakes(DASHBOARD.replace(from, to));
    assert.match(one, new RegExp(`^line ${DASHBOARD.slice(0, DASHBOARD.indexOf(from)).split('\n').length}: .*${to.split('"')[to.startsWith('"type"') ? 3 : 1]}`));
    assert.deepEqual(more, []);
  });
}
