#!/bin/bash
# Sets up one rebuilder on Amazon Linux 2023. Compiles nothing, and fetches nothing but packages of the distribution and one checked tarball.
set -euo pipefail
umask 022

retry() {
  local attempt
  for attempt in 1 2 3 4 5 6; do
    "$@" && return 0
    echo "attempt $attempt of: $*: failed" >&2
    sleep $((attempt * 5))
  done
  return 1
}

# --- The kernel keeps bursts for us: the service asks for the receive buffer it is configured with, up to this.
cat > /etc/sysctl.d/90-vpc-mirror.conf << 'END_OF_FILE'
net.core.rmem_max = 268435456
net.core.rmem_default = 4194304
net.core.netdev_max_backlog = 100000
net.ipv4.udp_mem = 262144 524288 1048576
END_OF_FILE
sysctl --quiet --load /etc/sysctl.d/90-vpc-mirror.conf

# --- Configuration
mkdir -p /etc/vpc-mirror
cat > /etc/vpc-mirror/wallarm-node-conf.yaml << 'END_OF_FILE'
"forward":
  "endpoint": "http://nodes.internal:8445"
  "raw_endpoint": ""
"health_check":
  "enabled": true
  "listen_address": ":9445"
"log":
  "level": "info"
  "log_file": "/var/log/vpc-mirror/rebuilder.log"
  "pretty": false
"metrics":
  "enabled": true
  "listen_address": "127.0.0.1:9000"
"mode": "tcp-capture-v2"
"proxy_headers": []
"proxy_protocol": []
"route_config":
  "routes": []
"tcp_stream":
  "from_vxlan":
    "enabled": true
    "listen_addr": "0.0.0.0:4789"
    "vni_filter": []
  "ignore_ips": []
  "parse_responses": false
  "response_timeout": "5s"
"version": 4
END_OF_FILE
cat > /etc/vpc-mirror/prometheus.yaml << 'END_OF_FILE'
global:
  scrape_interval: 1m
  scrape_timeout: 10s
scrape_configs:
  - job_name: rebuilder
    static_configs:
      - targets: ["127.0.0.1:9000"]
        labels:
          deployment: vpc-mirror
END_OF_FILE
cat > /etc/vpc-mirror/cloudwatch-agent.json << 'END_OF_FILE'
{
  "agent": { "metrics_collection_interval": 60, "omit_hostname": true },
  "metrics": {
    "namespace": "VpcMirror",
    "metrics_collected": {
      "mem": { "measurement": ["used_percent"], "append_dimensions": { "deployment": "vpc-mirror" } },
      "disk": { "measurement": ["used_percent"], "resources": ["/"], "drop_device": true, "append_dimensions": { "deployment": "vpc-mirror" } },
      "ethtool": {
        "metrics_include": ["bw_in_allowance_exceeded", "pps_allowance_exceeded", "conntrack_allowance_exceeded"],
        "append_dimensions": { "deployment": "vpc-mirror" }
      }
    },
    "aggregation_dimensions": [["deployment"]]
  },
  "logs": {
    "logs_collected": {
      "files": {
        "collect_list": [
          { "file_path": "/var/log/vpc-mirror/rebuilder.log", "log_group_name": "/vpc-mirror/rebuilder", "log_stream_name": "{instance_id}/rebuilder" },
          { "file_path": "/var/log/cloud-init-output.log", "log_group_name": "/vpc-mirror/rebuilder", "log_stream_name": "{instance_id}/boot" }
        ]
      }
    },
    "metrics_collected": {
      "prometheus": {
        "log_group_name": "/vpc-mirror/metrics",
        "prometheus_config_path": "/etc/vpc-mirror/prometheus.yaml",
        "emf_processor": {
          "metric_namespace": "VpcMirror",
          "metric_declaration_dedup": true,
          "metric_declaration": [
            {
              "source_labels": ["job"], "label_matcher": "^rebuilder$", "dimensions": [["deployment"]],
              "metric_selectors": ["^rebuilder_(packets|bytes)_(in|out|lost)_total$", "^rebuilder_requests_(in|out)_total$", "^rebuilder_exchanges_(in|out|lost)_total$", "^rebuilder_(flows|queue_bytes|requests_in_flight|endpoint_up)$"]
            },
            {
              "source_labels": ["name"], "label_matcher": "^(forward\\.(queue_full|too_large|deadline|alb_limit|connection_lost|response_timeout|bad_response|unavailable|drain_timeout|refused\\..+)|(workers\\.lost|pipeline\\.faulted)_requests)$",
              "dimensions": [["deployment"]], "metric_selectors": ["^rebuilder_requests_lost_total$"]
            },
            {
              "source_labels": ["name"], "label_matcher": "^(capture\\.kernel_drops|http\\.(second_readings|readings_limit)|tcp\\.readings_limit)$", "dimensions": [["deployment", "name"]],
              "metric_selectors": ["^rebuilder_events_total$"]
            }
          ]
        }
      }
    }
  }
}
END_OF_FILE

# --- Packages of the distribution
retry dnf install --quiet --assumeyes nodejs24 amazon-cloudwatch-agent logrotate

# Logs first: if a later step fails, its message is in CloudWatch. The service runs without them, too.
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
  -c file:/etc/vpc-mirror/cloudwatch-agent.json || echo "the CloudWatch agent did not start: no logs, no metrics" >&2

# --- The service
export AWS_DEFAULT_REGION=us-east-1
work=$(mktemp -d)
retry aws s3api get-object --bucket 'vpc-mirror-UNIQUE' --key 'vpc-mirror.tar.gz' --version-id 'UNIQUE' "$work/artifact.tar.gz" > /dev/null
echo "adc317bb4ccc44550f7d87a4a291a46ff6bd57e40aec52746f1de406ad3306d1  $work/artifact.tar.gz" | sha256sum --check --strict
tar --extract --gzip --no-same-owner --file "$work/artifact.tar.gz" --directory "$work"
"$work/vpc-mirror/install.sh"
rm -rf "$work"

systemctl enable --now vpc-mirror-rebuilder.service
