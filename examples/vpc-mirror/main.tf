# Mirrored interfaces -> NLB -> rebuilders -> ALB -> Wallarm nodes. Which interfaces: interfaces.tf. The nodes: nodes.tf.

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
  detection_target_group_arn = one(aws_lb_target_group.nodes_http[*].arn)
  raw_target_group_arn       = one(aws_lb_target_group.nodes_raw[*].arn)
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

# The vendor's module, for what it knows best: the node's image, its registration and its NGINX. Its own Auto Scaling group would set
# target_group_arns for itself alone, and take away the second target group that the nodes need here: so nodes.tf has one of its own.
module "wallarm" {
  source  = "wallarm/wallarm/aws"
  version = "~> 1.1"

  count = local.nodes_enabled ? 1 : 0

  app_name             = "${var.name_prefix}-node"
  app_name_no_template = true

  preset         = var.wallarm_preset
  http_snippet   = local.node_http_snippet
  server_snippet = local.node_server_snippet
  post_script    = local.node_post_script

  host  = var.host
  token = var.token

  upstream      = var.wallarm_version
  ami_id        = var.node_ami_id
  instance_type = var.node_instance_type

  vpc_id                    = var.vpc_id
  inbound_allowed_ip_ranges = data.aws_subnet.private[*].cidr_block

  # Any name of a target group: the module then makes none of its own.
  custom_target_group = "${var.name_prefix}-nodes"
  lb_enabled          = false
  asg_enabled         = false

  tags = merge(var.tags, { "vpc-mirror:role" = "detection-node" })
}
