import { constants } from 'node:http2';

/**
 * How a stream came to its end. `not_processed`: the node has not looked at it, and says so. `unavailable`: later, or
 * another node, may take it. `lost`: its connection ended.
 */
export type StreamEnd = 'delivered' | 'unavailable' | 'refused' | 'reset' | 'not_processed' | 'timeout' | 'lost';

/** Names of gRPC's statuses, by their number (grpc/grpc, doc/statuscodes.md). */
const STATUS_NAMES = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS',
  'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED',
  'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED',
];
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

/** What gRPC takes for UNAVAILABLE of an HTTP answer without a status (grpc/grpc, doc/http-grpc-status-mapping.md). */
const UNAVAILABLE_HTTP = [429, 502, 503, 504];

/** What is known of a stream that is over. */
export interface StreamFate {
  /** `:status`; 0 = no answer. */
  readonly httpStatus: number;
  /** `grpc-status`; -1 = none. */
  readonly grpcStatus: number;
  /** Of RST_STREAM; 0 = none, or NO_ERROR. */
  readonly resetCode: number;
}

export function streamVerdict({ httpStatus, grpcStatus, resetCode }: StreamFate): StreamEnd {
  if (grpcStatus === 0) return 'delivered';
  if (grpcStatus === UNAVAILABLE || grpcStatus === RESOURCE_EXHAUSTED) return 'unavailable';
  if (grpcStatus > 0) return 'refused';
  if (UNAVAILABLE_HTTP.includes(httpStatus)) return 'unavailable';
  if (resetCode === constants.NGHTTP2_REFUSED_STREAM) return 'not_processed';
  return resetCode === constants.NGHTTP2_NO_ERROR ? 'refused' : 'reset';
}

/** The same for a person. */
export function fateText({ httpStatus, grpcStatus, resetCode }: StreamFate): string {
  const name = STATUS_NAMES[grpcStatus] ?? 'unknown';
  if (grpcStatus >= 0) return `the node ends exchanges with gRPC status ${grpcStatus} (${name})`;
  if (resetCode !== constants.NGHTTP2_NO_ERROR) return `the node resets streams with HTTP/2 error ${resetCode}`;
  if (httpStatus === 0) return 'the node ends streams without an answer';
  return `the node answers with HTTP status ${httpStatus} and no gRPC status: is it in the mode envoy-external-filter?`;
}
