locals {
  # Of each port, IPv4 and IPv6: AWS's rules know one of them each.
  port_rules = merge([
    for index, port in coalesce(var.ports, ["80"]) : {
      for version, any in merge({ "" = "0.0.0.0/0" }, var.ipv6_enabled ? { "_ipv6" = "::/0" } : {}) :
      "tcp_${replace(port, "-", "_")}${version}" => {
        rule_number            = (version == "" ? 100 : 200) + index
        traffic_direction      = "ingress"
        rule_action            = "accept"
        protocol               = 6
        source_cidr_block      = any
        destination_cidr_block = any
        source_port_range      = null
        destination_port_range = { from_port = tonumber(split("-", port)[0]), to_port = tonumber(reverse(split("-", port))[0]) }
        all_ports              = false
        description            = null
      }
    }
  ]...)
  asked_rules = var.filter_rules == null ? local.port_rules : var.filter_rules

  # The reflection of an ingress rule: what the server answers. It keeps the rule's number, because ingress and egress
  # rules are numbered apart.
  response_rules = {
    for key, rule in local.asked_rules : "${key}_responses" => merge(rule, {
      traffic_direction      = "egress"
      source_cidr_block      = rule.destination_cidr_block
      destination_cidr_block = rule.source_cidr_block
      source_port_range      = rule.destination_port_range
      destination_port_range = rule.source_port_range
    }) if var.mirror_responses && rule.traffic_direction == "ingress"
  }
  filter_rules = merge(local.asked_rules, local.response_rules)

  # A Gateway Load Balancer drops what is longer than 8500 bytes, and the VXLAN packet around a mirrored one has 36 bytes more.
  packet_length = coalesce(var.packet_length, var.gateway_load_balancer_endpoint_id == null ? 8500 : 8464)

  target_id = var.create_target ? aws_ec2_traffic_mirror_target.this[0].id : var.traffic_mirror_target_id

  sessions = {
    for key, eni in var.network_interfaces : key => {
      network_interface_id = eni.network_interface_id
      session_number       = coalesce(eni.session_number, var.session_number)
      virtual_network_id   = eni.virtual_network_id == null ? var.virtual_network_id : eni.virtual_network_id
      packet_length        = coalesce(eni.packet_length, local.packet_length)
    }
  }

  # Grouped once: comparing each session with every other takes minutes for a thousand of them.
  keys_by_interface = { for key, session in local.sessions : session.network_interface_id => key... }
  keys_by_number    = { for key, session in local.sessions : "${session.network_interface_id}/${session.session_number}" => key... }
}

################################################################################
# Filter
################################################################################

resource "aws_ec2_traffic_mirror_filter" "this" {
  # Fixed words: another description replaces the filter.
  description = "HTTP to inspect, out of band"
  tags        = merge(var.tags, { Name = var.name_prefix })

  lifecycle {
    # AWS refuses to delete a filter that a session uses: the new one must be there, and the sessions moved to it, first.
    create_before_destroy = true

    # The reconciler's and the command's own notes.
    ignore_changes = [tags["vpc-mirror:refused"], tags["vpc-mirror:retired"]]

    precondition {
      condition     = var.allow_no_network_interfaces || var.reconcile != null || length(var.network_interfaces) > 0
      error_message = "No network interface was picked, so nothing would be mirrored. Check the profile's inputs and the outputs `refused` and `unmatched` of the enis module, or set allow_no_network_interfaces = true if the group is scaled to zero."
    }

    precondition {
      condition     = length(local.filter_rules) <= 10
      error_message = "${var.filter_rules == null ? "ports, for IPv4${var.ipv6_enabled ? " and IPv6" : ""}," : "filter_rules"} with their reflections (mirror_responses) are ${length(local.filter_rules)} rules: AWS allows 10 in a filter, and this is not adjustable. Join ports to ranges (\"8080-8090\"), or CIDR blocks, or set ipv6_enabled = false where nobody comes over IPv6."
    }

    precondition {
      condition     = var.filter_rules == null || var.ports == null
      error_message = "Both ports and filter_rules are given: keep ports for TCP ports of any address, or filter_rules for anything finer."
    }

    precondition {
      condition = length(local.filter_rules) == length(distinct([
        for rule in values(local.filter_rules) : "${rule.traffic_direction}/${rule.rule_number}"
      ]))
      error_message = "filter_rules: mirror_responses gives each ingress rule an egress rule of the same rule_number, and an egress rule of yours has that number already."
    }
  }
}

resource "aws_ec2_traffic_mirror_filter_rule" "this" {
  for_each = local.filter_rules

  traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.this.id
  description              = coalesce(each.value.description, replace(each.key, "_", " "))
  traffic_direction        = each.value.traffic_direction
  rule_number              = each.value.rule_number
  rule_action              = each.value.rule_action
  protocol                 = each.value.protocol
  source_cidr_block        = each.value.source_cidr_block
  destination_cidr_block   = each.value.destination_cidr_block

  dynamic "source_port_range" {
    for_each = each.value.source_port_range[*]

    content {
      from_port = source_port_range.value.from_port
      to_port   = source_port_range.value.to_port
    }
  }

  dynamic "destination_port_range" {
    for_each = each.value.destination_port_range[*]

    content {
      from_port = destination_port_range.value.from_port
      to_port   = destination_port_range.value.to_port
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

################################################################################
# Target
################################################################################

resource "aws_ec2_traffic_mirror_target" "this" {
  count = var.create_target ? 1 : 0

  # Fixed words: another description replaces the target, and AWS allows one target a load balancer, so that the new one
  # could not be made while the old one is there. Only another load balancer replaces it.
  description                       = "Rebuilders of mirrored HTTP"
  network_load_balancer_arn         = var.network_load_balancer_arn
  gateway_load_balancer_endpoint_id = var.gateway_load_balancer_endpoint_id
  tags                              = merge(var.tags, { Name = var.name_prefix })

  lifecycle {
    # As with the filter; and the old load balancer can go only when no target names it.
    create_before_destroy = true

    precondition {
      condition     = var.network_load_balancer_arn != null || var.gateway_load_balancer_endpoint_id != null
      error_message = "network_load_balancer_arn is missing: give the Network Load Balancer of the rebuilders, or gateway_load_balancer_endpoint_id, or set create_target = false and give traffic_mirror_target_id."
    }

    precondition {
      condition     = var.network_load_balancer_arn == null || var.gateway_load_balancer_endpoint_id == null
      error_message = "Both network_load_balancer_arn and gateway_load_balancer_endpoint_id are given: a mirror target is one of them."
    }

    precondition {
      condition     = var.traffic_mirror_target_id == null
      error_message = "Both network_load_balancer_arn and traffic_mirror_target_id would be the target: set create_target = false to use traffic_mirror_target_id, or leave it out."
    }
  }
}

# Other accounts' sessions may send to this target, too: theirs have create_target = false and its id.

resource "aws_ram_resource_share" "target" {
  count = var.create_target && length(var.ram_principals) > 0 ? 1 : 0

  name                      = "${var.name_prefix}-target"
  allow_external_principals = var.ram_allow_external_principals
  tags                      = merge(var.tags, { Name = var.name_prefix })
}

resource "aws_ram_resource_association" "target" {
  count = length(aws_ram_resource_share.target)

  resource_share_arn = aws_ram_resource_share.target[0].arn
  resource_arn       = aws_ec2_traffic_mirror_target.this[0].arn
}

resource "aws_ram_principal_association" "target" {
  for_each = var.create_target ? var.ram_principals : []

  resource_share_arn = aws_ram_resource_share.target[0].arn
  principal          = each.value
}

################################################################################
# Sessions
################################################################################

resource "aws_ec2_traffic_mirror_session" "this" {
  for_each = local.sessions

  description              = "${var.name_prefix}: ${each.key}"
  network_interface_id     = each.value.network_interface_id
  traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.this.id
  traffic_mirror_target_id = local.target_id
  session_number           = each.value.session_number
  virtual_network_id       = each.value.virtual_network_id
  # Always set: AWS fills in 8500, and the provider would show a difference for ever.
  packet_length = each.value.packet_length
  tags          = merge(var.tags, { Name = "${var.name_prefix}-${each.key}" })

  # A filter without its rules mirrors nothing: a session moves to a new filter only when that is complete.
  depends_on = [aws_ec2_traffic_mirror_filter_rule.this]

  lifecycle {
    precondition {
      condition     = !contains(var.excluded_network_interface_ids, each.value.network_interface_id)
      error_message = "network_interfaces[\"${each.key}\"]: ${each.value.network_interface_id} is in excluded_network_interface_ids. Mirroring a rebuilder or a node would mirror the mirror: take the entry out."
    }

    precondition {
      condition     = length(local.keys_by_number["${each.value.network_interface_id}/${each.value.session_number}"]) == 1
      error_message = "network_interfaces[\"${each.key}\"]: session number ${each.value.session_number} is used twice on ${each.value.network_interface_id} (${join(", ", local.keys_by_number["${each.value.network_interface_id}/${each.value.session_number}"])}). Take one entry out, or give it a session_number of its own."
    }

    precondition {
      condition     = length(local.keys_by_interface[each.value.network_interface_id]) <= 3
      error_message = "network_interfaces[\"${each.key}\"]: more than 3 sessions on ${each.value.network_interface_id}. AWS allows 3 on a source interface, and this is not adjustable."
    }

    precondition {
      condition     = var.create_target || var.traffic_mirror_target_id != null
      error_message = "traffic_mirror_target_id is missing: create_target = false needs the id of an existing mirror target."
    }
  }
}
