import { relative } from 'node:path';

/**
 * A reporter for node's runner: after everything else, each test that failed, with its file and its reason, so that the end of a long log says
 * what is wrong. (https://nodejs.org/docs/latest-v20.x/api/test.html#custom-reporters)
 * @param {import('node:test').TestsStream} events
 */
export default async function* failed(events) {
  const entries = [];
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.todo !== undefined) continue;
    const { error } = data.details;
    // A suite fails with its tests: they say why.
    if (error.failureType === 'subtestsFailed') continue;
    entries.push(`✖ ${data.name}\n  ${data.file === undefined ? '' : relative('.', data.file)}\n${indented(reason(error))}`);
  }
  if (entries.length > 0) yield `\nfailed: ${entries.length}\n\n${entries.join('\n')}`;
}

/** @param {Error} error */
function reason(error) {
  const { cause } = error;
  return cause instanceof Error ? cause.stack ?? cause.message : String(cause ?? error.message ?? error);
}

/** @param {string} text */
function indented(text) {
  return `${text.trimEnd().replace(/^/gm, '    ')}\n`;
}
