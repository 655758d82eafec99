// The reviewed user data of native nodes (test/terraform/golden), run on a disk like an image's, with stand-ins for the
// vendor's installer and node; and the reviewed configuration of the rebuilders in front of it, which delivers an
// exchange over TLS.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { installed } from '../installed.ts';
import { scratch } from '../http-mirror/program.ts';
import { terraformIsHere, Workspace } from '../terraform/workspace.ts';
import { TOKEN, bootImage, type Boot } from './image/boot-image.ts';

const GOLDEN = readFileSync('test/terraform/golden/node-native/user-data.sh', 'utf8');
const REBUILDER = readFileSync('test/terraform/golden/vpc-mirror-native/cloud-init.sh', 'utf8');
/** The checksum of the golden file, which no installer has. */
const NO_INSTALLER = 'ab'.repeat(32);

interface Certificates {
  readonly folder: string;
  readonly authority: string;
  readonly node: string;
  readonly nodeKey: string;
  readonly site: string;
  readonly siteKey: string;
}

/** An authority, and what it signed: a certificate for the nodes, and one for the vendor's site. */
function certificates(t: TestContext): Certificates {
  const folder = scratch(t);
  const openssl = (...words: string[]): void => { execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' }); };
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-subj', '/CN=authority', '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem');
  for (const name of ['nodes.example.com', 'meganode.wallarm.com']) {
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`,
      '-days', '2', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }
  return {
    folder, authority: read('ca.pem'), node: read('nodes.example.com.pem'), nodeKey: read('nodes.example.com.key'),
    site: read('meganode.wallarm.com.pem'), siteKey: read('meganode.wallarm.com.key'),
  };
}

const installerSha256 = createHash('sha256').update(readFileSync('test/wallarm-node/image/native-installer.sh')).digest('hex');

const image = (of: Certificates): Boot => ({
  script: GOLDEN.replace(NO_INSTALLER, installerSha256), health: [8080, '/ready'],
  secrets: { 'wallarm/api-token': TOKEN, 'wallarm/certificate': `${of.node}${of.authority}${of.nodeKey}` },
  files: { '/usr/local/bin/systemctl': 'systemctl', '/opt/wallarm/services': 'native-services', '/opt/wallarm/native-node.mjs': 'native-node.mjs' },
  texts: { '/tmp/ca.pem': of.authority, '/tmp/node': process.execPath },
  site: { host: 'meganode.wallarm.com', certificate: of.site, key: of.siteKey, file: 'native-installer.sh' },
});

test('a native node: installed from the checked installer, takes an exchange of the rebuilder over TLS, and is as healthy as the node inside', async (t) => {
  if (!installed(t, 'openssl')) return;
  const made = certificates(t);
  const written = /^cat > \/etc\/vpc-mirror\/wallarm-node-conf\.yaml << 'END_OF_FILE'\n([\s\S]*?)^END_OF_FILE$/m.exec(REBUILDER)?.[1] ?? '';
  const configuration = join(made.folder, 'wallarm-node-conf.yaml');
  const here: readonly (readonly [string | RegExp, string])[] = [
    [/"endpoint": "https:[^"]*:5080"/, '"endpoint": "https://127.0.0.1:5080"'], ['/etc/vpc-mirror/native-nodes-ca.pem', join(made.folder, 'ca.pem')],
    ['/var/log/vpc-mirror/rebuilder.log', 'stderr'],
  ];
  writeFileSync(configuration, here.reduce((text, [from, to]) => {
    assert.notEqual(text.replace(from, to), text, String(from));
    return text.replace(from, to);
  }, written));
  const seen = await bootImage(t, { ...image(made), deliver: [process.execPath, '--import', 'tsx', 'test/wallarm-node/image/deliver.ts', configuration] });
  if (seen === undefined) return;
  assert.equal(seen.status, 0, seen.output);
  assert.deepEqual(seen.told, { batch: 'yes', token: TOKEN, mode: 'envoy-external-filter', host: 'api.wallarm.com', labels: '' });
  assert.deepEqual(seen.health, { booted: 200, starting: 200, stopped: 0 });
  assert.match(seen.delivered, /^rebuilder_exchanges_out_total\S*ext_proc\.delivered\S* 1$/m);
  assert.deepEqual(seen.copies, ['/envoy.service.ext_proc.v3.ExternalProcessor/Process application/grpc messages']);
  assert.deepEqual(seen.leaks, [], 'the token is on the disk nowhere');
  assert.deepEqual(seen.keys, ['/etc/wallarm-node/tls-key.key 640 root:wallarm'], 'the key is there once, for the node');
  assert.ok(!seen.output.includes(TOKEN));
});

test('an installer with another checksum is not run', async (t) => {
  if (!installed(t, 'openssl')) return;
  const seen = await bootImage(t, { ...image(certificates(t)), script: GOLDEN });
  if (seen === undefined) return;
  assert.notEqual(seen.status, 0);
  assert.match(seen.output, /aio-native\.sh: FAILED/);
  assert.deepEqual([seen.told, seen.health.booted], [{}, 0]);
});

test('the vendor\'s image without its installer says so; a certificate of AWS Certificate Manager is exported and its key decrypted', async (t) => {
  if (!installed(t, 'openssl') || !await terraformIsHere(t)) return;
  const workspace = new Workspace(t, 'rendered');
  workspace.write('main.tf', `output "setup" {
  value = templatefile("../modules/wallarm-nodes/templates/native.sh.tftpl", {
    acm_certificate_arn = "EXPORTABLE", certificate_region = "us-east-1", certificate_command = "", config_yaml = "", installer = null, host = "api.wallarm.com"
  })
}
`);
  await workspace.init();
  await workspace.apply();
  const { setup } = await workspace.outputs();
  // Up to the certificate the script is the reviewed one.
  const script = `${GOLDEN.slice(0, GOLDEN.indexOf('# --- The certificate'))}${String(setup)}`;
  const seen = await bootImage(t, { ...image(certificates(t)), script, exportable: true });
  if (seen === undefined) return;
  assert.equal(seen.status, 1);
  assert.match(seen.output, /no aio-native-\*\.sh in \/home\/admin: is it the image of a native node\?/);
  assert.deepEqual(seen.keys, ['/etc/wallarm-node/tls-key.key 640 root:root']);
});
