// What the documents, comments and messages name exists: files, pages and their headings, commands and flags, keys of
// the configuration, counters, metrics and paths of the status server.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
import { KNOWN_KEYS } from '../../rebuilder/config/known-keys.ts';
import { COUNTER_NAMES } from '../../rebuilder/ledger.ts';
import { spokenIn } from './spoken-words.ts';

const pages = globSync(['*.md', '{docs,examples,modules,enis,cdktf,bench,fleet,package}/**/*.md'], { ignore: ['**/node_modules/**', 'CHANGELOG.md', '**/.terraform/**'] }).sort();
const textOf = (page: string): string => readFileSync(page, 'utf8');
/** Without blocks of code, whose words are those of other programs too. */
const proseOf = (page: string): string => textOf(page).replace(/^```[^]*?^```/gm, '');
const codeWords = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(([, word]) => word!);

/** How a heading is linked to. */
const anchor = (heading: string): string => heading.toLowerCase().replace(/[`*_]/g, '').replace(/[^\p{L}\p{N}\s-]/gu, '').trim().replace(/\s/g, '-');

test('every link leads to a file, and to a heading of it', () => {
  const wrong: string[] = [];
  for (const page of pages) {
    for (const [, target] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [path, fragment] = target!.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path!));
      if (!existsSync(file)) wrong.push(`${page}: ${target}`);
      else if (fragment !== undefined && file.endsWith('.md') && statSync(file).isFile()) {
        const headings = [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading!));
        if (!headings.includes(fragment)) wrong.push(`${page}: ${target}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('every file of ours that is named is there', () => {
  const wrong: string[] = [];
  for (const page of pages) {
    for (const word of codeWords(proseOf(page))) {
      if (!/^(rebuilder|fleet|test|bench|docs|modules|enis|examples|cdktf|package)\/[\w./-]+$/.test(word)) continue;
      // Pages and files of the vendor's repositories, quoted as sources.
      if (/^docs\/(latest|[\d.x]+)\/|^modules\/template\//.test(word)) continue;
      if (!existsSync(word) && !existsSync(`${word}.ts`) && !existsSync(`${word}.test.ts`)) wrong.push(`${page}: ${word}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every test and page that code names, in a comment or a message, is there', () => {
  const code = globSync([
    '{rebuilder,fleet,cdktf,package,bench,test}/**/*.{ts,js,sh}', '{modules,enis,examples}/**/*.{tf,tftpl,py,js,conf,yml}',
  ], { ignore: ['**/node_modules/**', '**/.terraform/**', '**/cdktf.out/**', '**/.gen/**'] }).sort();
  const wrong: string[] = [];
  for (const file of code) {
    const named = textOf(file).matchAll(/(?<![\w./-])(?:test\/[\w./-]+\.test\.ts|docs\/[\w-]+\.md)/g);
    for (const [name] of named) if (!existsSync(name)) wrong.push(`${file}: ${name}`);
  }
  assert.deepEqual(wrong, []);
});

const sources = globSync(['{rebuilder,fleet,bench}/**/*.ts'], { ignore: ['**/node_modules/**'] }).sort();

test('every source file that a comment names is there', () => {
  const files = globSync('**/*.ts', { ignore: ['**/node_modules/**', '**/.terraform/**', '**/.gen/**'] });
  const wrong: string[] = [];
  for (const file of sources) {
    for (const comment of spokenIn(file).comments) {
      for (const [name] of comment.matchAll(/(?<![\w./-])[\w./-]+\.ts\b/g)) {
        if (!files.some((one) => `/${one}`.endsWith(`/${name}`))) wrong.push(`${file}: ${name}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('every configuration key and counter that a comment or a message names is one', () => {
  const keys = KNOWN_KEYS.map(({ path }) => path.replaceAll('[]', ''));
  const names = [...keys, ...COUNTER_NAMES];
  const first = (name: string): string => name.split('.')[0]!;
  const roots = new Set(names.filter((name) => name.includes('.')).map(first));
  const isFile = (word: string): boolean => /\.(c|conf|gz|h|html|js|json|jsonl|md|service|svg|tf|ts|yaml)$/.test(word);
  const wrong: string[] = [];
  // The one file that has the keys of an older form.
  for (const file of sources.filter((one) => one !== 'rebuilder/config/version-1.ts')) {
    const { comments, strings } = spokenIn(file);
    for (const text of [...comments, ...strings]) {
      for (const [word] of text.matchAll(/(?<![\w./@$-])[a-z_]+(?:\.[a-z0-9_]+)+(?![\w(-])/g)) {
        if (!roots.has(first(word)) || isFile(word)) continue;
        // The beginning of several, or the end of a longer one, will do.
        if (!names.some((name) => name.startsWith(word) || name.endsWith(`.${word}`))) wrong.push(`${file}: ${word}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('every command and flag that is named is one', () => {
  const help = textOf('docs/cli.md');
  const commands = new Set([...help.matchAll(/^### (rebuilder|vpc-mirror) ([a-z-]+)$/gm)].map(([, program, command]) => `${program} ${command}`));
  const wrong: string[] = [];
  for (const page of pages.filter((one) => one !== 'docs/cli.md')) {
    for (const [, program, command] of textOf(page).matchAll(/`(?:npx )?(rebuilder|vpc-mirror) ([a-z][a-z-]*)\b/g)) {
      if (!commands.has(`${program} ${command}`) && command !== 'help') wrong.push(`${page}: ${program} ${command}`);
    }
    for (const [, program, command, rest] of textOf(page).matchAll(/\b(rebuilder|vpc-mirror) ([a-z][a-z-]*)((?: [^\n`|#>]*)?)/g)) {
      if (!commands.has(`${program} ${command}`)) continue;
      const section = new RegExp(`^### ${program} ${command}$([^]*?)(?=^###? |<!-- end)`, 'm').exec(help)![1]!;
      for (const [, flag] of rest!.matchAll(/ (--[a-z][a-z-]*)/g)) if (!section.includes(flag!)) wrong.push(`${page}: ${program} ${command} ${flag}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every counter that is named counts something', () => {
  const names = new Set<string>(COUNTER_NAMES);
  const layers = new Set(COUNTER_NAMES.map((name) => name.split('.')[0]!));
  const keys = new Set(KNOWN_KEYS.flatMap(({ path }) => [path, path.replaceAll('[]', '')]));
  const isKey = (word: string): boolean => [...keys].some((key) => key === word || key.startsWith(`${word}.`) || key.endsWith(`.${word}`));
  const wrong: string[] = [];
  for (const page of pages) {
    for (const word of codeWords(proseOf(page))) {
      if (!/^[a-z]+(\.[a-z0-9_]+)+$/.test(word) || !layers.has(word.split('.')[0]!)) continue;
      if (names.has(word) || isKey(word) || /\.(ts|js|tf|md|conf|yaml|json|service)$/.test(word)) continue;
      // `forward.refused` stands for all of them.
      if (![...names].some((name) => name.startsWith(`${word}.`))) wrong.push(`${page}: ${word}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every path of the service that is named is served where the page says', () => {
  const served = textOf('rebuilder/status/server.ts');
  const wrong: string[] = [];
  for (const page of pages.filter((one) => one.startsWith('docs/') || one === 'README.md')) {
    for (const word of codeWords(proseOf(page))) {
      if (/^\/(?:-\/)?(?:metrics|live|ready|healthcheck|events|health)$/.test(word) && !served.includes(`'${word}'`)) wrong.push(`${page}: ${word}`);
    }
  }
  assert.deepEqual(wrong, []);
});
