// Stands where Lambda does: imports a bundle by its path, calls its handler with each event of standard input (a JSON
// list), prints the answers.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { handler } = await import(pathToFileURL(process.argv[2] ?? 'index.mjs').href);
const answers = [];
for (const event of JSON.parse(readFileSync(0, 'utf8'))) answers.push(await handler(event, {}));
process.stdout.write(`answers ${JSON.stringify(answers)}\n`);
