// The tables of a module's README name every input and output, and no other.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';

for (const module of ['enis', 'modules/vpc-mirror-sessions', 'modules/vpc-mirror-rebuild', 'modules/wallarm-nodes']) {
  for (const [kind, heading] of [['variable', 'Inputs'], ['output', 'Outputs']] as const) {
    test(`${module}: ${heading.toLowerCase()}`, () => {
      const section = readFileSync(`${module}/README.md`, 'utf8').split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
      const documented = [...section.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]).sort();
      const declared = globSync(`${module}/*.tf`).flatMap((file) => [...readFileSync(file, 'utf8').matchAll(new RegExp(`^${kind} "(\\w+)"`, 'gm'))]).map((match) => match[1]).sort();
      assert.ok(declared.length > 0);
      assert.deepEqual(documented, declared);
    });
  }
}
