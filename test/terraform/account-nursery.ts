// Emulated accounts, forked off one process of Python that has made the described account once.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { Socket } from 'node:net';

interface EmulatedAccount { readonly endpoint: string; readonly ids: Readonly<Record<string, string>> }

/** One for each environment and test file: it ends with the file's process. */
export class AccountNursery {
  static readonly #started = new Map<string, AccountNursery>();
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #ids: Promise<Record<string, string>>;
  #last: Promise<unknown>;

  private constructor(python: string, labFile: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn(python, ['test/terraform/moto_server.py', labFile], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#lines = createInterface(this.#child.stdout!);
    this.#ids = this.#line().then((text) => JSON.parse(text) as Record<string, string>);
    this.#last = this.#ids;
  }

  static of(python: string, labFile: string, env: Readonly<Record<string, string>>): AccountNursery {
    const key = JSON.stringify(env);
    const nursery = this.#started.get(key) ?? new AccountNursery(python, labFile, env);
    this.#started.set(key, nursery);
    return nursery;
  }

  /** One more account, as it was made. */
  async account(): Promise<EmulatedAccount> {
    const port = this.#last.then(() => {
      const answer = this.#line();
      this.#child.stdin!.write('one more\n');
      return answer;
    });
    this.#last = port;
    return { endpoint: `http://127.0.0.1:${await port}`, ids: await this.#ids };
  }

  /** The next line that it says. Only while one is waited for does it keep this process alive. */
  async #line(): Promise<string> {
    this.#hold(true);
    try {
      const [line] = (await Promise.race([once(this.#lines, 'line'), once(this.#child, 'close')])) as [string | number | null];
      if (typeof line !== 'string') throw new Error(`the emulated account ended with ${line}`);
      return line;
    } finally {
      this.#hold(false);
    }
  }

  #hold(isHeld: boolean): void {
    const { stdin, stdout } = this.#child;
    for (const one of [this.#child, stdin, stdout]) {
      if (!(one instanceof Socket || one === this.#child)) continue;
      if (isHeld) one.ref();
      else one.unref();
    }
  }
}
