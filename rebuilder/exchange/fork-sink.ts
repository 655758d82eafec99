import type { HttpRequest } from '../http/http-request.ts';
import type { Endpoints } from '../http/message.ts';
import type { Http1Context } from '../http1/http1-context.ts';
import { Http2Requests } from '../http2/requests.ts';
import type { ForkKind } from '../reassembly/stream-sink.ts';
import type { ClientSink } from './client-sink.ts';
import type { ToldRequests } from './told-requests.ts';

/** The connection that another reader of its client reads for. */
interface ForkOwner<E extends Endpoints> extends Pick<ClientSink, 'request'> {
  forkSinkOf(ends: E, kind: ForkKind): { context: Http1Context; sink: ClientSink };
  /** Bytes that its client has sent, modulo 2^32. */
  readonly sentBytes: number;
  /** Is it the last request that was told, sent again? */
  isLast(request: HttpRequest): boolean;
}

/**
 * Where another reader of a client's stream tells what it finds: a request goes on if it is no copy of what was told of
 * its place, and not one of too many (ToldRequests). It reports nothing else: the first reader has.
 */
export function forkSink<E extends Endpoints>(
  kind: ForkKind, owner: ForkOwner<E>, ends: E, told: ToldRequests, context: Http1Context,
): { context: Http1Context; sink: ClientSink } {
  const request = (one: HttpRequest): void => {
    if (kind === 'correction') one.correction = true;
    const isNew = kind === 'correction' ? told.correction(one, owner.sentBytes)
      : !owner.isLast(one) && told.reading(one, owner.sentBytes);
    if (isNew) owner.request(one);
  };
  told.readerBegins();
  return {
    context,
    sink: {
      request,
      otherProtocol: () => {},
      isServer: () => false,
      http2Requests: () => new Http2Requests(context, ends, request),
      forkSink: (nested) => owner.forkSinkOf(ends, nested),
      forkDiscarded: () => told.readerEnds(),
    },
  };
}
