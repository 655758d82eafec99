// One process of the AWS provider for all commands of a workspace, in place of one (or several) for each command.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { globSync } from 'tinyglobby';
import { namedSchemas } from './named-schemas.ts';

/** What a provider that was started by hand says of where it listens, quoted for a shell. */
const ATTACH = /TF_REATTACH_PROVIDERS='(.+)'/;

type Attachable = Record<string, { readonly Addr: { readonly Network: string; readonly String: string } }>;

/**
 * Starts the provider that `terraform init` has put into `dir`, until the test ends, with its socket in `root`, below
 * which all modules are. A value for TF_REATTACH_PROVIDERS, or undefined if the root module there needs no AWS.
 * (https://developer.hashicorp.com/terraform/plugin/debugging#terraform-cli-interactions)
 *
 * By itself Terraform starts a provider anew for every step of every command, and hashes its 700 MB for every command:
 * of 24 runs of `terraform test` that is 14 of 25 s of CPU. `init` still chooses the version and checks what it takes.
 */
export async function attachedProvider(
  t: TestContext, dir: string, root: string, env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const providers = '.terraform/providers/registry.terraform.io/hashicorp/aws';
  const [program] = globSync(`${providers}/*/*/terraform-provider-aws*`, { cwd: dir });
  if (program === undefined) return undefined;
  // In the root module's folder: file names in it are relative to that.
  const options = { cwd: dir, env: { ...env, TMPDIR: root } };
  const child = spawn(resolve(dir, program), ['-debug'], { ...options, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const said = await new Promise<string>((done, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const attach = ATTACH.exec(said)?.[1];
      if (attach !== undefined) done(attach);
    });
    child.on('close', (code) => { reject(new Error(`the AWS provider ended with ${code} before it listened`)); });
    ended.catch(reject);
  });
  const attach: Attachable = JSON.parse(said);
  for (const [address, { Addr, ...rest }] of Object.entries(attach)) {
    const socket = join(root, 'named-schemas');
    await namedSchemas(t, Addr.String, socket, root);
    attach[address] = { ...rest, Addr: { ...Addr, String: socket } };
  }
  return JSON.stringify(attach);
}
