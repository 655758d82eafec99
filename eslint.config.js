import stylistic from '@stylistic/eslint-plugin';
import tseslint from 'typescript-eslint';

/**
 * A line is a statement. (@stylistic/max-statements-per-line counts `if (a) return;` as two.) `case 1: a(); break;` is
 * the row of a table.
 * @type {import('eslint').Rule.RuleModule}
 */
const statementALine = {
  meta: { type: 'layout' },
  create(context) {
    /** @param {readonly import('estree').Node[]} statements */
    const check = (statements) => {
      for (const [i, statement] of statements.entries()) {
        const before = statements[i - 1];
        if (before?.loc?.end.line !== statement.loc?.start.line || before === undefined) continue;
        context.report({ node: statement, message: 'A statement of its own has a line of its own.' });
      }
    };
    return {
      Program: ({ body }) => check(body),
      BlockStatement: ({ body }) => check(body),
      StaticBlock: ({ body }) => check(body),
      SwitchCase: ({ consequent }) => check(consequent.filter(({ type }) => type !== 'BreakStatement')),
    };
  },
};

export default tseslint.config(
  { ignores: ['**/node_modules/', 'coverage/', 'dist/', '**/cdktf.out/', '**/.terraform/'] },
  ...tseslint.configs.recommended,
  {
    // What needs types: a promise nobody waits for loses its error.
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': ['error', {
        // The runner waits for every test that was declared.
        allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' }],
      }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/return-await': 'error',
    },
  },
  stylistic.configs.customize({ semi: true, braceStyle: '1tbs', arrowParens: true }),
  {
    plugins: { house: { rules: { 'statement-a-line': statementALine } } },
    rules: {
      'house/statement-a-line': 'error',
      '@stylistic/max-len': ['error', {
        code: 120, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true,
      }],
      '@stylistic/max-statements-per-line': 'off',
      '@stylistic/quote-props': 'off',
      '@stylistic/multiline-ternary': 'off',
      '@stylistic/operator-linebreak': 'off',
      '@stylistic/no-multi-spaces': 'off',
      '@stylistic/key-spacing': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      'eqeqeq': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['rebuilder/**'],
    rules: {
      'no-restricted-syntax': ['error', {
        selector: 'MethodDefinition[kind=\'get\'] > PrivateIdentifier.key',
        message: 'V8 calls into its runtime for each read of a private getter, ten times the cost of a call: write a private method.',
      }],
    },
  },
  {
    // `bytes[i]!` where each packet and request goes: tsc (noUncheckedIndexedAccess) cannot see that a loop stays
    // within its bounds, and a check that never fails costs a branch for each byte. The load of the benchmarks is such
    // a path too. In a test, what is not there fails it anyway.
    files: [
      'rebuilder/{address,capture,wire,reassembly,http,http1,http2,exchange,rules,forward}/**',
      'rebuilder/{pipeline,ledger}.ts',
      'bench/**', 'test/**',
    ],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
