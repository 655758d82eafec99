import { TerraformProvider } from 'cdktf';
import type { Construct } from 'constructs';

export interface AwsProviderProps { readonly region: string }

/** The AWS provider. The modules bring all resources, so no generated bindings are needed for more. */
export class AwsProvider extends TerraformProvider {
  private readonly region: string;

  constructor(scope: Construct, id: string, { region }: AwsProviderProps) {
    super(scope, id, {
      terraformResourceType: 'aws',
      terraformProviderSource: 'hashicorp/aws',
      // The official Wallarm module wants less than 6.
      terraformGeneratorMetadata: { providerName: 'aws', providerVersionConstraint: '>= 5.80, < 6' },
    });
    this.region = region;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { region: this.region };
  }
}
