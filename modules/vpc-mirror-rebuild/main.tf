locals {
  tags = merge(var.tags, { Name = var.name_prefix })

  service_linked_role_arn = coalesce(
    var.service_linked_role_arn,
    "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
  )

  # AWS allows load balancers a name_prefix of six characters.
  short_prefix = "${trimsuffix(substr(var.name_prefix, 0, 5), "-")}-"

  # The switch is mirror_endpoint alone: the ARN of a target group made in the same apply is not known when `count` is.
  alb_enabled      = local.http_enabled && var.mirror_endpoint == null
  raw_path_enabled = coalesce(var.raw_path_enabled, local.alb_enabled && var.raw_endpoint == null)

  detection_cidrs       = coalesce(var.detection_cidrs, data.aws_subnet.this[*].cidr_block)
  mirror_endpoint_cidrs = coalesce(var.mirror_endpoint_cidrs, [data.aws_vpc.this.cidr_block])

  mirror_endpoint = local.alb_enabled ? "http://${one(aws_lb.alb[*].dns_name)}:8445" : !local.http_enabled ? "" : trimsuffix(var.mirror_endpoint, "/")
  raw_endpoint    = local.raw_path_enabled ? "${aws_lb.nlb.dns_name}:8445" : coalesce(var.raw_endpoint, "none") == "none" ? "" : var.raw_endpoint

  # Ports that the rebuilders connect to when the endpoints are the user's own.
  mirror_endpoint_port = try(tonumber(regex(":([0-9]+)/?$", var.mirror_endpoint)[0]), 80)
  raw_endpoint_port    = try(tonumber(regex(":([0-9]+)$", var.raw_endpoint)[0]), null)
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

data "aws_vpc" "this" {
  id = var.vpc_id
}

data "aws_subnet" "this" {
  count = length(var.subnet_ids)

  id = var.subnet_ids[count.index]

  lifecycle {
    postcondition {
      condition     = self.vpc_id == var.vpc_id
      error_message = "subnet_ids: ${self.id} is in ${self.vpc_id}, not in vpc_id ${var.vpc_id}."
    }
  }
}

# What one variable cannot check alone. Nothing is made in AWS by this resource.
resource "terraform_data" "inputs" {
  lifecycle {
    precondition {
      condition     = !local.http_enabled || var.mirror_endpoint != null || var.detection_target_group_arn != null
      error_message = "Neither mirror_endpoint nor detection_target_group_arn is given: set one, so that the rebuilt requests have somewhere to go; or ext_proc, for native nodes."
    }

    precondition {
      condition     = local.http_enabled || (var.mirror_endpoint == null && var.detection_target_group_arn == null)
      error_message = "ext_proc is given, and HTTP detection too: set ext_proc.beside_http = true to deliver both ways, or remove one."
    }

    precondition {
      condition     = !local.ext_proc_on_nlb || try(var.ext_proc.target_group_arn, null) != null
      error_message = "ext_proc needs target_group_arn, a TCP target group with the native nodes on port 5080, or endpoint, the address of nodes that exist already."
    }

    precondition {
      condition     = !local.ext_proc_on_nlb || try(var.ext_proc.server_name, null) != null
      error_message = "ext_proc needs server_name, the name in the nodes' certificate: the load balancer's own name is not in it."
    }

    precondition {
      condition     = var.mirror_endpoint == null || var.detection_target_group_arn == null
      error_message = "Both mirror_endpoint and detection_target_group_arn are given: keep the one that leads to the detection nodes and remove the other."
    }

    precondition {
      condition     = !local.raw_path_enabled || var.raw_target_group_arn != null
      error_message = "The raw path needs raw_target_group_arn: a TCP target group on port 8445 with the same nodes. Or set raw_path_enabled = false; what an ALB would refuse is then re-framed where possible, else counted as lost."
    }

    precondition {
      condition     = local.raw_path_enabled || var.raw_target_group_arn == null
      error_message = "raw_target_group_arn is given, but the raw path is off: set raw_path_enabled = true, or remove it."
    }

    precondition {
      condition     = !(local.raw_path_enabled && var.raw_endpoint != null)
      error_message = "raw_endpoint and the NLB's own raw path are both on: remove raw_endpoint, or raw_path_enabled."
    }

    precondition {
      condition     = var.artifact_file != null || var.artifact_s3_uri != null
      error_message = "No artifact to install: build one in the checkout with `npm ci && npm run package` and set artifact_file = \"dist/vpc-mirror.tar.gz\", or set artifact_s3_uri and artifact_sha256."
    }

    precondition {
      condition     = var.artifact_file == null || var.artifact_s3_uri == null
      error_message = "Both artifact_file and artifact_s3_uri are given: keep one."
    }

    precondition {
      condition     = var.artifact_s3_uri == null || var.artifact_sha256 != null
      error_message = "artifact_s3_uri needs artifact_sha256, the 64 digits in the .sha256 file that `npm run package` writes: an instance installs nothing that it cannot check."
    }

    precondition {
      condition     = length(var.https_egress_cidrs) + length(var.https_egress_prefix_list_ids) > 0
      error_message = "https_egress_cidrs and https_egress_prefix_list_ids are both empty: the rebuilders could reach neither S3 nor CloudWatch. Name the networks of your interface endpoints, and the prefix list of the S3 gateway endpoint."
    }

    precondition {
      condition     = length(local.unknown_config_keys) == 0
      error_message = "config_extra has keys that the rebuilder's configuration does not: ${join("; ", [for key, known in local.unknown_config_keys : "${key} (known there: ${join(", ", known[0])})"])}. docs/configuration.md has all of them."
    }

    precondition {
      condition     = var.min_size <= var.max_size
      error_message = "min_size (${var.min_size}) is larger than max_size (${var.max_size})."
    }

    # Graviton families have a "g" after the generation, like c7g, t4g, im4gn; a1 is the first of them.
    precondition {
      condition     = can(regex("^(a1|[a-z]+[0-9]+g[a-z]*)[.]", local.instance_type)) == (var.architecture == "arm64")
      error_message = "instance_type ${local.instance_type} is not ${var.architecture}: choose another, or set architecture."
    }

    precondition {
      condition     = length(distinct(data.aws_subnet.this[*].availability_zone)) >= 2
      error_message = "subnet_ids must lie in two Availability Zones at least; all of them are in ${join(", ", distinct(data.aws_subnet.this[*].availability_zone))}."
    }
  }
}
