# Every rule stands alone, says why it is there, and names a group instead of a network wherever AWS can.

################################################################################
# Rebuilders
################################################################################

resource "aws_security_group" "rebuilder" {
  name_prefix = "${var.name_prefix}-rebuilder-"
  description = "Rebuilders: mirrored packets in, requests out"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.name_prefix}-rebuilder" })

  lifecycle {
    create_before_destroy = true
  }
}

# The NLB cannot hide a UDP client: packets carry the address of the mirrored interface.
resource "aws_vpc_security_group_ingress_rule" "rebuilder_vxlan" {
  for_each = toset(var.mirrored_cidrs)

  security_group_id = aws_security_group.rebuilder.id
  description       = "Mirrored packets"
  ip_protocol       = "udp"
  from_port         = 4789
  to_port           = 4789
  cidr_ipv4         = each.value
  tags              = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "rebuilder_health" {
  security_group_id            = aws_security_group.rebuilder.id
  description                  = "Health checks of the NLB"
  ip_protocol                  = "tcp"
  from_port                    = 9445
  to_port                      = 9445
  referenced_security_group_id = aws_security_group.nlb.id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "rebuilder_https" {
  for_each = toset(var.https_egress_cidrs)

  security_group_id = aws_security_group.rebuilder.id
  description       = "S3, CloudWatch, Amazon Linux repository"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
  tags              = local.tags
}

# Gateway endpoints have no network but a list of prefixes. By position: an endpoint of the same apply has no id yet.
resource "aws_vpc_security_group_egress_rule" "rebuilder_https_prefix_list" {
  count = length(var.https_egress_prefix_list_ids)

  security_group_id = aws_security_group.rebuilder.id
  description       = "S3, Amazon Linux repository"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = var.https_egress_prefix_list_ids[count.index]
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "rebuilder_alb" {
  count = local.alb_enabled ? 1 : 0

  security_group_id            = aws_security_group.rebuilder.id
  description                  = "Requests to the ALB"
  ip_protocol                  = "tcp"
  from_port                    = 8445
  to_port                      = 8445
  referenced_security_group_id = aws_security_group.alb[0].id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "rebuilder_raw" {
  count = local.raw_path_enabled ? 1 : 0

  security_group_id            = aws_security_group.rebuilder.id
  description                  = "Requests on the raw path through the NLB"
  ip_protocol                  = "tcp"
  from_port                    = 8445
  to_port                      = 8445
  referenced_security_group_id = aws_security_group.nlb.id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "rebuilder_endpoint" {
  count = local.alb_enabled || !local.http_enabled ? 0 : local.mirror_endpoint_cidr_count

  security_group_id = aws_security_group.rebuilder.id
  description       = "Requests to mirror_endpoint"
  ip_protocol       = "tcp"
  from_port         = local.mirror_endpoint_port
  to_port           = local.mirror_endpoint_port
  cidr_ipv4         = local.mirror_endpoint_cidrs[count.index]
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "rebuilder_raw_endpoint" {
  # AWS refuses the same rule twice: one for both endpoints where they share a port.
  count = local.raw_endpoint_port == null || (!local.alb_enabled && local.raw_endpoint_port == local.mirror_endpoint_port) ? 0 : local.mirror_endpoint_cidr_count

  security_group_id = aws_security_group.rebuilder.id
  description       = "Requests to raw_endpoint"
  ip_protocol       = "tcp"
  from_port         = local.raw_endpoint_port
  to_port           = local.raw_endpoint_port
  cidr_ipv4         = local.mirror_endpoint_cidrs[count.index]
  tags              = local.tags
}

################################################################################
# NLB
################################################################################

resource "aws_security_group" "nlb" {
  name_prefix = "${var.name_prefix}-nlb-"
  description = "NLB: mirrored packets to the rebuilders, raw requests to the nodes"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.name_prefix}-nlb" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "nlb_vxlan" {
  for_each = toset(var.mirrored_cidrs)

  security_group_id = aws_security_group.nlb.id
  description       = "Mirrored packets"
  ip_protocol       = "udp"
  from_port         = 4789
  to_port           = 4789
  cidr_ipv4         = each.value
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "nlb_vxlan" {
  security_group_id            = aws_security_group.nlb.id
  description                  = "Mirrored packets to the rebuilders"
  ip_protocol                  = "udp"
  from_port                    = 4789
  to_port                      = 4789
  referenced_security_group_id = aws_security_group.rebuilder.id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "nlb_health" {
  security_group_id            = aws_security_group.nlb.id
  description                  = "Health checks of the rebuilders"
  ip_protocol                  = "tcp"
  from_port                    = 9445
  to_port                      = 9445
  referenced_security_group_id = aws_security_group.rebuilder.id
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "nlb_raw" {
  count = local.raw_path_enabled ? 1 : 0

  security_group_id            = aws_security_group.nlb.id
  description                  = "Raw requests of the rebuilders"
  ip_protocol                  = "tcp"
  from_port                    = 8445
  to_port                      = 8445
  referenced_security_group_id = aws_security_group.rebuilder.id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "nlb_nodes" {
  for_each = local.raw_path_enabled || local.ext_proc_on_nlb ? local.node_openings : {}

  security_group_id = aws_security_group.nlb.id
  description       = "Detection nodes: what passes the NLB, health checks"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = local.detection_cidrs[each.value.network]
  tags              = local.tags
}

################################################################################
# ALB
################################################################################

resource "aws_security_group" "alb" {
  count = local.alb_enabled ? 1 : 0

  name_prefix = "${var.name_prefix}-alb-"
  description = "ALB: rebuilt requests to the detection nodes"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.name_prefix}-alb" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "alb_rebuilder" {
  count = local.alb_enabled ? 1 : 0

  security_group_id            = aws_security_group.alb[0].id
  description                  = "Requests of the rebuilders"
  ip_protocol                  = "tcp"
  from_port                    = 8445
  to_port                      = 8445
  referenced_security_group_id = aws_security_group.rebuilder.id
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "alb_http_mirror" {
  for_each = local.alb_enabled ? toset(var.http_mirror_cidrs) : []

  security_group_id = aws_security_group.alb[0].id
  description       = "HTTP mirrors of web servers and proxies"
  ip_protocol       = "tcp"
  from_port         = 8445
  to_port           = 8445
  cidr_ipv4         = each.value
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "alb_nodes" {
  for_each = local.alb_enabled ? local.node_openings : {}

  security_group_id = aws_security_group.alb[0].id
  description       = "Detection nodes: requests, health checks"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = local.detection_cidrs[each.value.network]
  tags              = local.tags
}

locals {
  # Counted and keyed by position: the networks of subnets made in the same apply are not known when `for_each` is.
  mirror_endpoint_cidr_count = length(coalesce(var.mirror_endpoint_cidrs, ["the VPC's"]))

  # Traffic and health check: 8448 is that of wallarm-nodes, 9445 that of examples/wallarm-node.
  detection_ports = var.detection_ports != null ? var.detection_ports : concat(
    local.http_enabled ? [8445, 8448, 9445] : [],
    local.ext_proc_on_nlb ? [5080, 8080] : [],
  )

  node_openings = {
    for pair in setproduct(range(var.detection_cidrs == null ? length(var.subnet_ids) : length(var.detection_cidrs)), local.detection_ports) :
    "network-${pair[0]}-port-${pair[1]}" => { network = pair[0], port = pair[1] }
  }
}
