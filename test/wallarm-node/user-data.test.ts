// The reviewed user data of NGINX nodes (test/terraform/golden), run on a disk like an image's, with a stand-in for the
// vendor's script at each place it has: the token comes from the emulated Secrets Manager by the real AWS command line,
// the snippet runs in real NGINX, and the health check is green only while the node inside is well.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TOKEN, bootImage } from './image/boot-image.ts';

const NEW = '/opt/wallarm/usr/share/wallarm-common/cloud-init.py';
const OLD = '/usr/share/wallarm-common/cloud-init.py';
const TENANT = '11111111-1111-1111-1111-111111111111';
const golden = (name: string): string => readFileSync(`test/terraform/golden/${name}/user-data.sh`, 'utf8');

const health = [8448, '/-/healthcheck'] as const;

const image = (place: string): Record<string, string> => ({ [place]: 'cloud-init.py', '/usr/local/bin/systemctl': 'systemctl', '/opt/wallarm/services': 'services' });

const copy = (...lines: string[]): string =>
  `POST /login HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 203.0.113.7\r\nX-SERVER-ADDR: 10.0.2.9\r\nX-SERVER-PORT: 80\r\n${
    lines.map((line) => `${line}\r\n`).join('')}Content-Length: 4\r\nConnection: close\r\n\r\na=b&`;
/** The load balancers of this test are on loopback. */
const trusting = (script: string): string => script.replaceAll(/set_real_ip_from +10\.0\.2\.0\/24;/g, 'set_real_ip_from 127.0.0.0/8;');

const BOOTS = [
  { name: 'node 7, the script at its new place', golden: 'node-nginx-7', place: NEW, generation: '7', labels: 'group=shop', starting: 503, stopped: 502 },
  { name: 'node 6, the script at its new place', golden: 'node-nginx-6', place: NEW, generation: '6', labels: null, starting: 200, stopped: 502 },
  // Nothing of a 4.x node can be asked but its NGINX: docs and README say so.
  { name: 'node 4.8, the script at its old place', golden: 'node-nginx-4.8', place: OLD, generation: '4', labels: null, starting: 200, stopped: 200 },
] as const;

for (const each of BOOTS) {
  test(`${each.name}: takes copies, and is as healthy as the node inside`, async (t) => {
    const copies = [copy(), copy('X-Mirror-Application: 7'), copy(`X-Mirror-Partner: ${TENANT}`, 'X-Mirror-Application: 8'), copy('X-Mirror-Partner: 99999999-9999-9999-9999-999999999999')];
    const seen = await bootImage(t, { health, script: trusting(golden(each.golden)), files: image(each.place), texts: { '/tmp/generation': each.generation }, copies });
    if (seen === undefined) return;
    assert.equal(seen.status, 0, seen.output);
    assert.deepEqual(seen.told, {
      script: each.place, token: TOKEN, host: 'api.wallarm.com', preset: 'custom', mode: 'monitoring', labels: each.labels, nginx: false,
    });
    assert.deepEqual(seen.health, { booted: 200, starting: each.starting, stopped: each.stopped });
    assert.deepEqual(seen.answers, copies.map(() => 'HTTP/1.1 204 No Content'));
    const tenant = each.golden === 'node-nginx-7' ? TENANT : '';
    const line = (application: string, partner: string): RegExp => new RegExp(
      `^POST /login HTTP/1.1 remote_addr=203.0.113.7 server_addr=10.0.2.9 server_port=80 response_status=0 application=${application} partner_client_uuid=${partner} length=\\d+$`);
    assert.equal(seen.copies.length, 4, seen.copies.join('\n'));
    [line('', ''), line('7', ''), line('8', tenant), line('', '')].forEach((expected, i) => assert.match(seen.copies[i]!, expected));
    assert.deepEqual(seen.leaks, [], 'the token is on the disk nowhere');
    assert.ok(!seen.output.includes(TOKEN), 'nor in the log of the boot');
  });
}

test('an image without the vendor\'s script says so, and its health check stays red', async (t) => {
  const seen = await bootImage(t, { health, script: golden('node-nginx-7'), files: { '/usr/local/bin/systemctl': 'systemctl' } });
  if (seen === undefined) return;
  assert.equal(seen.status, 1);
  assert.match(seen.output, /no cloud-init\.py of Wallarm in this image: is it the image of an NGINX node\?/);
  assert.equal(seen.health.booted, 0);
});

test('a token that cannot be read says so, and its health check stays red', async (t) => {
  const seen = await bootImage(t, { health, secrets: {}, script: golden('node-nginx-7'), files: image(NEW) });
  if (seen === undefined) return;
  assert.notEqual(seen.status, 0);
  assert.match(seen.output, /attempt 6 of: aws secretsmanager: failed/);
  assert.deepEqual([seen.told, seen.health.booted], [{}, 0]);
});

test('an image without the AWS command says what to do', async (t) => {
  const seen = await bootImage(t, { health, script: golden('node-nginx-7').replace('command -v aws', 'command -v aws-is-not-here'), files: image(NEW) });
  if (seen === undefined) return;
  assert.equal(seen.status, 1);
  assert.match(seen.output, /no aws command in this image, and secrets are read with it: take a newer image, or give the module token/);
});
