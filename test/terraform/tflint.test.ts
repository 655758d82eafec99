// The linter of Terraform's community, with all of its rules for the language. It is a Go program that few package
// sources have (`go install github.com/terraform-linters/tflint@latest`), so a machine without it skips this, CI too.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';

const TFLINT = ['tflint', join(process.env['GOPATH'] ?? join(homedir(), 'go'), 'bin', 'tflint')]
  .find((program) => (program === 'tflint' || existsSync(program)) && spawnSync(program, ['--version']).status === 0);

for (const module of globSync(['modules/*', 'examples/*', 'enis'], { onlyDirectories: true, expandDirectories: false }).sort()) {
  if (!existsSync(join(module, 'versions.tf'))) continue;
  test(`tflint has nothing to say of ${module}`, (t) => {
    if (TFLINT === undefined) {
      t.skip('tflint is not installed: go install github.com/terraform-linters/tflint@latest');
      return;
    }
    const { stdout, stderr, status } = spawnSync(TFLINT, ['--no-color', `--chdir=${module}`, `--config=${resolve('test/terraform/tflint.hcl')}`], { encoding: 'utf8' });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  });
}
