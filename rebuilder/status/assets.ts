import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Asset { readonly type: string; readonly body: string }

const SCRIPT = 'text/javascript; charset=utf-8';

/** What a browser loads: files as they are, read once. */
const FILES: Readonly<Record<string, readonly [url: URL, type: string]>> = {
  '/': [new URL('./browser/status.html', import.meta.url), 'text/html; charset=utf-8'],
  '/status.css': [new URL('./browser/status.css', import.meta.url), 'text/css; charset=utf-8'],
  '/status.js': [new URL('./browser/status.js', import.meta.url), SCRIPT],
  '/show-state.js': [new URL('./browser/show-state.js', import.meta.url), SCRIPT],
  '/show-requests.js': [new URL('./browser/show-requests.js', import.meta.url), SCRIPT],
  '/elements.js': [new URL('./browser/elements.js', import.meta.url), SCRIPT],
};

export const ASSET_PATHS: readonly string[] = Object.keys(FILES);

const read = new Map<string, Asset>();

export function asset(path: string): Asset {
  let one = read.get(path);
  if (one === undefined) {
    const file = FILES[path];
    assert(file !== undefined, `${path} is not an asset`);
    const [url, type] = file;
    one = { type, body: readFileSync(fileURLToPath(url), 'utf8') };
    read.set(path, one);
  }
  return one;
}

/** Only our own files, and nothing of a request's text, can run or load anything. */
export const CONTENT_SECURITY_POLICY = 'default-src \'none\'; script-src \'self\'; style-src \'self\'; connect-src \'self\'; img-src data:; '
  + 'base-uri \'none\'; form-action \'none\'; frame-ancestors \'none\'';
