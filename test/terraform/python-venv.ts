// Python programs that tests need, each in a virtual environment of its own, made once.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { absent, installed, sentenceOfMissing } from '../installed.ts';

const run = promisify(execFile);

/**
 * The folder of programs of an environment with these packages (requirements of pip, with their versions, a blank
 * between). Undefined if it cannot be made: then the test has been skipped with a sentence, or fails where CI is set.
 */
export async function pythonVenv(t: TestContext, name: string, requirement: string): Promise<string | undefined> {
  if (!installed(t, 'python3')) return undefined;
  const venv = resolve('node_modules/.cache', `${name}-venv`);
  try {
    await make(venv, requirement);
    return join(venv, 'bin');
  } catch (cause) {
    absent(t, `${requirement} cannot be installed with pip: ${cause instanceof Error ? cause.message : String(cause)}`);
    return undefined;
  }
}

/** Test files run side by side: one makes the environment, and the others wait. */
async function make(venv: string, requirement: string): Promise<void> {
  // Its programs name the place where they lie: a checkout that was moved needs another, as do other versions.
  const done = join(venv, `installed-${createHash('sha256').update(`${venv} ${requirement}`).digest('hex').slice(0, 16)}`);
  const lock = `${venv}.lock`;
  mkdirSync(resolve('node_modules/.cache'), { recursive: true });
  for (;;) {
    if (existsSync(done)) return;
    try {
      mkdirSync(lock);
    } catch {
      // Left behind by a run that was stopped: an installation does not take ten minutes.
      if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 600_000) {
        rmSync(lock, { recursive: true, force: true });
      }
      await sleep(500);
      continue;
    }
    try {
      if (existsSync(done)) return;
      await install(venv, requirement.split(' '));
      mkdirSync(done);
      return;
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

/**
 * By uv where it is installed: moto and checkov cost 4 s of CPU that way, and 65 s by pip, which compiles every file
 * besides.
 */
async function install(venv: string, requirements: readonly string[]): Promise<void> {
  const python = join(venv, 'bin', 'python');
  if (sentenceOfMissing(['uv']) === null) {
    await run('uv', ['venv', '--quiet', '--clear', '--python', 'python3', venv]);
    await run('uv', ['pip', 'install', '--quiet', '--python', python, ...requirements]);
  } else {
    await run('python3', ['-m', 'venv', '--clear', venv]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements]);
  }
}
