#!/bin/bash
# Sets up one Wallarm node when its instance starts for the first time.
set -euo pipefail
umask 022

retry() {
  local attempt
  for attempt in 1 2 3 4 5 6; do
    "$@" && return 0
    echo "attempt $attempt of: $1 $2: failed" >&2
    sleep $((attempt * 5))
  done
  return 1
}

# The vendor's instructions use it on the current images, and Amazon Linux has it; images 4.x may not.
command -v aws > /dev/null || {
  echo 'no aws command in this image, and secrets are read with it: take a newer image, or give the module token' >&2
  exit 1
}

# --- The token
token=$(retry aws secretsmanager get-secret-value --region 'us-east-1' --secret-id 'arn:aws:secretsmanager:us-east-1:123456789012:secret:wallarm/api-token-UNIQUE' --query SecretString --output text)

# --- The certificate: one text with the certificate, its chain and the private key. The key is on disk for the node only.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install -d -m 0750 /etc/wallarm-node
# Of what AWS Certificate Manager gives; a key that is not encrypted needs none, but openssl wants to have one to ask for.
openssl rand -hex 32 | tr -d '\n' > "$work/passphrase"
retry aws secretsmanager get-secret-value --region 'us-east-1' --secret-id 'arn:aws:secretsmanager:us-east-1:123456789012:secret:wallarm/certificate-UNIQUE' --query SecretString --output text > "$work/tls.pem"
sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p' "$work/tls.pem" > /etc/wallarm-node/tls-cert.crt
install -m 0640 /dev/null /etc/wallarm-node/tls-key.key
openssl pkey -in "$work/tls.pem" -passin "file:$work/passphrase" > /etc/wallarm-node/tls-key.key

# --- Configuration
cat > /etc/wallarm-node/wallarm-node-conf.yaml << 'END_OF_FILE'
"envoy_external_filter":
  "address": ":5080"
  "tls_cert": "/etc/wallarm-node/tls-cert.crt"
  "tls_key": "/etc/wallarm-node/tls-key.key"
"health_check":
  "enabled": true
  "listen_address": ":8080"
"mode": "envoy-external-filter"
"route_config":
  "wallarm_mode": "monitoring"
"version": 4
END_OF_FILE

# --- The installer
installer=$work/aio-native.sh
retry curl --proto '=https' --fail --silent --show-error --location --output "$installer" 'https://meganode.wallarm.com/native/aio-native-0.25.5.x86_64.sh'
echo "abababababababababababababababababababababababababababababababab  $installer" | sha256sum --check --strict
chmod +x "$installer"
"$installer" -- --batch --token "$token" --mode=envoy-external-filter --go-node-config=/etc/wallarm-node/wallarm-node-conf.yaml --host 'api.wallarm.com'

# The vendor does not say which user the node runs as: where there is one of its own, it may read the key.
if getent group wallarm > /dev/null; then
  chgrp wallarm /etc/wallarm-node /etc/wallarm-node/tls-key.key
  systemctl restart wallarm.service
fi

