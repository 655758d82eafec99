# Mirrored interfaces -> NLB -> rebuilders -> ALB -> Wallarm nodes. Which interfaces: interfaces.tf.

provider "aws" {
  region = var.region
}

module "rebuild" {
  source = "../../modules/vpc-mirror-rebuild"

  name_prefix = var.name_prefix
  tags        = var.tags

  vpc_id         = var.vpc_id
  subnet_ids     = var.private_subnet_ids
  mirrored_cidrs = var.mirrored_cidrs

  # Where requests go: nodes of this example, or an endpoint of yours.
  detection_target_group_arn = one(module.nodes[*].http_target_group_arn)
  raw_target_group_arn       = one(module.nodes[*].raw_target_group_arn)
  mirror_endpoint            = var.mirror_endpoint

  artifact_file          = var.artifact_s3_uri == null ? coalesce(var.artifact_file, "${path.module}/../../dist/vpc-mirror.tar.gz") : null
  artifact_s3_uri        = var.artifact_s3_uri
  artifact_sha256        = var.artifact_sha256
  artifact_includes_node = var.artifact_includes_node

  architecture  = var.architecture
  instance_type = var.rebuilder_instance_type
  min_size      = var.rebuilder_min_size
  max_size      = var.rebuilder_max_size

  responses_mirrored = var.responses_mirrored
  http_mirror_cidrs  = var.http_mirror_cidrs

  config = {
    vni_filter     = [var.virtual_network_id]
    proxy_headers  = length(var.proxy_cidrs) == 0 ? [] : [{ trusted_networks = var.proxy_cidrs, real_ip = ["X-Forwarded-For"] }]
    proxy_protocol = var.proxy_protocol
  }

  alarm_actions = var.alarm_actions
}

module "sessions" {
  source = "../../modules/vpc-mirror-sessions"

  name_prefix = var.name_prefix
  tags        = var.tags

  network_interfaces          = module.enis.network_interfaces
  allow_no_network_interfaces = var.allow_no_network_interfaces

  network_load_balancer_arn = module.rebuild.nlb_arn
  virtual_network_id        = var.virtual_network_id
  mirror_responses          = var.responses_mirrored

  filter_rules = {
    for index, port in var.mirrored_ports : "tcp_${port}" => {
      rule_number            = 100 + index
      destination_port_range = { from_port = port, to_port = port }
    }
  }
}

module "nodes" {
  source = "../../modules/wallarm-nodes"

  count = var.mirror_endpoint == null ? 1 : 0

  name_prefix = "${var.name_prefix}-node"
  tags        = var.tags

  vpc_id     = var.vpc_id
  subnet_ids = var.private_subnet_ids

  token              = var.token == null ? "" : var.token
  host               = var.host
  labels             = var.wallarm_labels
  api_discovery_only = var.api_discovery_only

  preset        = var.wallarm_preset
  node_version  = var.wallarm_version
  ami_id        = var.node_ami_id
  instance_type = var.node_instance_type
  min_size      = var.node_min_size
  max_size      = var.node_max_size
}
