// The emulated AWS account: the lab's moto server on loopback, and Terraform's provider pointed at it.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { pythonVenv } from './python-venv.ts';
import { terraformIsHere } from './workspace.ts';

const run = promisify(execFile);

const LAB_FILE = resolve('../shared/lab/traffic_mirror_moto.py');

/**
 * Services whose calls go to the emulation. A call to any other would leave the machine, and fails for want of
 * credentials.
 */
const SERVICES = [
  'autoscaling', 'cloudwatch', 'ec2', 'eks', 'elb', 'elbv2', 'events', 'glue', 'iam', 'kms', 'lambda', 'logs', 'ram', 'resourcegroupstaggingapi', 's3', 'secretsmanager',
  'sns', 'sqs', 'ssm', 'sts',
];

interface RebuilderGroup {
  readonly name: string;
  readonly instances: readonly string[];
  /** SHA-256 of the tarball that the instances want, and of what the bucket has under the name that they ask for. */
  readonly wanted: string;
  readonly stored: string;
  readonly policies: readonly string[];
  readonly hooks: readonly string[];
}

export interface Account {
  readonly endpoint: string;
  /** Makes the described account of account.py; ids keyed by words. */
  build(): Promise<Record<string, string>>;
  /** Sets the desired capacity of an Auto Scaling group. */
  scale(group: string, size: number): Promise<void>;
  /** Instances of an Auto Scaling group. */
  members(group: string): Promise<string[]>;
  /** Stops an instance. */
  stop(instanceId: string): Promise<void>;
  /** Adds an image to AWS Marketplace (names of the vendor's begin with wallarm-); its id. */
  publish(name: string): Promise<string>;
  /** The groups of rebuilders, with what each runs. */
  rebuilders(): Promise<RebuilderGroup[]>;
  /** What exists, by kind (of all kinds of account.py, or of these). */
  left(...kinds: string[]): Promise<Record<string, unknown[]>>;
}

/** As `emulatedAws`, for a test that points Terraform at it: skipped too if Terraform or its provider is missing. */
export async function emulatedAccount(
  t: TestContext, env: Readonly<Record<string, string>> = {},
): Promise<Account | undefined> {
  return await terraformIsHere(t) ? emulatedAws(t, env) : undefined;
}

/**
 * A fresh account for this test, stopped when it ends. Undefined if something is missing: then the test has been
 * skipped with a sentence (or failed, where CI is set; but the lab's own folder beside the checkout is never required).
 */
export async function emulatedAws(
  t: TestContext, env: Readonly<Record<string, string>> = {},
): Promise<Account | undefined> {
  if (!existsSync(LAB_FILE)) {
    t.skip('the emulated AWS account is not beside this checkout (../shared/lab)');
    return undefined;
  }
  const programs = await pythonVenv(t, 'moto', 'moto[server]==5.2.5');
  if (programs === undefined) return undefined;
  const python = join(programs, 'python');
  const port = await freePort();
  const server = spawn(python, ['test/terraform/moto_server.py', LAB_FILE, String(port)], { env: { ...process.env, ...env }, stdio: 'ignore' });
  t.after(() => { server.kill(); });
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; !await answers(endpoint); tries += 1) {
    if (tries > 600 || server.exitCode !== null) throw new Error('the emulated account does not start');
    await sleep(100);
  }
  return {
    endpoint,
    build: async () => strings(await account(python, endpoint, 'build')),
    scale: async (group, size) => { await account(python, endpoint, 'scale', group, String(size)); },
    members: async (group) => (lists({ members: await account(python, endpoint, 'members', group) })['members'] ?? []).map(String),
    stop: async (id) => { await account(python, endpoint, 'stop', id); },
    publish: async (name) => strings(await account(python, endpoint, 'publish', name))['image']!,
    rebuilders: async () => {
      const found: RebuilderGroup[] = JSON.parse((await run(python, ['test/terraform/account.py', endpoint, 'rebuilders'])).stdout);
      return found;
    },
    left: async (...kinds) => lists(await account(python, endpoint, 'left', ...kinds)),
  };
}

/** Provider block for a root module: every service at the account, and no look at a real one. */
export function provider(endpoint: string, blockArguments = ''): string {
  return `provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  max_retries                 = 5
  ${blockArguments}
  endpoints {
${SERVICES.map((service) => `    ${service} = ${JSON.stringify(endpoint)}`).join('\n')}
  }
}
`;
}

async function account(python: string, endpoint: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await run(python, ['test/terraform/account.py', endpoint, ...args]);
  return JSON.parse(stdout);
}

function strings(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(value ?? {}).map(([key, id]: [string, unknown]) => [key, String(id)]));
}

function lists(value: unknown): Record<string, unknown[]> {
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, list]: [string, unknown]) => [key, Array.isArray(list) ? list : []]),
  );
}

function freePort(): Promise<number> {
  return new Promise((done, reject) => {
    const server = createServer().on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else server.close(() => { done(address.port); });
    });
  });
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/moto-api/`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
