import type { HttpRequest } from '../http/http-request.ts';
import type { Endpoints } from '../http/message.ts';
import type { Http1Context } from '../http1/http1-context.ts';
import { Http2Requests } from '../http2/requests.ts';
import { ClientReader } from './client-reader.ts';
import type { ClientSink } from './client-sink.ts';

/** Reads what a server's end of a connection says as requests, too; they are answered by nobody. */
export function readerOfOtherEnd(
  context: Http1Context, ends: Endpoints, sink: Pick<ClientSink, 'request' | 'forkSink'>,
): ClientReader {
  const { clientAddress, clientPort, serverAddress, serverPort, vni } = ends;
  const endpoints: Endpoints = {
    clientAddress: serverAddress, clientPort: serverPort, serverAddress: clientAddress, serverPort: clientPort,
    vni, proxied: null,
  };
  const request = (told: HttpRequest): void => sink.request(told);
  return new ClientReader(context, endpoints, {
    request,
    otherProtocol: () => {},
    isServer: () => false,
    http2Requests: () => new Http2Requests(context, endpoints, request),
    forkSink: (kind) => sink.forkSink(kind),
    forkDiscarded: () => {},
  }, true);
}
