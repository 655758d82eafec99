// docs/fleet.md names every command and every key of the description.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
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

/** Prefix of a client's actions in IAM, by the SDK's name of the client. */
const SERVICES: Readonly<Record<string, string>> = {
  'ec2': 'ec2', 'elastic-load-balancing': 'elasticloadbalancing', 'elastic-load-balancing-v2': 'elasticloadbalancing',
  'auto-scaling': 'autoscaling', 'cloudwatch': 'cloudwatch', 'eks': 'eks',
};

test('every right that a call needs is listed, and no other', () => {
  const called = globSync('fleet/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([a-z0-9-]+)'/g)].flatMap(([, names, client]) =>
      [...names!.matchAll(/\b(?:paginate(\w+)|(\w+)Command)\b(?! *from)/g)]
        .filter(({ index }) => !/ as $/.test(names!.slice(0, index)))
        .map(([, paged, one]) => `${SERVICES[client!]}:${paged ?? one}`)));
  const section = /^## Permissions$([^]*?)^## /m.exec(page)![1]!;
  const listed = [...section.matchAll(/`([a-z0-9]+:[A-Za-z]+)`/g)].map(([, action]) => action);
  assert.deepEqual([...new Set(listed)].sort(), [...new Set(called)].sort());
});

test('its example is a description', () => {
  const { sessions } = parseDescription(/```yaml\n([^]*?)```/.exec(page)![1]!, 'docs/fleet.md');
  assert.equal(sessions?.virtual_network_id, 1377);
});
