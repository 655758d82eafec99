// The command `vpc-mirror` as a user has it, its calls going to an emulated account.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { file, type Result } from '../command-line.ts';

const PROGRAM = fileURLToPath(new URL('../../fleet/vpc-mirror.js', import.meta.url));

/** Credentials that the emulation takes, and nothing of the user's own. */
export const AWS = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
};

type Variables = Readonly<Record<string, string | undefined>>;

/** Runs `vpc-mirror` to its end. A variable set to undefined is not there. */
export async function vpcMirror(endpoint: string, args: readonly string[], env: Variables = {}): Promise<Result> {
  const child = startVpcMirror(endpoint, args, env);
  const said = { stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const [status]: (number | null)[] = await once(child, 'close');
  return { status: status ?? null, ...said };
}

export function startVpcMirror(endpoint: string, args: readonly string[], env: Variables = {}): ChildProcess {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  return spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...own, ...AWS, AWS_ENDPOINT_URL: endpoint, ...env },
  });
}

/** A description of a mirror as a file that goes with the test. @returns its path */
export const description = (t: TestContext, content: object): string =>
  file(t, 'vpc_mirror.json', JSON.stringify(content));
