# In: the port of the copies and the health check's, from the groups of the load balancers and the rebuilders. Out: the Wallarm Cloud. No SSH.

locals {
  ingress = {
    for pair in setproduct(keys(var.source_security_group_ids), keys(local.ports)) :
    "${pair[0]}_${pair[1]}" => { group = pair[0], port = local.ports[pair[1]], what = pair[1] == "health" ? "Health checks" : "Copies" }
  }
}

resource "aws_security_group" "node" {
  name_prefix = "${var.name_prefix}-"
  description = "Wallarm nodes: copies of traffic in, Wallarm Cloud out"
  vpc_id      = var.vpc_id
  tags        = local.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "node" {
  for_each = local.ingress

  security_group_id            = aws_security_group.node.id
  description                  = "${each.value.what} from ${each.value.group}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = var.source_security_group_ids[each.value.group]
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "node" {
  for_each = toset(var.outbound_cidrs)

  security_group_id = aws_security_group.node.id
  description       = "Wallarm Cloud, AWS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
  tags              = local.tags
}
