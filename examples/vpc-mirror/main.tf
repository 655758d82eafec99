# Mirrored interfaces -> NLB -> rebuilders -> Wallarm nodes (NGINX ones behind an ALB, native ones behind the NLB), or an endpoint.
# Which interfaces: interfaces.tf.

provider "aws" {
  region = var.region
}

locals {
  # A native node inspects responses, so it gets them unless that is switched off.
  responses_mirrored = coalesce(var.responses_mirrored, var.node == "native")
}

# What one variable cannot check alone. Nothing is made in AWS by this resource.
resource "terraform_data" "inputs" {
  lifecycle {
    precondition {
      condition     = (var.node == "native") == (var.native != null)
      error_message = "native goes with node = \"native\": set both, or neither."
    }

    precondition {
      condition     = (var.node == "endpoint") == (var.mirror_endpoint != null)
      error_message = "mirror_endpoint goes with node = \"endpoint\": set both, or neither."
    }
  }
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
  detection_ports            = flatten([module.nodes[*].ports, var.node == "endpoint" ? [8445] : []])
  ext_proc = var.node != "native" ? null : {
    # This output alone: all of the nodes (module.nodes[*]) would be a circle, because they in turn name the rebuilders' groups.
    target_group_arn = try(module.nodes[0].ext_proc_target_group_arn, null)
    server_name      = try(var.native.server_name, null)
    ca_pem           = try(file(var.native.ca_file), null)
  }

  artifact_file          = var.artifact_s3_uri == null ? coalesce(var.artifact_file, "${path.module}/../../dist/vpc-mirror.tar.gz") : null
  artifact_s3_uri        = var.artifact_s3_uri
  artifact_sha256        = var.artifact_sha256
  artifact_includes_node = var.artifact_includes_node

  architecture  = var.architecture
  instance_type = var.rebuilder_instance_type
  min_size      = var.rebuilder_min_size
  max_size      = var.rebuilder_max_size
  ami_update    = var.ami_update
  ssm_enabled   = var.ssm_enabled

  iam_path                     = var.iam_path
  iam_permissions_boundary_arn = var.iam_permissions_boundary_arn

  responses_mirrored = local.responses_mirrored
  http_mirror_cidrs  = var.http_mirror_cidrs

  config = {
    vni_filter     = [var.virtual_network_id]
    proxy_headers  = length(var.proxy_cidrs) == 0 ? [] : [{ trusted_networks = var.proxy_cidrs, real_ip = ["X-Forwarded-For"] }]
    proxy_protocol = var.proxy_protocol
  }
  config_extra = var.rebuilder_config_extra

  alarm_actions = var.alarm_actions
}

module "sessions" {
  source = "../../modules/vpc-mirror-sessions"

  name_prefix = var.name_prefix
  tags        = var.tags

  # One owner, so that a scaled group changes no plan: Terraform's, or the reconciler's.
  network_interfaces          = var.reconcile == null ? module.enis.network_interfaces : {}
  allow_no_network_interfaces = var.allow_no_network_interfaces

  network_load_balancer_arn = module.rebuild.nlb_arn
  virtual_network_id        = var.virtual_network_id
  mirror_responses          = local.responses_mirrored
  ports                     = var.mirrored_ports
  ipv6_enabled              = var.ipv6_enabled

  reconcile = var.reconcile == null ? null : {
    interfaces        = module.enis.selectors
    artifact_file     = coalesce(var.reconcile.artifact_file, "${path.module}/../../dist/vpc-mirror-reconciler.zip")
    every_minutes     = var.reconcile.every_minutes
    stopped_instances = var.reconcile.stopped_instances
    runtime           = var.reconcile.runtime
    alarm_actions     = var.alarm_actions
  }

  iam_path                     = var.iam_path
  iam_permissions_boundary_arn = var.iam_permissions_boundary_arn
}

module "nodes" {
  source = "../../modules/wallarm-nodes"

  count = var.node == "endpoint" ? 0 : 1

  kind        = var.node
  name_prefix = "${var.name_prefix}-node"
  tags        = var.tags

  vpc_id     = var.vpc_id
  subnet_ids = var.private_subnet_ids

  # Nobody but the load balancers and the rebuilders reaches a node. Native nodes have no ALB.
  source_security_group_ids = {
    for word in(var.node == "native" ? ["nlb", "rebuilder"] : ["alb", "nlb", "rebuilder"]) : word => module.rebuild.security_group_ids[word]
  }

  token_secret_arn   = var.token_secret_arn
  token              = var.token
  host               = var.host
  labels             = var.wallarm_labels
  tenants            = var.wallarm_tenants
  api_discovery_only = var.api_discovery_only
  kms_key_arns       = var.kms_key_arns

  iam_path                     = var.iam_path
  iam_permissions_boundary_arn = var.iam_permissions_boundary_arn

  certificate = var.node != "native" ? null : {
    secret_arn          = try(var.native.certificate_secret_arn, null)
    acm_certificate_arn = try(var.native.acm_certificate_arn, null)
  }
  installer = try(var.native.installer, null)

  node_version  = var.wallarm_version
  ami_id        = var.node_ami_id
  ami_update    = var.ami_update
  instance_type = var.node_instance_type
  min_size      = var.node_min_size
  max_size      = var.node_max_size
}
