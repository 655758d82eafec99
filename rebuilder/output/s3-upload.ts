import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { s3Mistake, type S3Place } from './s3-mistakes.ts';

interface S3Upload {
  /** Uploads a file that was begun at this time. Rejects with an Error of one sentence. */
  upload(path: string, begunMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

const PART_BYTES = 8 << 20;
const PARTS_AT_A_TIME = 2;
const CONNECT_MS = 5000;
/** Of one part, answer included. */
const REQUEST_MS = 60_000;

/**
 * The object of a file: a folder for each day and each hour (UTC), which Athena and DuckDB read as the columns dt and
 * hour.
 */
export function objectKey(prefix: string, begunMs: number, path: string): string {
  const time = new Date(begunMs).toISOString();
  return `${prefix}dt=${time.slice(0, 10)}/hour=${time.slice(11, 13)}/${basename(path)}`;
}

/**
 * Uploads in parts, each tried again by the SDK. An object is there whole or not at all, and the same file always has
 * the same name: what was uploaded twice is there once. Credentials are found as the SDK does: environment, files, the
 * role of the instance or the task.
 */
export function openS3Upload(place: S3Place): S3Upload {
  const { bucket, prefix, region, endpoint } = place;
  // The locked version of the SDK runs on every Node that we support; what its next versions need is not the user's
  // concern.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const client = new S3Client({
    ...(region === '' ? {} : { region }),
    ...(endpoint === '' ? {} : { endpoint, forcePathStyle: true }),
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS, throwOnRequestTimeout: true },
  });
  return {
    upload: async (path, begunMs, signal) => {
      const body = createReadStream(path);
      const upload = new Upload({
        client, partSize: PART_BYTES, queueSize: PARTS_AT_A_TIME,
        params: { Bucket: bucket, Key: objectKey(prefix, begunMs, path), Body: body, ContentType: 'application/x-ndjson' },
      });
      const abort = (): void => void upload.abort();
      signal.addEventListener('abort', abort);
      try {
        await upload.done();
      } catch (error) {
        throw new Error(s3Mistake(error, place), { cause: error });
      } finally {
        signal.removeEventListener('abort', abort);
        body.destroy();
      }
    },
    close: () => client.destroy(),
  };
}
