# The detection nodes: the Wallarm module's launch template in an Auto Scaling group that stands behind both load balancers.

locals {
  nodes_enabled = var.mirror_endpoint == null

  # The senders whose X-Forwarded-For a node believes: the ALB (its subnets) and the rebuilders on the raw path.
  real_ip = join("\n", concat(
    [for cidr in distinct(data.aws_subnet.private[*].cidr_block) : "set_real_ip_from ${cidr};"],
    ["real_ip_header X-Forwarded-For;", "real_ip_recursive off;"],
  ))

  # "mirror": the image brings the rest of the configuration. "custom": it brings none.
  node_server_snippet = var.wallarm_preset == "mirror" ? "${local.real_ip}\n" : ""
  node_http_snippet = var.wallarm_preset == "mirror" ? "" : templatefile("${path.module}/templates/node-http.conf.tftpl", {
    mirror = replace(file("${path.module}/../wallarm-node/mirror.conf"), "/(?m)^set_real_ip_from .*$/", join("\n", [
      for cidr in distinct(data.aws_subnet.private[*].cidr_block) : "set_real_ip_from ${cidr};"
    ]))
  })

  node_post_script = templatefile("${path.module}/templates/node-post-script.sh.tftpl", {
    labels             = join(",", [for key, value in var.wallarm_labels : "${key}=${value}"])
    api_discovery_only = var.api_discovery_only
    host               = var.host
    token              = var.token == null ? "" : var.token
  })
}

data "aws_subnet" "private" {
  count = length(var.private_subnet_ids)

  id = var.private_subnet_ids[count.index]
}

resource "aws_lb_target_group" "nodes_http" {
  count = local.nodes_enabled ? 1 : 0

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

  tags = merge(var.tags, { Name = "${var.name_prefix}-nodes" })
}

resource "aws_lb_target_group" "nodes_raw" {
  count = local.nodes_enabled ? 1 : 0

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

  tags = merge(var.tags, { Name = "${var.name_prefix}-nodes-raw" })
}

resource "aws_autoscaling_group" "nodes" {
  count = local.nodes_enabled ? 1 : 0

  name_prefix         = "${var.name_prefix}-nodes-"
  min_size            = var.node_min_size
  max_size            = var.node_max_size
  vpc_zone_identifier = var.private_subnet_ids
  target_group_arns   = concat(aws_lb_target_group.nodes_http[*].arn, aws_lb_target_group.nodes_raw[*].arn)

  health_check_type         = "ELB"
  health_check_grace_period = 300

  launch_template {
    id      = module.wallarm[0].template.id
    version = module.wallarm[0].template.version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
    }
  }

  # The role keeps the ENI profiles from ever mirroring a node.
  dynamic "tag" {
    for_each = merge(var.tags, { Name = "${var.name_prefix}-node", "vpc-mirror:role" = "detection-node" })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    precondition {
      condition     = var.token != null
      error_message = "token is not set: create a node in Wallarm Console (Nodes, type Wallarm node) and pass its token, for example by the environment variable TF_VAR_token. Or set mirror_endpoint to nodes that you have."
    }

    precondition {
      condition     = var.node_min_size <= var.node_max_size
      error_message = "node_min_size (${var.node_min_size}) is larger than node_max_size (${var.node_max_size})."
    }
  }
}

resource "aws_autoscaling_policy" "nodes" {
  count = local.nodes_enabled ? 1 : 0

  name                      = "${var.name_prefix}-nodes-cpu"
  autoscaling_group_name    = aws_autoscaling_group.nodes[0].name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = 300

  target_tracking_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
