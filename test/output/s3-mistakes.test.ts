import assert from 'node:assert/strict';
import { test } from 'node:test';
import { s3Mistake, type S3Place } from '../../rebuilder/output/s3-mistakes.ts';

const AWS: S3Place = { bucket: 'b', prefix: 'exchanges/', region: 'eu-west-1', endpoint: '' };
const STORE: S3Place = { ...AWS, endpoint: 'https://minio.example:9000' };

/** As the SDK and Node make them. */
const error = (name: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name, ...more });
const status = (httpStatusCode: number): object => ({ $metadata: { httpStatusCode } });

const CASES: readonly (readonly [why: string, error: unknown, place: S3Place, sentence: RegExp])[] = [
  ['a right is missing: the action and the resource', error('AccessDenied', 'Access Denied', status(403)), AWS, /: this role may not write there: allow s3:PutObject on arn:aws:s3:::b\/exchanges\/\*$/],
  ['AWS names the action itself', error('AccessDenied', 'User: arn:aws:sts::1:assumed-role/r/i is not authorized to perform: s3:AbortMultipartUpload on resource: "arn:aws:s3:::b/k" because no …'), AWS, /allow s3:AbortMultipartUpload on arn:aws:s3:::b\/exchanges\/\*$/],
  ['a key that encrypts the bucket', error('AccessDenied', 'User: x is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:1:key/k because …'), AWS, /allow kms:GenerateDataKey on arn:aws:kms:eu-west-1:1:key\/k$/],
  ['a policy that denies', error('AccessDenied', 'User: x is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/k" with an explicit deny in a resource-based policy'), AWS, /a policy denies s3:PutObject on .*resource-based policy/],
  ['no such bucket', error('NoSuchBucket', 'The specified bucket does not exist', status(404)), AWS, /^exchanges\.s3\.bucket: there is no bucket b$/],
  ['another region', error('PermanentRedirect', 'The bucket must be addressed using the specified endpoint', status(301)), AWS, /^exchanges\.s3\.region: .* in another region than eu-west-1/],
  ['no credentials', error('CredentialsProviderError', 'Could not load credentials from any providers'), AWS, /who asks .*: give the instance a role that may s3:PutObject on arn:aws:s3:::b\/exchanges\/\*/],
  ['credentials that have ended', error('ExpiredToken', 'The provided token has expired.', status(400)), AWS, /who asks \(ExpiredToken\)/],
  ['refused', error('Error', 'connect ECONNREFUSED', { code: 'ECONNREFUSED' }), STORE, /: https:\/\/minio\.example:9000 cannot be reached \(ECONNREFUSED\): .* TCP port 9000$/],
  ['refused by both addresses of a name', new AggregateError([error('Error', 'x', { code: 'ECONNREFUSED' })], 'all'), AWS, /S3 in eu-west-1 cannot be reached \(ECONNREFUSED\): .* TCP port 443$/],
  ['too slow', error('TimeoutError', 'timed out'), AWS, /cannot be reached \(TimeoutError\)/],
  ['a fault of S3', error('InternalError', 'We encountered an internal error', status(500)), AWS, /S3 answers 500 InternalError$/],
  ['asked to slow down', error('SlowDown', 'Please reduce your request rate.', status(503)), AWS, /S3 answers 503 SlowDown$/],
  ['anything else', error('EntityTooLarge', 'Too large', status(400)), AWS, /the upload to b failed: EntityTooLarge: Too large$/],
];

for (const [why, mistake, place, sentence] of CASES) {
  test(why, () => assert.match(s3Mistake(mistake, place), sentence));
}
