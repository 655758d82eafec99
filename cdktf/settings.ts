import { fileURLToPath } from 'node:url';
import type { VpcMirrorStackProps } from './vpc-mirror-stack.ts';

/** What `cdktf deploy` builds: put the values of your account here. */
export const settings: VpcMirrorStackProps = {
  region: 'eu-west-2',
  vpcId: 'vpc-0123456789abcdef0',
  privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0fedcba9876543210'],

  // Which interfaces: by Auto Scaling group here; also byElb, byEks, byInstance, bySubnet, byTags, byId.
  interfaces: { byAsg: ['shop-web'] },
  mirroredCidrs: ['10.0.0.0/16'],
  mirroredPorts: [80],

  // The load balancer in front of them, so that its X-Forwarded-For names the client.
  proxyCidrs: ['10.0.0.0/16'],

  // New Wallarm nodes (EU Cloud; us1.api.wallarm.com for the US), or nodes that exist:
  //   { mirrorEndpoint: 'http://nodes.internal:8445' }
  // The token: in a secret (tokenSecretArn: 'arn:aws:secretsmanager:…'), or from the environment
  // (export TF_VAR_token=…).
  detection: { wallarm: { host: 'api.wallarm.com', labels: { group: 'shop' } } },

  // Built by `npm run package`.
  rebuild: { artifactFile: fileURLToPath(new URL('../dist/vpc-mirror.tar.gz', import.meta.url)) },
};
