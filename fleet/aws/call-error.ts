import { UsageError } from '../usage-error.ts';

/** A call that AWS answered with an error, or that did not reach it. */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** AWS's own code, such as TrafficMirrorSessionsPerInterfaceLimitExceeded. */
  readonly code: string;
  /** As in an IAM policy: `ec2:CreateTrafficMirrorSession`. */
  readonly action: string;

  constructor(code: string, action: string, sentence: string, cause: unknown) {
    super(sentence, { cause });
    this.code = code;
    this.action = action;
  }
}

/** A right that the caller's credentials lack. */
class MissingRightError extends UsageError {
  override readonly name = 'MissingRightError';
  readonly action: string;

  constructor(action: string, said: string, cause: unknown) {
    super(
      `These credentials may not call ${action}: attach a policy such as ${policyFor([action])} (AWS said: ${said})`,
      { cause },
    );
    this.action = action;
  }
}

/** To paste into IAM. */
function policyFor(actions: readonly string[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions.length === 1 ? actions[0] : actions, Resource: '*' }],
  });
}

const MISSING_RIGHT = new Set(['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException']);
const BAD_CREDENTIALS = new Set([
  'AuthFailure',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
]);
const UNREACHABLE = new Set(['EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'TimeoutError']);

/** Where calls go, and as whom. */
export interface Where {
  readonly region: string;
  /** undefined = credentials as the SDK finds them. */
  readonly profile: string | undefined;
}

/**
 * What a failed call means for the person who started it. `operation` is the API's name of the call, `service` the
 * prefix of its rights.
 */
export function callError(cause: unknown, service: string, operation: string, { region, profile }: Where): Error {
  if (!(cause instanceof Error) || cause instanceof CallError || cause instanceof UsageError)
    return cause instanceof Error ? cause : new Error(String(cause));
  const action = `${service}:${operation}`;
  const code = codeOf(cause);
  if (cause.name === 'CredentialsProviderError') {
    if (profile !== undefined) {
      return new UsageError(
        `The profile ${profile} gives no AWS credentials: look at its spelling (aws configure list-profiles), or log in (aws sso login --profile ${profile}).`,
        { cause },
      );
    }
    return new UsageError(
      'No AWS credentials were found: log in (`aws sso login`), name a --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
      { cause },
    );
  }
  if (MISSING_RIGHT.has(code)) {
    // AWS names the right itself where it is not that of the call: tags that a session is made with, a role to be
    // assumed first.
    const named = /is not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(cause.message)?.[1];
    return new MissingRightError(named ?? action, cause.message, cause);
  }
  if (BAD_CREDENTIALS.has(code)) {
    return new UsageError(
      `AWS does not accept these credentials in ${region} (${code}): log in again, or look whether the region is switched on for this account.`,
      { cause },
    );
  }
  if (code === 'OptInRequired')
    return new UsageError(`The region ${region} is not switched on for this account: give another --region.`, {
      cause,
    });
  if (UNREACHABLE.has(code)) {
    return new UsageError(
      `The AWS API for ${action} in ${region} cannot be reached (${code}): look at the spelling of the region, and at the way to it.`,
      { cause },
    );
  }
  return new CallError(code, action, `${action} failed: ${cause.message} (${code})`, cause);
}

/** Without the cause, which the SDK would take for a reason to try again. */
export const unknownHost = (region: string): UsageError =>
  new UsageError(
    `There is no AWS API for the region ${region} within reach: look at its spelling, and at the way out of here.`,
  );

function codeOf(error: Error): string {
  // EC2 names its errors by a code that the SDK makes the name; sockets have theirs in `code`.
  if ('code' in error && typeof error.code === 'string') return error.code;
  if ('Code' in error && typeof error.Code === 'string') return error.Code;
  return error.name;
}
