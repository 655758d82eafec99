import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, propertyAccess, TerraformHclModule, TerraformStack, Token } from 'cdktn';
import type { Construct } from 'constructs';
import { snakeCase, terraformNames, type Shape } from './terraform-names.ts';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));

/**
 * One of this repository's Terraform modules, used where it lies: nothing is copied, and relative paths inside it stay
 * true.
 */
export class LocalModule extends TerraformHclModule {
  /**
   * @param folder path of the module in the repository
   * @param props its variables, in camelCase; undefined = Terraform's default
   * @param shapes of those with names inside, by Terraform's name
   */
  constructor(
    scope: Construct, id: string, folder: string,
    props: Readonly<Record<string, unknown>>, shapes: Readonly<Record<string, Shape>>,
  ) {
    const app = App.of(scope);
    const stackFolder = resolve(app.outdir, app.manifest.forStack(TerraformStack.of(scope)).workingDirectory);
    super(scope, id, {
      source: relative(stackFolder, resolve(CHECKOUT, folder)),
      skipAssetCreationFromLocalModules: true,
      variables: Object.fromEntries(
        Object.entries(props)
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => [snakeCase(name), terraformNames(value, shapes[snakeCase(name)] ?? 0, name)]),
      ),
    });
  }

  /** An output that is a list of numbers. */
  protected numbers(output: string): number[] {
    return Token.asNumberList(this.interpolationForOutput(output));
  }

  /** An output that is a map of strings. */
  protected strings(output: string): Record<string, string> {
    return Token.asStringMap(this.interpolationForOutput(output));
  }

  /** A field of an output that is an object of strings. */
  protected field(output: string, name: string): string {
    return Token.asString(propertyAccess(this.interpolationForOutput(output), [name]));
  }
}
