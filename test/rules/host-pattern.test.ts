import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileHost, hostMatches } from '../../rebuilder/rules/host-pattern.ts';

const CASES: readonly (readonly [pattern: string, host: string, matches: boolean])[] = [
  ['example.com', 'example.com', true], ['Example.COM', 'example.com', true], ['example.com', 'a.example.com', false],
  ['*.host.com', 'a.host.com', true], ['*.host.com', 'a.b.host.com', true], ['*.host.com', 'host.com', false], ['*.host.com', 'a.hostxcom', false],
  ['*.host.com', 'a.host.com.evil', false], ['a?.com', 'ab.com', true], ['a?.com', 'a.com', false],
  ['a?b', 'a/b', false], ['a[0-9].com', 'a7.com', true],
  ['a[0-9].com', 'ab.com', false], ['a[^0-9].com', 'ab.com', true], ['a[^0-9].com', 'a7.com', false], ['a\\*.com', 'a*.com', true],
  ['a\\*.com', 'ab.com', false], ['*', 'anything', true], ['*', 'a/b', false], ['*.HOST.com', 'x.host.com', true],
  // A set holds at least one character, so the first bracket behind the opening one is of it; one that never ends is a
  // character.
  ['a[]x].com', 'a].com', true], ['a[]x].com', 'ax.com', true], ['a[bc', 'a[bc', true], ['a[bc', 'ab', false], ['a[]', 'a[]', true],
  // What means something within a set elsewhere is a character here; so is a backslash that nothing follows.
  ['a[[:x]', 'a:', true], ['a[[:digit:]].com', 'a:].com', true], ['a[x&&y]', 'a&', true], ['a[x\\]', 'a\\', true], ['a?\\', 'ab\\', true],
];

for (const [pattern, host, matches] of CASES) {
  test(`${pattern} ${matches ? 'takes' : 'does not take'} ${host}`, () => assert.equal(hostMatches(compileHost(pattern), host), matches));
}
