// A module is used outside of its checkout: from git, with the files that it has copies of. (By itself: module-tests.)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
import { installed } from '../installed.ts';
import { terraformIsHere, Workspace } from './workspace.ts';

const COPIES = 'modules/vpc-mirror-rebuild/http-mirror';

test('the module\'s copies of the HTTP mirrors are the files that the examples\' tests run', () => {
  const files = globSync(`${COPIES}/**`).map((file) => relative(COPIES, file)).sort();
  assert.ok(files.length > 0);
  for (const file of files) {
    const original = readFileSync(`examples/http-mirror/${file}`, 'utf8');
    if (process.env['UPDATE']) writeFileSync(`${COPIES}/${file}`, original);
    assert.equal(readFileSync(`${COPIES}/${file}`, 'utf8'), original, `${file}: UPDATE=1 npm test standalone-modules`);
  }
});

test('modules are taken from git', async (t) => {
  if (!installed(t, 'git') || !await terraformIsHere(t)) return;
  const workspace = new Workspace(t, 'uses-git');
  const git = (...args: string[]): Buffer => execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], { cwd: workspace.root });
  git('init', '--quiet');
  git('add', 'modules', 'enis');
  git('commit', '--quiet', '--message', 'modules');
  const source = (path: string): string => `source = "git::file://${workspace.root}//${path}"`;
  workspace.write('main.tf', `
module "rebuild" {
  ${source('modules/vpc-mirror-rebuild')}
  vpc_id          = "vpc-0a"
  subnet_ids      = ["subnet-0a", "subnet-0b"]
  mirrored_cidrs  = ["10.0.0.0/16"]
  mirror_endpoint = "http://nodes.internal:8445"
  artifact_s3_uri = "s3://bucket/rebuilder/vpc-mirror.tar.gz"
  artifact_sha256 = "${'0'.repeat(64)}"
}
module "enis" {
  ${source('enis')}
  by_asg = ["shop"]
}
module "sessions" {
  ${source('modules/vpc-mirror-sessions')}
  network_interfaces        = module.enis.network_interfaces
  network_load_balancer_arn = module.rebuild.nlb_arn
}
`);
  await workspace.init();
  await workspace.must('validate', '-no-color');
});
