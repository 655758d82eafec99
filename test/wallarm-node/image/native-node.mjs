// Stands in for a native node in `mode: envoy-external-filter`: reads the configuration at its documented place, takes
// exchanges over gRPC with TLS, notes the length of each, and is ready (health_check) when it listens.
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';

const config = readFileSync('/opt/wallarm/etc/wallarm/go-node.yaml', 'utf8');
// As Terraform writes it.
const value = (/** @type {string} */ key) => new RegExp(`"${key}": "(.*)"`).exec(config)?.[1] ?? '';
if (value('mode') !== 'envoy-external-filter') throw new Error('another mode');

const node = createSecureServer({ cert: readFileSync(value('tls_cert')), key: readFileSync(value('tls_key')) });
node.on('stream', (stream, headers) => {
  let bytes = 0;
  stream.on('data', (chunk) => { bytes += chunk.length; });
  stream.on('end', () => {
    appendFileSync('/tmp/copies.log', `${headers[':path']} ${headers['content-type']} ${bytes > 0 ? 'messages' : 'nothing'}\n`);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => { stream.sendTrailers({ 'grpc-status': '0' }); });
    stream.end();
  });
});
node.listen(Number(value('address').slice(1)), () => {
  createServer((request, response) => {
    response.writeHead(request.url === '/ready' || request.url === '/live' ? 200 : 404).end();
  }).listen(Number(value('listen_address').slice(1)));
});
