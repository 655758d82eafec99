import { relative } from 'node:path';

/** Files that took less than this are not worth a line. */
const SLOW_MS = 10_000;

/**
 * A reporter for node's runner, for the end of a long log: where the time went, file by file, then each test that
 * failed, with its file and its reason. (https://nodejs.org/docs/latest-v20.x/api/test.html#custom-reporters)
 * @param {import('node:test').TestsStream} events
 */
export default async function* closing(events) {
  const entries = [];
  /** @type {Map<string, number>} */
  const durations = new Map();
  for await (const { type, data } of events) {
    if (type !== 'test:fail' && type !== 'test:pass') continue;
    const file = data.file === undefined ? '' : relative('.', data.file);
    if (data.nesting === 0) durations.set(file, (durations.get(file) ?? 0) + data.details.duration_ms);
    if (type !== 'test:fail' || data.todo !== undefined) continue;
    const { error } = data.details;
    // A suite fails with its tests: they say why.
    if (error.failureType === 'subtestsFailed') continue;
    entries.push(`✖ ${data.name}\n  ${file}\n${indented(reason(error))}`);
  }
  const slow = [...durations].filter(([, ms]) => ms >= SLOW_MS).sort((one, other) => other[1] - one[1]);
  if (slow.length > 0) yield `\nslowest:\n${slow.map(([file, ms]) => `${(ms / 1000).toFixed(0).padStart(5)} s  ${file}\n`).join('')}`;
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
