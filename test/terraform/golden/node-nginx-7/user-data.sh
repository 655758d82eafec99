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

# Groups the nodes in Wallarm Console; counts with an API token.
export WALLARM_LABELS='group=shop'

# --- NGINX stays down until the node is set up, so that no health check passes before
systemctl stop nginx.service
http_snippet=$(mktemp)
cat > "$http_snippet" << 'END_OF_FILE'
# A whole node, for `http` (/etc/nginx/conf.d/): inspects copies on 8445 and does nothing else.

# The tenant that a route of the rebuilder names (route_config.wallarm_partner_client_uuid). The node's directive is documented with a
# literal only, so each tenant has a location of its own, which requests reach before they are inspected.
map $http_x_mirror_partner $mirror_tenant {
    default "";
    11111111-1111-1111-1111-111111111111 11111111-1111-1111-1111-111111111111;
}

server {
    listen 8445;
    server_name _;
    wallarm_mode monitoring;
    # The node's side: an include for the `server` block of an NGINX-based Wallarm node that inspects copies, from the rebuilder and from
    # mirroring proxies alike (examples/http-mirror). Only these nodes take HTTP mirrors; they report and never block.
    #
    #   server { listen 80; ... include /etc/nginx/mirror.conf; }
    #
    # Whoever can reach the node can tell it these headers: let only the load balancer's and the rebuilders' security groups in
    # (modules/wallarm-nodes does). All senders of ours put a client's own headers of these names under X-Mirror-Original-*.

    # The client's address: the last one of X-Forwarded-For, from these peers only. One line for each CIDR of the internal load balancer, the
    # rebuilders (their raw path comes through the NLB with their own addresses) and any proxy that mirrors straight to the node.
    set_real_ip_from  10.0.3.0/24;
    set_real_ip_from  10.0.2.0/24;
    real_ip_header    X-Forwarded-For;
    # Off: our senders send exactly one address. `on` only where a load balancer in between adds its own (an ALB in its default mode, `append`).
    real_ip_recursive off;

    # The server the client spoke to, not this node.
    wallarm_force server_addr $http_x_server_addr;
    wallarm_force server_port $http_x_server_port;

    # The application's answer: known when the rebuilder pairs responses (parse_responses: true), else 0 = do not judge this node's own answer.
    set $mirror_response_status 0;
    set $mirror_response_time   0;
    set $mirror_response_size   0;
    if ($http_x_response_status ~ "^[1-5][0-9][0-9]$")     { set $mirror_response_status $http_x_response_status; }
    if ($http_x_response_time   ~ "^[0-9]+(\.[0-9]+)?$")   { set $mirror_response_time   $http_x_response_time; }
    if ($http_x_response_size   ~ "^[0-9]+$")              { set $mirror_response_size   $http_x_response_size; }
    wallarm_force response_status $mirror_response_status;
    wallarm_force response_time   $mirror_response_time;
    wallarm_force response_size   $mirror_response_size;

    # The application that a route of the rebuilder names (route_config.wallarm_application): a positive number, else the node's default.
    set $mirror_application "";
    if ($http_x_mirror_application ~ "^[1-9][0-9]*$")      { set $mirror_application $http_x_mirror_application; }
    wallarm_application $mirror_application;

    # A copy is inspected as the application got it: NGINX's own limits for clients (413 over 1 MB, 414 and 400 over 8 KB a line) would lose it.
    client_max_body_size        0;
    large_client_header_buffers 8 64k;

    # Is the rebuilder the only sender? Then uncomment both: fields with `_`, a dot or an odd byte in their names reach many applications, and
    # are inspected. With proxies as senders leave them: NGINX reads `X_Server_Addr` as X-SERVER-ADDR, the rebuilder renames both, proxies do not.
    #underscores_in_headers on;
    #ignore_invalid_headers off;

    # On its way to somewhere, if only to the server below: with `return 200` here NGINX would answer before it has read the body, and a
    # body that is not read is not inspected. It goes no further than this server, read whole.
    proxy_request_buffering on;
    proxy_pass_request_body off;
    proxy_pass_request_headers off;
    proxy_set_header Content-Length "";
    location / {
        proxy_pass http://127.0.0.1:8447;
    }

    error_page 463 = @$mirror_tenant;
    if ($mirror_tenant) {
        return 463;
    }
    location @11111111-1111-1111-1111-111111111111 {
        wallarm_partner_client_uuid 11111111-1111-1111-1111-111111111111;
        proxy_pass http://127.0.0.1:8447;
    }
}

# The application that copies go to: this machine's own, and it has nothing to say.
server {
    listen 127.0.0.1:8447;
    wallarm_mode off;
    access_log off;
    return 204;
}

# For the load balancers' health checks: as healthy as the node says it is. Not on 9445 or 9446, where node 7.1 listens itself.
server {
    listen 8448;
    wallarm_mode off;
    access_log off;
    location = /-/healthcheck {
        proxy_pass http://127.0.0.1:9446/ready;
        proxy_connect_timeout 2s;
        proxy_read_timeout 2s;
    }
    location / {
        return 404;
    }
}
END_OF_FILE

# --- The image's own script, at its new place or its old one
script=''
for candidate in /opt/wallarm/usr/share/wallarm-common/cloud-init.py /usr/share/wallarm-common/cloud-init.py; do
  if [ -x "$candidate" ]; then
    script=$candidate
    break
  fi
done
if [ -z "$script" ]; then
  echo 'no cloud-init.py of Wallarm in this image: is it the image of an NGINX node?' >&2
  exit 1
fi
"$script" -t "$token" -H 'api.wallarm.com' -p custom -m monitoring --http-snippet "$http_snippet"
rm -f "$http_snippet"

systemctl restart nginx.service

