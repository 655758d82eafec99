import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackIn } from '../../rebuilder/demo/attack.ts';

const cases: readonly (readonly [text: string, attack: string | null])[] = [
  ['/etc/passwd', 'path traversal'],
  ['/?file=../../secret', 'path traversal'],
  ['/%2e%2e/%2E%2E/x', 'path traversal'],
  ['/%252e%252e%252fx', 'path traversal'],
  ['/..\\windows', 'path traversal'],
  ['/?q=1\'%20or%20\'1\'=\'1', 'SQL injection'],
  ['id=1+union+all+select+1', 'SQL injection'],
  ['/?q=%3Cscript%3Ealert(1)', 'XSS'],
  ['id=1\' OR 1=1--', 'SQL injection'],
  ['name=x\'; DROP TABLE users', 'SQL injection'],
  ['/?id=1%20AND%20sleep(5)', 'SQL injection'],
  ['<img src=x onerror=alert(1)>', 'XSS'],
  ['/?u=javascript:alert(1)', 'XSS'],
  ['User-Agent: ${jndi:ldap://a/b}', 'log4shell'],
  ['/?x=%24%7Bjndi:ldap://a/b%7D', 'log4shell'],
  ['${${lower:j}ndi:ldap://a/b}', 'log4shell'],
  ['${price} it\'s or not', null],
  ['${'.repeat(30_000), null],
  ['\'or'.repeat(20_000), null],
  ['/', null],
  ['/a..b/c...d', null],
  ['/etc/hosts', null],
  ['/100%', null],
  [`/${'%25'.repeat(50_000)}`, null],
];

for (const [text, attack] of cases) {
  test(`${text.slice(0, 40)}: ${attack ?? 'nothing'}`, () => assert.equal(attackIn(text), attack));
}
