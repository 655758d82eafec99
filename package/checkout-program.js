import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CHECKOUT = new URL('..', import.meta.url);

/**
 * The module of a program, as a checkout starts it: the bundle that `npm ci` prepared, as long as every file that went
 * into it is what it was; else the sources as they are, which takes five times as long to start.
 * @param {string} folder the program's, such as `rebuilder`
 */
export async function checkoutProgram(folder) {
  if (isPrepared(CHECKOUT, folder)) {
    process.setSourceMapsEnabled(true);
    return import(new URL(`${bundleFolder(folder)}/main.js`, CHECKOUT).href);
  }
  const tsx = await import('tsx/esm/api').catch((/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    process.stderr.write(`The packages it needs are not in ${fileURLToPath(CHECKOUT)}node_modules: run \`npm ci\` there first.\n`);
    return process.exit(2);
  });
  tsx.register();
  return import(new URL(`${folder}/main.ts`, CHECKOUT).href);
}

/**
 * Where the bundle of a program lies, from the root of the checkout.
 * @param {string} folder the program's
 */
export const bundleFolder = (folder) => `dist/${folder}`;

/**
 * Whether a bundle is there and its sources are those it was made of.
 * @param {URL} checkout
 * @param {string} folder the program's
 */
export function isPrepared(checkout, folder) {
  try {
    /** @type {{ sha256: string, inputs: string[] }} */
    const { sha256, inputs } = JSON.parse(readFileSync(new URL(`${bundleFolder(folder)}/made-of.json`, checkout), 'utf8'));
    return fingerprint(checkout, inputs) === sha256;
  } catch {
    return false; // there is none, or a file that it was made of has gone
  }
}

/**
 * One SHA-256 over names and contents. By content, not by time: `git` gives a file a new time when it brings back the
 * old content.
 * @param {URL} checkout
 * @param {readonly string[]} inputs paths from the root of the checkout
 */
export function fingerprint(checkout, inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) {
    const data = readFileSync(new URL(input, checkout));
    hash.update(`${input} ${data.length}\n`).update(data);
  }
  return hash.digest('hex');
}
