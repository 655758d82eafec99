#!/bin/bash
# Stands in for the vendor's all-in-one installer (installation/native-node/all-in-one.md): takes its documented options
# and no other, copies the configuration to its documented place, makes the node's user and starts the service.
set -euo pipefail
[ "$1" = -- ] || exit 2
shift
batch='' token='' mode='' config='' host=''
while [ $# -gt 0 ]; do
  case "$1" in
    --batch) batch=yes ;;
    --token) token=$2; shift ;;
    --host) host=$2; shift ;;
    --mode=*) mode=${1#*=} ;;
    --go-node-config=*) config=${1#*=} ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
groupadd --system wallarm
mkdir -p /opt/wallarm/etc/wallarm
cp "$config" /opt/wallarm/etc/wallarm/go-node.yaml
printf '{"batch": "%s", "token": "%s", "mode": "%s", "host": "%s", "labels": "%s"}' \
  "$batch" "$token" "$mode" "$host" "${WALLARM_LABELS-}" > /tmp/told.json
systemctl restart wallarm.service
