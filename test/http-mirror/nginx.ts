// Real nginx with the files of examples/http-mirror/nginx, as site and relay or as parts of other products'
// configurations.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { exampleFile, scratch, startProgram } from './program.ts';
import { freePort } from '../free-port.ts';
import type { Addresses } from './suite.ts';

interface NginxFiles {
  folder: string;
  /** Paths of the two parts: for a `server` block, and for `http`. */
  mirror: string;
  relay: string;
}

/** Writes mirror.conf and mirror-relay.conf for these addresses. */
export const mirrorFiles = async (
  t: TestContext, at: Addresses, change: (text: string) => string,
): Promise<NginxFiles> => {
  const folder = scratch(t);
  const hop = `127.0.0.1:${await freePort()}`;
  const mirror = join(folder, 'mirror.conf');
  const relay = join(folder, 'mirror-relay.conf');
  writeFileSync(mirror, change(exampleFile('http-mirror/nginx/mirror.conf', [['http://127.0.0.1:8446$', `http://${hop}$`]])));
  writeFileSync(relay, change(exampleFile('http-mirror/nginx/mirror-relay.conf', [
    ['mirror.internal.example:8445', `127.0.0.1:${at.node}`],
    ['listen 127.0.0.1:8446', `listen ${hop}`],
  ])));
  return { folder, mirror, relay };
};

/** The frame every distribution's nginx.conf gives. */
export const startNginx = async (t: TestContext, folder: string, http: string, ports: readonly number[], main = ''): Promise<void> => {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ');
  writeFileSync(join(folder, 'nginx.conf'), `${main}
user root; worker_processes 1; daemon off; pid ${folder}/pid; error_log stderr warn;
events { worker_connections 4096; }
http { access_log off; client_max_body_size 8m; ${temporary}
${http}
}`);
  await startProgram(t, ['nginx', '-c', join(folder, 'nginx.conf'), '-p', folder], ports);
};

/** examples/http-mirror/nginx as a user has it; `change` sees each of the three files. */
export const startSite = (change: (text: string) => string = (text) => text) => async (
  t: TestContext, at: Addresses,
): Promise<void> => {
  const { folder, mirror, relay } = await mirrorFiles(t, at, change);
  const site = join(folder, 'site.conf');
  writeFileSync(site, change(exampleFile('http-mirror/nginx/site.conf', [
    ['listen 80;', `listen 127.0.0.1:${at.front};`],
    ['http://127.0.0.1:8080;', `http://127.0.0.1:${at.app};`],
    ['include /etc/nginx/mirror.conf;', `include ${mirror};`],
  ])));
  await startNginx(t, folder, `include ${relay}; include ${site};`, [at.front]);
};

export const trustsLoopback = (text: string): string => text.replace('set_real_ip_from  10.0.0.0/8', 'set_real_ip_from  127.0.0.0/8');
