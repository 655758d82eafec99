"""
Prints each request that CPython's http.server served as a line of JSON: port of the client, method, target, body; latin1. The server knows no
Transfer-Encoding: without a length nobody reads a body (null). With `leaves` behind the port nobody reads any: what
is left the server takes for the next request, as `python -m http.server --protocol HTTP/1.1` does; lines of HTTP/0.9 are
not recorded then.
"""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LEAVES = 'leaves' in sys.argv
USUAL = ('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH')


class Recorder(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    timeout = 5

    def __getattr__(self, name):
        # A class can have no method of another name.
        if name.startswith('do_') and (name[3:] in USUAL if LEAVES else name.isidentifier()):
            return self.serve
        raise AttributeError(name)

    def serve(self):
        length = 0 if LEAVES else int(self.headers.get('Content-Length', 0))
        body = self.rfile.read(length) if length != 0 else b''
        if len(body) < length:
            self.close_connection = True
            return
        if LEAVES and self.request_version == 'HTTP/0.9':
            return
        record = {'port': self.client_address[1], 'method': self.command, 'target': self.path, 'body': body.decode('latin1') if 'Content-Length' in self.headers and not LEAVES else None}
        sys.stdout.write(json.dumps(record) + '\n')
        sys.stdout.flush()
        self.send_response(200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True

    def handle_error(self, *_):
        pass


Server(('127.0.0.1', int(sys.argv[1])), Recorder).serve_forever()
