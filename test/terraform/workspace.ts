// Terraform run in a copy of the modules, so that a test leaves nothing in the checkout.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { absent, installed } from '../installed.ts';
import { attachedProvider } from './attached-provider.ts';
import { cliConfiguration, providerMirror } from './provider-mirror.ts';

/** What a module may refer to by a relative path. */
const COPIED = ['modules', 'enis', 'examples'];

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, on one line and without frames: for matching Terraform's sentences. */
  readonly text: string;
}

export interface PlannedChange {
  readonly address: string;
  readonly type: string;
  readonly change: { readonly actions: readonly string[] };
}

export interface Change {
  readonly address: string;
  /** Such as aws_lb. */
  readonly type: string;
  readonly action: 'create' | 'update' | 'replace' | 'delete';
}

export interface Applied {
  readonly changes: readonly Change[];
  /**
   * What was done, in the order of its beginnings and ends: `create aws_lb.mirror begins`, `create aws_lb.mirror ends`.
   */
  readonly order: readonly string[];
}

/**
 * Whether Terraform and the AWS provider are here; if not, the test is skipped with a sentence (and fails where CI is
 * set).
 */
export async function terraformIsHere(t: TestContext): Promise<boolean> {
  if (!installed(t, 'terraform')) return false;
  if (providerMirror() !== undefined) return true;
  try {
    await fetch('https://registry.terraform.io/.well-known/terraform.json', { signal: AbortSignal.timeout(5000) });
    return true;
  } catch {
    return absent(t, 'neither a filesystem mirror with hashicorp/aws nor the Terraform registry is within reach');
  }
}

/** A temporary copy of the modules, with one folder in it as the working directory of Terraform. */
export class Workspace {
  readonly root: string;
  readonly dir: string;
  readonly #t: TestContext;
  readonly #env: NodeJS.ProcessEnv;

  /**
   * @param dir the root module, as a path in the checkout; a folder that does not exist there starts empty
   * @param account where calls of all services go
   */
  constructor(t: TestContext, dir: string, account?: { readonly endpoint: string }) {
    this.#t = t;
    this.root = mkdtempSync(join(tmpdir(), 'vpc-mirror-terraform-'));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
    for (const folder of COPIED) {
      if (existsSync(folder)) cpSync(folder, join(this.root, folder), { recursive: true, filter: (path) => basename(path) !== '.terraform' });
    }
    this.dir = join(this.root, dir);
    mkdirSync(this.dir, { recursive: true });
    const configuration = join(this.root, 'terraform.rc');
    writeFileSync(configuration, cliConfiguration(providerMirror()));
    this.#env = {
      ...process.env, TF_CLI_CONFIG_FILE: configuration, TF_IN_AUTOMATION: '1', TF_INPUT: '0', TF_PLUGIN_CACHE_DIR: undefined,
      // The provider spends a third of a short run on collecting garbage.
      GOGC: '400',
      // The account is on loopback, without TLS; a provider that is configured a second time takes no authority.
      AWS_CA_BUNDLE: undefined,
      AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL: account?.endpoint,
    };
  }

  /** Writes a file of the root module; `name` is relative to it. */
  write(name: string, text: string | Uint8Array): void {
    const path = join(this.dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Runs `terraform …` in the root module, to its end. */
  run(...args: string[]): Promise<Run> {
    return new Promise((resolve, reject) => {
      const child = spawn('terraform', args, { cwd: this.dir, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
      child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr, text: flat(`${stdout}\n${stderr}`) }));
    });
  }

  /** As `run`, but a failure is an error with everything Terraform said. */
  async must(...args: string[]): Promise<Run> {
    const result = await this.run(...args);
    if (result.code !== 0) throw new Error(`terraform ${args.join(' ')} failed in ${this.dir}:\n${complaints(result)}`);
    return result;
  }

  /** Initialises the root module. From then on one process of its provider serves every command. */
  async init(...args: string[]): Promise<Run> {
    const result = await this.must('init', '-no-color', '-backend=false', ...args);
    this.#env['TF_REATTACH_PROVIDERS'] = await attachedProvider(this.#t, this.dir, this.root, this.#env);
    return result;
  }

  apply(...args: string[]): Promise<Run> { return this.must('apply', '-no-color', '-auto-approve', ...args); }
  destroy(...args: string[]): Promise<Run> { return this.must('destroy', '-no-color', '-auto-approve', ...args); }

  /** Applies or destroys, and tells what was done in which order. */
  async follow(command: 'apply' | 'destroy', ...args: string[]): Promise<Applied> {
    return applied(await this.must(command, '-json', '-auto-approve', ...args));
  }

  /**
   * The changes of a plan, which is left in plan.bin: what would be made, changed or destroyed (reads and no-ops left
   * out).
   */
  async plan(...args: string[]): Promise<PlannedChange[]> {
    // Showing a plan loads the provider once more, for its schemas: only if there is something to show.
    if (applied(await this.must('plan', '-json', '-out=plan.bin', ...args)).changes.length === 0) return [];
    const shown: unknown = JSON.parse((await this.must('show', '-json', 'plan.bin')).stdout);
    if (!hasChanges(shown)) return [];
    return shown.resource_changes.filter(({ change }) => !['no-op', 'read'].includes(change.actions.join()));
  }

  /** The outputs of the root module, as plain values. */
  async outputs(): Promise<Record<string, unknown>> {
    const shown: unknown = JSON.parse((await this.must('output', '-json')).stdout);
    return Object.fromEntries(
      Object.entries(shown ?? {}).map(([name, output]: [string, { value: unknown }]) => [name, output.value]),
    );
  }
}

const hasChanges = (plan: unknown): plan is { resource_changes: PlannedChange[] } => typeof plan === 'object' && plan !== null && 'resource_changes' in plan;

interface UiEvent {
  readonly type?: string;
  readonly change?: {
    readonly action: string;
    readonly resource: { readonly addr: string; readonly resource_type: string };
  };
  readonly hook?: { readonly action: string; readonly resource: { readonly addr: string } };
}

function applied({ stdout }: Run): Applied {
  const changes: Change[] = [];
  const order: string[] = [];
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('{')) continue;
    const { type, change, hook }: UiEvent = JSON.parse(line);
    if (type === 'planned_change' && change !== undefined && isAction(change.action)) {
      changes.push({ address: change.resource.addr, type: change.resource.resource_type, action: change.action });
    }
    if (hook !== undefined && isAction(hook.action) && (type === 'apply_start' || type === 'apply_complete')) {
      order.push(`${hook.action} ${hook.resource.addr} ${type === 'apply_start' ? 'begins' : 'ends'}`);
    }
  }
  return { changes, order };
}

const isAction = (action: string): action is Change['action'] => ['create', 'update', 'replace', 'delete'].includes(action);

/** The errors among the events of a run with -json, or else all that was said. */
function complaints({ stdout, stderr }: Run): string {
  const errors = stdout.split('\n').filter((line) => line.startsWith('{') && line.includes('"@level":"error"'));
  return errors.length > 0 ? errors.join('\n') : `${stdout}\n${stderr}`;
}

/** Terraform's message as one line: no colours, no frame, no line breaks of its own. */
function flat(text: string): string {
  // eslint's no-control-regex would object to the escape character in a literal
  const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
  return text.replace(colours, '').replace(/[│╷╵]/g, ' ').replace(/\s+/g, ' ');
}
