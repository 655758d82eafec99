// Boots an image with its user data, inside the namespaces that root.sh makes, and plays the load balancers: prints
// what it saw, a JSON object on its last line.   boot.ts SETTINGS ROOT
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Settings {
  /** The user data. */
  readonly script: string;
  /** Stand-ins of this folder, by their place in the image. */
  readonly files: Readonly<Record<string, string>>;
  /** Texts, by their place in the image. */
  readonly texts: Readonly<Record<string, string>>;
  /** What AWS Secrets Manager holds, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Whether AWS Certificate Manager has an exportable certificate for nodes.example.com. */
  readonly exportable?: boolean;
  /** A site of the vendor's: one file over TLS, whatever its path. */
  readonly site?: { readonly host: string; readonly certificate: string; readonly key: string; readonly file: string };
  /** Programs of virtual environments: Python with moto, the AWS command line. */
  readonly python: string;
  readonly aws: string;
  /** What a load balancer asks: port and path. */
  readonly health: readonly [port: number, path: string];
  /** Requests for the port of the copies, raw. */
  readonly copies: readonly string[];
  /** A command of this machine's that delivers to the node. */
  readonly deliver?: readonly string[];
}

export interface Seen {
  /** How the user data ended, and what it said. */
  readonly status: number | null;
  readonly output: string;
  /** The health check's answer: after the boot, while the node inside starts, when it is stopped. 0: nobody answers. */
  readonly health: { readonly booted: number; readonly starting: number; readonly stopped: number };
  /** Status lines of the copies' answers. */
  readonly answers: readonly string[];
  /** What NGINX made of the copies. */
  readonly copies: readonly string[];
  /** What the vendor's script was told. */
  readonly told: Readonly<Record<string, unknown>>;
  /** What the command said that delivers to the node. */
  readonly delivered: string;
  /** Files in the image after the boot that hold the token; files that hold a private key, with who may read them. */
  readonly leaks: readonly string[];
  readonly keys: readonly string[];
}

function main(settings: Settings, root: string): Promise<Seen> {
  for (const [to, from] of Object.entries(settings.files)) {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(join(import.meta.dirname, from), join(root, to));
  }
  for (const [to, text] of Object.entries(settings.texts)) writeFileSync(join(root, to), text, { mode: 0o755 });
  return boot(settings, root);
}

async function boot(settings: Settings, root: string): Promise<Seen> {
  const moto = spawn(settings.python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '5000'], { stdio: 'ignore' });
  await answering('http://127.0.0.1:5000/moto-api/');
  const environment = {
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', CURL_CA_BUNDLE: '/tmp/ca.pem', AWS_ENDPOINT_URL: 'http://127.0.0.1:5000', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test',
  };
  const ask = (...words: string[]): string => spawnSync(settings.aws, [...words, '--region', 'us-east-1', '--output', 'text'],
    { encoding: 'utf8', env: environment }).stdout.trim();
  let script = settings.script;
  for (const [name, value] of Object.entries(settings.secrets)) {
    const arn = ask('secretsmanager', 'create-secret', '--name', name, '--secret-string', value, '--query', 'ARN');
    script = script.replaceAll(`arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-UNIQUE`, arn);
  }
  if (settings.exportable === true) {
    const arn = ask('acm', 'request-certificate', '--domain-name', 'nodes.example.com', '--options', 'Export=ENABLED', '--query', 'CertificateArn');
    script = script.replaceAll('EXPORTABLE', arn);
  }
  serve(settings.site, root);
  writeFileSync(join(root, 'user-data'), script, { mode: 0o700 });
  // To a file: what the script starts goes on, with the output it was given.
  // Not spawnSync: the site answers from this process.
  const booting = spawn('chroot', [root, 'bash', '-c', 'bash /user-data > /tmp/boot.log 2>&1'], { env: environment, stdio: 'ignore', timeout: 120_000 });
  await once(booting, 'exit');
  const ran = { status: booting.exitCode };
  const inImage = (...command: string[]): void => { spawnSync('chroot', [root, ...command], { env: environment, stdio: 'ignore' }); };

  const answers: string[] = [];
  for (const copy of ran.status === 0 ? settings.copies : []) answers.push(await raw(8445, copy));
  const booted = await health(settings.health, (status) => status === 200 || ran.status !== 0);
  const delivered = settings.deliver === undefined ? '' : spawnSync(settings.deliver[0]!, settings.deliver.slice(1), { encoding: 'utf8' }).stderr;
  writeFileSync(join(root, 'tmp/starting'), '');
  const starting = await health(settings.health, () => true);
  inImage('systemctl', 'stop', 'wallarm.service');
  const stopped = await health(settings.health, () => true);
  const log = join(root, 'tmp/copies.log');
  const told: Record<string, unknown> = existsSync(join(root, 'tmp/told.json')) ? JSON.parse(readFileSync(join(root, 'tmp/told.json'), 'utf8')) : {};
  const holding = (text: string): string[] => spawnSync('grep', ['-rlF', '--', text, join(root, '../upper')], { encoding: 'utf8' }).stdout
    .split('\n').filter((file) => file !== '').map((file) => file.slice(join(root, '../upper').length));
  const token = settings.secrets['wallarm/api-token'];
  moto.kill();
  await once(moto, 'close');
  const mode = (file: string): string => spawnSync('chroot', [root, 'stat', '--format', '%n %a %U:%G', file], { encoding: 'utf8' }).stdout.trim();
  return {
    status: ran.status, output: readFileSync(join(root, 'tmp/boot.log'), 'utf8'), health: { booted, starting, stopped }, answers, told,
    copies: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [],
    delivered,
    leaks: token === undefined ? [] : holding(token).filter((file) => file !== '/tmp/told.json'),
    keys: holding('PRIVATE KEY-----').filter((file) => file !== '/user-data').map(mode),
  };
}

function serve(site: Settings['site'], root: string): void {
  if (site === undefined) return;
  writeFileSync(join(root, 'etc/hosts'), `127.0.0.1 localhost ${site.host}\n`);
  const file = readFileSync(join(import.meta.dirname, site.file));
  createServer({ cert: site.certificate, key: site.key }, (_request, response) => { response.end(file); })
    .listen(443).unref();
}

/** Asks as a load balancer does, again and again for a while if the answer is not good. */
async function health([port, path]: Settings['health'], good: (status: number) => boolean): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const status = await get(`http://127.0.0.1:${port}${path}`);
    if (good(status) || tries === 600) return status;
    await sleep(100);
  }
}

const get = (url: string): Promise<number> => new Promise((resolve) => {
  // On a connection of its own: one that is kept may have been closed while this process waited for another.
  const asked = request(url, { agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  asked.on('error', () => { resolve(0); }).end();
});

async function answering(url: string): Promise<void> {
  for (let tries = 0; await get(url) === 0; tries += 1) {
    if (tries === 600) throw new Error(`nobody answers at ${url}`);
    await sleep(100);
  }
}

async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (bytes) => { received += bytes.toString('latin1'); });
  socket.on('error', (error) => { received = error.message; });
  socket.write(text, 'latin1');
  await once(socket, 'close');
  return received.split('\r\n')[0] ?? '';
}

const [settingsFile, root] = process.argv.slice(2);
const settings: Settings = JSON.parse(readFileSync(settingsFile!, 'utf8'));
console.log(JSON.stringify(await main(settings, root!)));
