// The emulated AWS account: the lab's moto server on loopback, and Terraform's provider pointed at it.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { newAccount } from './account-nursery.ts';
import { pythonVenv } from './python-venv.ts';
import { terraformIsHere } from './workspace.ts';

const LAB_FILE = resolve('../shared/lab/traffic_mirror_moto.py');

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
  /** Of what account.py has made in it, keyed by words. */
  readonly ids: Readonly<Record<string, string>>;
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
 * A fresh account for this test, as account.py describes it, gone when the test ends. Undefined if something is
 * missing: then the test has been skipped with a sentence (or failed, where CI is set; but the lab's own folder beside
 * the checkout is never required).
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
  const { endpoint, ids } = await newAccount(join(programs, 'python'), LAB_FILE, env);
  const lab = async (command: string, ...args: string[]): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/lab/${command}`, { method: 'POST', body: JSON.stringify(args) });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${command} ${args.join(' ')}: ${said}`);
    return JSON.parse(said);
  };
  // It ends before it answers.
  t.after(() => lab('end').catch(() => undefined));
  return {
    endpoint,
    ids,
    scale: async (group, size) => { await lab('scale', group, String(size)); },
    members: async (group) => list(await lab('members', group)).map(String),
    stop: async (id) => { await lab('stop', id); },
    publish: async (name) => String(await lab('publish', name)),
    rebuilders: async () => list(await lab('rebuilders')) as RebuilderGroup[],
    left: async (...kinds) => Object.fromEntries(
      Object.entries(await lab('left', ...kinds) ?? {}).map(([kind, all]: [string, unknown]) => [kind, list(all)]),
    ),
  };
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/**
 * Provider block for a root module in a workspace of an account: no look at a real one. Where the account is stands in
 * the workspace's environment: to validate a block `endpoints`, which has hundreds of attributes, the provider needs
 * seconds of CPU in every command.
 */
export function provider(blockArguments = ''): string {
  return `provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  max_retries                 = 5
  ${blockArguments}
}
`;
}
