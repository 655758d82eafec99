/** Where files go, as far as a sentence needs it. */
export interface S3Place {
  readonly bucket: string;
  /** Before the names of all objects. */
  readonly prefix: string;
  readonly region: string;
  /** Empty = AWS's own. */
  readonly endpoint: string;
}

const CREDENTIALS = [
  'CredentialsProviderError', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken', 'TokenRefreshRequired',
];
const OTHER_REGION = ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', '301'];
const UNREACHABLE = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'TimeoutError'];

/** What an upload failed on, in one sentence that says how to fix it. Never what was uploaded. */
export function s3Mistake(error: unknown, place: S3Place): string {
  const { bucket, prefix, region, endpoint } = place;
  const { name, code, message, status } = partsOf(error);
  const is = (names: readonly string[]): boolean => names.includes(name) || names.includes(code);
  if (is(['AccessDenied', 'Forbidden', '403'])) return `exchanges.s3: ${deniedSentence(message, place)}`;
  if (is(['NoSuchBucket'])) return `exchanges.s3.bucket: there is no bucket ${bucket}`;
  if (is(OTHER_REGION)) return `exchanges.s3.region: the bucket ${bucket} is in another region than ${region}: ${message}`;
  if (is(CREDENTIALS)) {
    return `exchanges.s3: S3 does not know who asks (${name}): give the instance a role that may s3:PutObject on ${resource(bucket, prefix)}, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
  }
  if (is(UNREACHABLE)) {
    return `exchanges.s3: ${endpoint === '' ? `S3 in ${region}` : endpoint} cannot be reached (${code === '' ? name : code}): look at the way out to it, TCP port ${portOf(endpoint)}`;
  }
  if (status >= 500 || is(['SlowDown', '503'])) return `exchanges.s3: ${endpoint === '' ? 'S3' : endpoint} answers ${status} ${name}`;
  return `exchanges.s3: the upload to ${bucket} failed: ${name}: ${message}`;
}

/** AWS names the action and what it was refused on, S3 itself not always. */
function deniedSentence(message: string, { bucket, prefix }: S3Place): string {
  const action = /not authorized to perform: (\S+)/.exec(message)?.[1] ?? 's3:PutObject';
  const on = action.startsWith('s3:') ? resource(bucket, prefix) : /on resource: "?([^\s"]+)/.exec(message)?.[1] ?? 'the key of the bucket';
  return message.includes('explicit deny')
    ? `a policy denies ${action} on ${on}: take the deny back (${message})`
    : `this role may not write there: allow ${action} on ${on}`;
}

const resource = (bucket: string, prefix: string): string => `arn:aws:s3:::${bucket}/${prefix}*`;

function portOf(endpoint: string): string {
  if (endpoint === '') return '443';
  const { port, protocol } = new URL(endpoint);
  return port !== '' ? port : protocol === 'http:' ? '80' : '443';
}

/**
 * Errors of the SDK have their kind as name, those of the system as code; a failed connection has several of them
 * inside.
 */
function partsOf(error: unknown): { name: string; code: string; message: string; status: number } {
  if (!(error instanceof Error)) return { name: '', code: '', message: String(error), status: 0 };
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return partsOf(error.errors[0]);
  const code = 'code' in error ? String(error.code) : 'Code' in error ? String(error.Code) : '';
  const metadata: unknown = '$metadata' in error ? error.$metadata : null;
  const status = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? Number(metadata.httpStatusCode) : 0;
  return { name: error.name, code, message: error.message, status };
}
