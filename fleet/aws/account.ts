import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EKSClient } from '@aws-sdk/client-eks';
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Pluggable } from '@smithy/types';
import { callError, unknownHost, type Where } from './call-error.ts';
import { UsageError } from '../usage-error.ts';

interface AccountOptions {
  /** Default: AWS_REGION, or that of the profile. */
  readonly region?: string | undefined;
  /** Of ~/.aws/config. Default: AWS_PROFILE, or credentials as the SDK finds them. */
  readonly profile?: string | undefined;
  /** Of all services, for an emulated account. Default: AWS's own, or AWS_ENDPOINT_URL. */
  readonly endpoint?: string | undefined;
}

/** One account in one region, as its APIs. Every error of a call is a CallError, for people. */
export interface Account {
  readonly region: string;
  readonly ec2: EC2Client;
  readonly elbv2: ElasticLoadBalancingV2Client;
  /** Classic Load Balancers. */
  readonly elb: ElasticLoadBalancingClient;
  readonly autoScaling: AutoScalingClient;
  readonly cloudWatch: CloudWatchClient;
  readonly eks: EKSClient;
}

/** Adaptive retries slow down with the service's own throttling; ten attempts are about two minutes. */
const RETRIES = { retryMode: 'adaptive', maxAttempts: 10 } as const;

/** Throws a UsageError if no region is known. Credentials are looked for by the first call. */
export async function openAccount({ region: wanted, profile, endpoint }: AccountOptions): Promise<Account> {
  if (wanted !== undefined && !/^[a-z0-9-]+$/.test(wanted))
    throw new UsageError(`'${wanted}' is not an AWS region: give one such as eu-west-1.`);
  const options = {
    ...RETRIES,
    ...(wanted === undefined ? {} : { region: wanted }),
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  // The locked version of the SDK runs on every Node that we support; what its next versions need is not the user's
  // concern.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const ec2 = new EC2Client(options);
  let region: string;
  try {
    region = await ec2.config.region();
  } catch (cause) {
    throw new UsageError('No AWS region is known: give --region, such as eu-west-1, or set AWS_REGION.', { cause });
  }
  const account: Account = {
    region,
    ec2,
    elbv2: new ElasticLoadBalancingV2Client(options),
    elb: new ElasticLoadBalancingClient(options),
    autoScaling: new AutoScalingClient(options),
    cloudWatch: new CloudWatchClient(options),
    eks: new EKSClient(options),
  };
  const where = { region, profile: profile ?? process.env['AWS_PROFILE'] };
  account.ec2.middlewareStack.use(sentences('ec2', where));
  account.elbv2.middlewareStack.use(sentences('elasticloadbalancing', where));
  account.elb.middlewareStack.use(sentences('elasticloadbalancing', where));
  account.autoScaling.middlewareStack.use(sentences('autoscaling', where));
  account.cloudWatch.middlewareStack.use(sentences('cloudwatch', where));
  account.eks.middlewareStack.use(sentences('eks', where));
  return account;
}

/** Makes a failed call's error one for people; `service` is the prefix of its rights in IAM. */
function sentences<I extends object, O extends object>(service: string, where: Where): Pluggable<I, O> {
  return {
    applyToStack(stack) {
      stack.add(
        (next, context) => async (args) => {
          try {
            return await next(args);
          } catch (cause) {
            throw callError(cause, service, (context.commandName ?? '').replace(/Command$/, ''), where);
          }
        },
        { step: 'initialize', priority: 'high', name: 'sentences' },
      );
      // Inside the retries: a name that does not exist will not exist in a second either.
      stack.add(
        (next) => async (args) => {
          try {
            return await next(args);
          } catch (cause) {
            throw cause instanceof Error && 'code' in cause && cause.code === 'ENOTFOUND' ? unknownHost(where.region) : cause;
          }
        },
        { step: 'finalizeRequest', priority: 'low', name: 'unknownHost' },
      );
    },
  };
}
