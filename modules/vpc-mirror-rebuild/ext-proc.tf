# Native nodes: TCP/5080 through the NLB, so that TLS is between a rebuilder and a node, or an address that exists.

locals {
  # The switches are literals of the input: the ARN of a target group made in the same apply is not known when `count` is.
  http_enabled     = var.ext_proc == null ? true : var.ext_proc.beside_http
  ext_proc_enabled = var.ext_proc != null
  ext_proc_on_nlb  = var.ext_proc == null ? false : var.ext_proc.endpoint == null

  ext_proc_endpoint = !local.ext_proc_enabled ? "" : local.ext_proc_on_nlb ? "https://${aws_lb.nlb.dns_name}:5080" : var.ext_proc.endpoint
  ext_proc_port     = local.ext_proc_on_nlb ? null : try(tonumber(regex(":([0-9]+)$", var.ext_proc.endpoint)[0]), null)
  ext_proc_ca_file  = "/etc/vpc-mirror/native-nodes-ca.pem"

  # As the configuration file has it but for the endpoint, with what config_extra says of it.
  ext_proc_settings = {
    for key in local.ext_proc_enabled ? ["ext_proc"] : [] : key => merge(
      { tls = { for name, value in local.ext_proc_tls : name => value if value != null } },
      try(var.config_extra.forward.ext_proc, {}),
    )
  }
  ext_proc_tls = {
    ca_file     = try(var.ext_proc.ca_pem, null) == null ? null : local.ext_proc_ca_file
    server_name = try(var.ext_proc.server_name, null)
  }
}

# Not create_before_destroy: the nodes' target group can be behind one load balancer at a time.
resource "aws_lb_listener" "ext_proc" {
  count = local.ext_proc_on_nlb ? 1 : 0

  load_balancer_arn = aws_lb.nlb.arn
  port              = 5080
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = var.ext_proc.target_group_arn
  }

  tags = local.tags
}

resource "aws_vpc_security_group_egress_rule" "rebuilder_ext_proc" {
  count = local.ext_proc_on_nlb ? 1 : 0

  security_group_id            = aws_security_group.rebuilder.id
  description                  = "Exchanges for native nodes through the NLB"
  ip_protocol                  = "tcp"
  from_port                    = 5080
  to_port                      = 5080
  referenced_security_group_id = aws_security_group.nlb.id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "rebuilder_ext_proc_endpoint" {
  count = local.ext_proc_port == null ? 0 : local.mirror_endpoint_cidr_count

  security_group_id = aws_security_group.rebuilder.id
  description       = "Exchanges for native nodes"
  ip_protocol       = "tcp"
  from_port         = local.ext_proc_port
  to_port           = local.ext_proc_port
  cidr_ipv4         = local.mirror_endpoint_cidrs[count.index]
  tags              = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "nlb_ext_proc" {
  count = local.ext_proc_on_nlb ? 1 : 0

  security_group_id            = aws_security_group.nlb.id
  description                  = "Exchanges of the rebuilders for native nodes"
  ip_protocol                  = "tcp"
  from_port                    = 5080
  to_port                      = 5080
  referenced_security_group_id = aws_security_group.rebuilder.id
  tags                         = local.tags
}
