// docs/fleet.md names every command and every key of the description.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseDescription } from '../../fleet/description/description.ts';
import { CHECKS } from '../../fleet/doctor/doctor.ts';

const page = readFileSync('docs/fleet.md', 'utf8');

test('every command is in the table, and no other', () => {
  const documented = [...page.matchAll(/^\| `vpc-mirror (\w+)` \|/gm)].map(([, name]) => name).sort();
  const commands = [...readFileSync('fleet/main.ts', 'utf8').matchAll(/^ {2}command\(\s*'(\w+)'/gm)].map(([, name]) => name).sort();
  assert.deepEqual(documented, commands);
});

test('the doctor\'s checks are named in their order', () => {
  const section = /^## What the doctor looks at$([^]*?)^## /m.exec(page)![1]!;
  const named = [...section.matchAll(/`([a-z-]+(?:\.[a-z-]+)?)`/g)].map(([, name]) => name);
  assert.deepEqual(named, CHECKS.map(({ name }) => name));
});

test('its example is a description', () => {
  const { sessions } = parseDescription(/```yaml\n([^]*?)```/.exec(page)![1]!, 'docs/fleet.md');
  assert.equal(sessions?.virtual_network_id, 1377);
});
