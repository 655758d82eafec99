#!/bin/sh
# Records the captures of this folder anew: real clients (curl, nghttp, Node.js) against local servers, seen by tcpdump
# on the loopback interface. What the servers received is written beside each capture as NAME.jsonl;
# test/captures.test.ts compares what the rebuilder makes of the packets. Needs root (or CAP_NET_RAW) for tcpdump, and:
# tcpdump, curl (with HTTP/2), nghttp (package nghttp2-client).
#   test/captures/record.sh [NAME]…
set -eu
cd "$(dirname "$0")/../.."
if [ $# -eq 0 ]; then
  set -- http1-keep-alive http1-pipelining http1-100-continue http1-websocket \
    h2c-prior-knowledge h2c-upgrade h2c-nghttp grpc
fi
for name in "$@"; do
  node --import tsx test/captures/record.ts "$name"
done
