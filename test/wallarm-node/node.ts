// A node as far as NGINX goes: real nginx with examples/wallarm-node/mirror.conf in its server block. The wallarm
// module is not public, so each `wallarm_force NAME VALUE;` is read as `set $forced_NAME VALUE;`: the same expression,
// evaluated by nginx, told to a recorder. Likewise `wallarm_application VALUE;` is `set $forced_application VALUE;`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { exampleFile, scratch, startProgram } from '../http-mirror/program.ts';
import { freePort } from '../free-port.ts';
import { values, type Recorded } from '../http-mirror/stand-ins.ts';

const FORCED = ['server_addr', 'server_port', 'response_status', 'response_time', 'response_size', 'application'] as const;

/** What the node takes the request for. */
export interface Verdict {
  remote_addr: string;
  server_addr: string;
  server_port: string;
  response_status: string;
  response_time: string;
  response_size: string;
  /** Empty: the node's default. */
  application: string;
}

export interface NodeOptions {
  port: number;
  recorder: number;
  /** CIDRs in place of the file's own. */
  trusted: readonly string[];
  change?: (text: string) => string;
}

/** The two lines of mirror.conf that are for the rebuilder as the only sender. */
export const everyName = (text: string): string => text.replace('#underscores_in_headers on;', 'underscores_in_headers on;')
  .replace('#ignore_invalid_headers off;', 'ignore_invalid_headers off;');

/** mirror.conf with what nginx does not know made into what it does. */
const mirrorText = (trusted: readonly string[], change: (text: string) => string): string => change(exampleFile('wallarm-node/mirror.conf', [
  ['set_real_ip_from  10.0.0.0/8;', trusted.map((cidr) => `set_real_ip_from ${cidr};`).join('\n')],
])).replace(/^wallarm_force +(\w+) +(\S+);$/gm, (_line, name: string, value: string) => `set $forced_${name} ${value};`)
  .replace(/^wallarm_(application) +(\S+);$/gm, (_line, name: string, value: string) => `set $forced_${name} ${value};`);

const frame = (folder: string, http: string): string => `
user root; worker_processes 1; daemon off; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
${http}
}`;

interface WholeNode {
  port: number;
  healthPort: number;
  /** Where its NGINX expects the node's own readiness; nothing listens there yet. */
  readyPort: number;
}

/** The whole node of examples/wallarm-node/node.conf; what `wallarm_mode` would do is left to the module. */
export const startWholeNode = async (
  t: TestContext, change: (text: string) => string = (text) => text,
): Promise<WholeNode> => {
  const folder = scratch(t);
  const [port, sink, healthPort, readyPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, 'mirror.conf'), mirrorText(['127.0.0.0/8'], (text) => text));
  const text = exampleFile('wallarm-node/node.conf', [
    ['listen 8445;', `listen 127.0.0.1:${port};`], ['http://127.0.0.1:8447;', `http://127.0.0.1:${sink};`], ['listen 127.0.0.1:8447;', `listen 127.0.0.1:${sink};`],
    ['listen 8448;', `listen 127.0.0.1:${healthPort};`], ['http://127.0.0.1:9446/ready', `http://127.0.0.1:${readyPort}/ready`],
    ['include /etc/nginx/mirror.conf;', `include ${folder}/mirror.conf;`],
  ]);
  writeFileSync(join(folder, 'nginx.conf'), frame(folder, change(text).replace(/^ *wallarm_mode +(?:monitoring|off);$/gm, '')));
  await startProgram(t, ['nginx', '-c', join(folder, 'nginx.conf'), '-p', folder], [port, healthPort]);
  return { port, healthPort, readyPort };
};

export const startNode = async (
  t: TestContext, { port, recorder, trusted, change = (text) => text }: NodeOptions,
): Promise<void> => {
  const folder = scratch(t);
  const text = mirrorText(trusted, change);
  if (/^\s*wallarm_/m.test(text)) throw new Error('mirror.conf has a wallarm directive that this stand-in does not know');
  writeFileSync(join(folder, 'mirror.conf'), text);
  writeFileSync(join(folder, 'nginx.conf'), frame(folder, `
  server {
    listen 127.0.0.1:${port};
    include ${folder}/mirror.conf;
    location / {
      proxy_pass http://127.0.0.1:${recorder}$request_uri;
      proxy_set_header Host $http_host;
      proxy_set_header Seen-remote_addr $remote_addr;
      ${FORCED.map((name) => `proxy_set_header Seen-${name} $forced_${name};`).join('\n      ')}
    }
  }`));
  await startProgram(t, ['nginx', '-c', join(folder, 'nginx.conf'), '-p', folder], [port]);
};

export const verdict = (request: Recorded): Verdict => {
  const seen = (name: string): string => values(request, `Seen-${name}`).join();
  return {
    remote_addr: seen('remote_addr'), server_addr: seen('server_addr'), server_port: seen('server_port'),
    response_status: seen('response_status'), response_time: seen('response_time'), response_size: seen('response_size'),
    application: seen('application'),
  };
};
