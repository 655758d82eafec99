# One target group for each load balancer that leads to the nodes: a target group belongs to one load balancer only.

locals {
  target_groups = {
    for word, group in {
      http     = { port = 8445, protocol = "HTTP", path = "/-/healthcheck", health_port = "8448", name = var.name_prefix, of = "nginx" }
      raw      = { port = 8445, protocol = "TCP", path = "/-/healthcheck", health_port = "8448", name = "${var.name_prefix}-raw", of = "nginx" }
      ext_proc = { port = 5080, protocol = "TCP", path = "/ready", health_port = "8080", name = var.name_prefix, of = "native" }
    } : word => group if group.of == var.kind
  }
}

resource "aws_lb_target_group" "node" {
  # checkov:skip=CKV_AWS_378: plain HTTP inside the VPC, as the mirrored traffic was; NGINX nodes listen for HTTP on 8445.
  for_each = local.target_groups

  name_prefix = "nodes-"
  vpc_id      = var.vpc_id
  target_type = "instance"
  port        = each.value.port
  protocol    = each.value.protocol

  deregistration_delay = 30

  health_check {
    protocol            = "HTTP"
    port                = each.value.health_port
    path                = each.value.path
    matcher             = "200"
    interval            = 10
    timeout             = 6
    healthy_threshold   = 3
    unhealthy_threshold = 3
  }

  tags = merge(var.tags, { Name = each.value.name })
}
