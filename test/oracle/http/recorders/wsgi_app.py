"""Prints each request that a WSGI server served as a line of JSON: port of the client, method, target, body; latin1."""
import json
import sys


def app(environ, start_response):
    body = environ['wsgi.input'].read()
    record = {
        'port': int(environ['REMOTE_PORT']), 'method': environ['REQUEST_METHOD'], 'target': environ['RAW_URI'], 'body': body.decode('latin1'),
    }
    # The client left before its body had come.
    if len(body) < int(environ.get('CONTENT_LENGTH') or 0):
        start_response('400 Bad Request', [])
        return [b'']
    sys.stdout.write(json.dumps(record) + '\n')
    sys.stdout.flush()
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
