import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOptionList, namesNeededLine, repeatsItself } from '../../rebuilder/forward/connection-options.ts';

const CASES: readonly (readonly [value: string, isList: boolean, needed: boolean])[] = [
  ['close', false, false],
  ['close, close', true, false],
  ['keep-alive,close', true, false],
  ['Upgrade, HTTP2-Settings', true, false],
  ['close, X-Forwarded-For', true, true],
  ['x-mirror-id\t, close', true, true],
  ['X_REAL_IP,', true, true],
  [',, host ,', true, true],
  ['close, Content-Length', true, true],
  ['transfer_encoding', false, true],
  ['X-Request-ID, a', true, true],
  ['', false, false],
];

for (const [value, isList, needed] of CASES) {
  test(`Connection: ${value}`, () => {
    // Not alone in its bytes: what stands beside it must not count.
    const bytes = Buffer.from(`a,host${value},host`, 'latin1');
    const [start, end] = [6, 6 + value.length];
    assert.equal(isOptionList(bytes, start, end), isList);
    assert.equal(namesNeededLine(bytes, start, end), needed);
  });
}

for (const [value, repeats] of [
  ['close, close', true], ['keep-alive,Close', true], ['x, keep-alive ,y,keep-alive', true],
  ['keep-alive, Upgrade', false], ['TE, close', false], ['close', false], ['closed, close', false], ['', false],
] as const) {
  test(`'${value}' ${repeats ? 'says twice' : 'does not say twice'} whether the connection stays`, () => {
    const bytes = Buffer.from(`close,${value},close`, 'latin1');
    assert.equal(repeatsItself(bytes, 6, 6 + value.length), repeats);
  });
}
