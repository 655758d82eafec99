import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { marked, Renderer } from 'marked';

/** The pages that say what to do, from docs/: they come with the program, since it loads nothing from elsewhere. */
const PAGES: Readonly<Record<string, URL>> = {
  operations: new URL('../../docs/operations.md', import.meta.url),
  ledger: new URL('../../docs/ledger.md', import.meta.url),
  configuration: new URL('../../docs/configuration.md', import.meta.url),
  exchange: new URL('../../docs/exchange.md', import.meta.url),
};

export const DOCS_PATHS: readonly string[] = Object.keys(PAGES).map((name) => `/docs/${name}`);

/** `Packets missing or cut` -> `packets-missing-or-cut`, as GitHub does. */
export const anchorOf = (heading: string): string => heading.toLowerCase().replace(/[^\w\s-]/g, '').trim().replace(/\s+/g, '-');

/** A page as HTML, without a script. Links to what is not here are its text alone. */
export function docsPage(path: string): string {
  const name = path.slice('/docs/'.length);
  const file = PAGES[name];
  assert(file !== undefined, `${path} is not a page`);
  const renderer = new Renderer();
  renderer.heading = ({ depth, text, tokens }) => `<h${depth} id="${anchorOf(text)}">${renderer.parser.parseInline(tokens)}</h${depth}>\n`;
  renderer.link = ({ href, tokens }) => {
    const text = renderer.parser.parseInline(tokens);
    const [, page, anchor = ''] = /^(?:\.\/)?(\w+)\.md(#[\w-]+)?$/.exec(href) ?? [];
    if (href.startsWith('#')) return `<a href="${href}">${text}</a>`;
    return page !== undefined && page in PAGES ? `<a href="/docs/${page}${anchor}">${text}</a>` : text;
  };
  renderer.html = () => '';
  // A block wider than the window scrolls, so the keyboard must reach it.
  let examples = 0;
  renderer.code = ({ text }) => `<pre role="region" tabindex="0" aria-label="Example ${++examples}"><code>${escaped(text)}</code></pre>\n`;
  let tables = 0;
  renderer.table = function ({ header, rows }) {
    const row = (cells: typeof header, tag: string): string =>
      `<tr>${cells.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join('')}</tr>`;
    return `<div class="wide" role="region" tabindex="0" aria-label="Table ${++tables}"><table><thead>${row(header, 'th')}</thead><tbody>${
      rows.map((cells) => row(cells, 'td')).join('\n')}</tbody></table></div>\n`;
  };
  const body = marked.parse(readFileSync(fileURLToPath(file), 'utf8'), { async: false, renderer });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>rebuilder: ${name}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/status.css"></head>
<body class="docs"><header><a href="/">Status</a></header><main>${body}</main></body></html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
