import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** The documents this project implements: beside the checkout on a developer's machine. */
const SEEDS = new URL('../../../shared/seeds/', import.meta.url);

/** The configurations in them, as they are; none where the documents are not. */
export function seedConfigurations(): string[] {
  if (!existsSync(SEEDS)) return [];
  return readdirSync(SEEDS).flatMap((name) => readFileSync(new URL(name, SEEDS), 'utf8').match(/^version: \d\n(?:(?:[a-z_]+:|[ #-]).*\n)+/gm) ?? []);
}

/** One of the documents lost its indentation: lists belong to the key before them, keys below a section to it. */
export function indent(file: string): string {
  if (/^ +/m.test(file)) return file;
  let inSection = false;
  let inEntry = false;
  return file.split('\n').map((line) => {
    if (/^(version|mode):/.test(line)) return line;
    if (/^(goreplay|proxy_headers):/.test(line)) {
      inSection = true;
      inEntry = false;
      return line;
    }
    if (/^- trusted_networks/.test(line)) {
      inEntry = true;
      return `  ${line}`;
    }
    if (!inSection || line.startsWith('#')) return line;
    if (/^[a-z_]+:/.test(line)) return `${inEntry ? '    ' : '  '}${line}`;
    return line.startsWith('-') ? `${inEntry ? '      ' : '    '}${line}` : line;
  }).join('\n');
}
