# Wallarm nodes that take mirrored requests: the vendor's module knows the image, its registration and its NGINX; its launch template
# runs in an Auto Scaling group that stands behind both load balancers of vpc-mirror-rebuild.

locals {
  # The senders whose X-Forwarded-For a node believes: the ALB (its subnets) and the rebuilders on the raw path.
  real_ip = join("\n", concat(
    [for cidr in distinct(data.aws_subnet.this[*].cidr_block) : "set_real_ip_from ${cidr};"],
    ["real_ip_header X-Forwarded-For;", "real_ip_recursive off;"],
  ))

  # The files of examples/wallarm-node, which its tests run, with the networks of this deployment. The vendor's script passes snippets
  # through a shell: comments stay behind, because their backticks would be commands there.
  mirror_conf = replace(
    replace(file("${path.module}/../../examples/wallarm-node/mirror.conf"), "/(?m)^ *#.*\n/", ""),
    "/(?m)^set_real_ip_from .*\n(real_ip_.*\n+)*/", "${local.real_ip}\n",
  )
  node_conf = replace(
    replace(file("${path.module}/../../examples/wallarm-node/node.conf"), "/(?m)^ *#.*\n/", ""),
    "include /etc/nginx/mirror.conf;", indent(4, local.mirror_conf),
  )

  # "mirror": the image brings the rest of the configuration. "custom": it brings none.
  server_snippet = var.preset == "mirror" ? "${local.real_ip}\n" : ""
  http_snippet   = var.preset == "mirror" ? "" : local.node_conf

  post_script = templatefile("${path.module}/templates/post-script.sh.tftpl", {
    labels             = join(",", [for key, value in var.labels : "${key}=${value}"])
    api_discovery_only = var.api_discovery_only
    host               = var.host
    token              = var.token
  })
}

data "aws_subnet" "this" {
  count = length(var.subnet_ids)

  id = var.subnet_ids[count.index]
}

# Its own Auto Scaling group would set target_group_arns for itself alone, and take away the second target group: so there is one here.
module "wallarm" {
  # checkov:skip=CKV_TF_1: a registry module has versions, not commits; this one is pinned to 1.x.
  source  = "wallarm/wallarm/aws"
  version = "~> 1.1"

  app_name             = var.name_prefix
  app_name_no_template = true

  preset         = var.preset
  http_snippet   = local.http_snippet
  server_snippet = local.server_snippet
  post_script    = local.post_script

  host  = var.host
  token = var.token

  upstream      = var.node_version
  ami_id        = var.ami_id
  instance_type = var.instance_type

  vpc_id                     = var.vpc_id
  inbound_allowed_ip_ranges  = distinct(data.aws_subnet.this[*].cidr_block)
  outbound_allowed_ip_ranges = var.outbound_cidrs

  # Any name of a target group: the module then makes none of its own.
  custom_target_group = var.name_prefix
  lb_enabled          = false
  asg_enabled         = false

  tags = merge(var.tags, { "vpc-mirror:role" = "detection-node" })
}

resource "aws_lb_target_group" "http" {
  # checkov:skip=CKV_AWS_378: plain HTTP inside the VPC, as the mirrored traffic was; the nodes listen for HTTP on 8445.
  name_prefix = "nodes-"
  vpc_id      = var.vpc_id
  target_type = "instance"
  port        = 8445
  protocol    = "HTTP"

  deregistration_delay = 30

  health_check {
    protocol            = "HTTP"
    port                = "9445"
    path                = "/-/healthcheck"
    interval            = 10
    timeout             = 3
    healthy_threshold   = 3
    unhealthy_threshold = 3
  }

  tags = merge(var.tags, { Name = var.name_prefix })
}

resource "aws_lb_target_group" "raw" {
  name_prefix = "nodes-"
  vpc_id      = var.vpc_id
  target_type = "instance"
  port        = 8445
  protocol    = "TCP"

  deregistration_delay = 30

  health_check {
    protocol            = "HTTP"
    port                = "9445"
    path                = "/-/healthcheck"
    interval            = 10
    timeout             = 6
    healthy_threshold   = 3
    unhealthy_threshold = 3
  }

  tags = merge(var.tags, { Name = "${var.name_prefix}-raw" })
}

resource "aws_autoscaling_group" "nodes" {
  name_prefix         = "${var.name_prefix}-"
  min_size            = var.min_size
  max_size            = var.max_size
  vpc_zone_identifier = var.subnet_ids
  target_group_arns   = [aws_lb_target_group.http.arn, aws_lb_target_group.raw.arn]

  health_check_type         = "ELB"
  health_check_grace_period = 300

  launch_template {
    id      = module.wallarm.template.id
    version = module.wallarm.template.version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
    }
  }

  # The role keeps the ENI profiles from ever mirroring a node.
  dynamic "tag" {
    for_each = merge(var.tags, { Name = var.name_prefix, "vpc-mirror:role" = "detection-node" })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    precondition {
      condition     = var.min_size <= var.max_size
      error_message = "min_size (${var.min_size}) is larger than max_size (${var.max_size})."
    }
  }
}

resource "aws_autoscaling_policy" "nodes" {
  name                      = "${var.name_prefix}-cpu"
  autoscaling_group_name    = aws_autoscaling_group.nodes.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = 300

  target_tracking_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
