// The files of examples/wallarm-node are what modules/wallarm-nodes gives its nodes, with an example's values: rendered
// anew and compared.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { terraformIsHere, Workspace } from '../terraform/workspace.ts';

const RENDERED: Readonly<Record<string, string>> = {
  'mirror.conf': 'templatefile("${local.templates}/mirror.conf.tftpl", { trusted_cidrs = ["10.0.0.0/8"] })',
  'node.conf': `templatefile("\${local.templates}/node.conf.tftpl", {
    mode = "monitoring", tenants = [], health_url = "http://127.0.0.1:9446/ready", mirror = "include /etc/nginx/mirror.conf;"
  })`,
};

test('examples/wallarm-node is rendered from the templates of modules/wallarm-nodes', async (t) => {
  if (!await terraformIsHere(t)) return;
  const workspace = new Workspace(t, 'rendered');
  const outputs = Object.entries(RENDERED).map(([name, expression]) => `output "${name.replace('.', '_')}" {\n  value = ${expression}\n}\n`);
  workspace.write('main.tf', `locals {\n  templates = "../modules/wallarm-nodes/templates"\n}\n${outputs.join('')}`);
  await workspace.init();
  await workspace.apply();
  const values = await workspace.outputs();
  for (const name of Object.keys(RENDERED)) {
    const path = `examples/wallarm-node/${name}`;
    const now = String(values[name.replace('.', '_')]);
    if (process.env['UPDATE']) writeFileSync(path, now);
    assert.equal(readFileSync(path, 'utf8'), now, `${path} is not what the template gives: UPDATE=1 npm test wallarm-node/example-files`);
  }
});
