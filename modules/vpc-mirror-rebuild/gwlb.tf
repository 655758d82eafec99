# The way in for sources of other VPCs and accounts without peering: their mirror target is an endpoint for this Gateway Load
# Balancer in their own VPC. What arrives is GENEVE around the mirrored VXLAN packet.

resource "aws_lb" "gwlb" {
  # checkov:skip=CKV_AWS_150: deletion_protection is an input; off by default, so that destroy leaves nothing.
  # checkov:skip=CKV_AWS_91: a Gateway Load Balancer has no access logs.
  count = local.gwlb_enabled ? 1 : 0

  name_prefix                      = local.short_prefix
  load_balancer_type               = "gateway"
  subnets                          = var.subnet_ids
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.deletion_protection
  tags                             = local.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_target_group" "geneve" {
  count = local.gwlb_enabled ? 1 : 0

  name_prefix          = local.short_prefix
  vpc_id               = var.vpc_id
  target_type          = "instance"
  port                 = 6081
  protocol             = "GENEVE"
  deregistration_delay = 20

  # Both directions of an interface have the same two outer addresses, and ports of their own.
  stickiness {
    type    = "source_ip_dest_ip"
    enabled = var.responses_mirrored
  }

  # Flows of an instance that goes move to another one; by default they would stay with it until they end.
  target_failover {
    on_deregistration = "rebalance"
    on_unhealthy      = "rebalance"
  }

  health_check {
    protocol            = "HTTP"
    port                = "9445"
    path                = "/-/healthcheck"
    matcher             = "200"
    interval            = 10
    timeout             = 6
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  tags = local.tags

  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [aws_lb.gwlb]
  }
}

resource "aws_lb_listener" "geneve" {
  # checkov:skip=CKV_AWS_2: a Gateway Load Balancer's listener has neither port nor protocol.
  count = local.gwlb_enabled ? 1 : 0

  load_balancer_arn = aws_lb.gwlb[0].arn
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.geneve[0].arn
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_endpoint_service" "gwlb" {
  # checkov:skip=CKV_AWS_123: who may connect is said by allowed_principals; asking again for each endpoint is not needed.
  count = local.gwlb_enabled ? 1 : 0

  acceptance_required        = false
  gateway_load_balancer_arns = [aws_lb.gwlb[0].arn]
  allowed_principals         = var.gateway_load_balancer.allowed_principals
  tags                       = local.tags
}

# A Gateway Load Balancer has no security group: it sends and probes from addresses in its own subnets.
resource "aws_vpc_security_group_ingress_rule" "rebuilder_geneve" {
  for_each = local.gwlb_enabled ? local.gwlb_openings : {}

  security_group_id = aws_security_group.rebuilder.id
  description       = each.value.why
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = data.aws_subnet.this[each.value.subnet].cidr_block
  tags              = local.tags
}

locals {
  gwlb_enabled = var.gateway_load_balancer != null

  gwlb_openings = merge([
    for subnet in range(length(var.subnet_ids)) : {
      "subnet-${subnet}-geneve" = { subnet = subnet, protocol = "udp", port = 6081, why = "Mirrored packets of the Gateway Load Balancer" }
      "subnet-${subnet}-health" = { subnet = subnet, protocol = "tcp", port = 9445, why = "Health checks of the Gateway Load Balancer" }
    }
  ]...)
}
