import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, TerraformHclModule, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));

/** One of this repository's Terraform modules, used where it lies: nothing is copied, and relative paths inside it stay true. */
export class LocalModule extends TerraformHclModule {
  /** @param folder path of the module in the repository  @param variables by Terraform's names; undefined = Terraform's default */
  constructor(scope: Construct, id: string, folder: string, variables: Readonly<Record<string, unknown>>) {
    const app = App.of(scope);
    const stackFolder = resolve(app.outdir, app.manifest.forStack(TerraformStack.of(scope)).workingDirectory);
    super(scope, id, {
      source: relative(stackFolder, resolve(CHECKOUT, folder)),
      skipAssetCreationFromLocalModules: true,
      variables: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)),
    });
  }
}
