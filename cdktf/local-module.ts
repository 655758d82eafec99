import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, TerraformHclModule, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** One of this repository's Terraform modules, used where it lies: nothing is copied, and relative paths inside it stay true. */
export class LocalModule extends TerraformHclModule {
  /** @param folder path of the module in the repository  @param props its variables, in camelCase; undefined = Terraform's default */
  constructor(scope: Construct, id: string, folder: string, props: Readonly<Record<string, unknown>>) {
    const app = App.of(scope);
    const stackFolder = resolve(app.outdir, app.manifest.forStack(TerraformStack.of(scope)).workingDirectory);
    super(scope, id, {
      source: relative(stackFolder, resolve(CHECKOUT, folder)),
      skipAssetCreationFromLocalModules: true,
      variables: Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined).map(([name, value]) => [snakeCase(name), value])),
    });
  }
}
