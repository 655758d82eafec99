import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../rebuilder/config/load.ts';
import { SettingError } from '../../rebuilder/config/mistakes.ts';
import { checkKeyFiles, checkNamedFiles } from '../../rebuilder/service/named-files.ts';
import { file } from '../command-line.ts';

test('every file that cannot be used is named, at once', (t) => {
  const plain = file(t, 'plain', 'short');
  const config = file(t, 'node.yaml', [
    'version: 4', 'log:', `  log_file: ${join(plain, 'service.log')}`,
    '  access_log:', '    enabled: true', `    log_file: ${join(plain, 'access.log')}`,
    'exchanges:', `  file: ${join(plain, 'exchanges.jsonl')}`, 'forward:', `  loop_key_file: ${plain}`, '',
  ].join('\n'));
  const { settings } = loadConfig(config);
  const keysOf = (check: () => void): string[] => {
    try {
      check();
    } catch (error) {
      assert.ok(error instanceof SettingError);
      return error.message.split('\n').map((sentence) => sentence.slice(0, sentence.indexOf(': ')));
    }
    return [];
  };
  assert.deepEqual(keysOf(() => checkNamedFiles(settings)), ['forward.loop_key_file', 'log.log_file', 'log.access_log.log_file', 'exchanges.file']);
  assert.deepEqual(keysOf(() => checkKeyFiles(settings)), ['forward.loop_key_file']);
});
