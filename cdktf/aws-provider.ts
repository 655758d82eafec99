import { TerraformProvider } from 'cdktn';
import type { Construct } from 'constructs';

interface AwsProviderProps { readonly region: string }

/** The AWS provider. The modules bring all resources, so no generated bindings are needed for more. */
export class AwsProvider extends TerraformProvider {
  readonly #region: string;

  constructor(scope: Construct, id: string, { region }: AwsProviderProps) {
    super(scope, id, {
      terraformResourceType: 'aws',
      terraformProviderSource: 'hashicorp/aws',
      terraformGeneratorMetadata: { providerName: 'aws', providerVersionConstraint: '>= 5.80, < 7' },
    });
    this.#region = region;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { region: this.#region };
  }
}
