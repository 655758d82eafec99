# Tags of instances or of interfaces.

data "aws_instances" "by_tags" {
  for_each = { for key, entry in var.by_tags : key => entry if entry.resource == "instance" }

  instance_state_names = local.instance_states

  dynamic "filter" {
    for_each = each.value.tags

    content {
      name   = "tag:${filter.key}"
      values = [filter.value]
    }
  }
}

data "aws_network_interfaces" "by_tags" {
  for_each = { for key, entry in var.by_tags : key => entry if entry.resource == "network-interface" }

  dynamic "filter" {
    for_each = each.value.tags

    content {
      name   = "tag:${filter.key}"
      values = [filter.value]
    }
  }
}

locals {
  by_tags_instance_ids          = { for key, found in data.aws_instances.by_tags : "by_tags ${key}" => found.ids }
  by_tags_network_interface_ids = { for key, found in data.aws_network_interfaces.by_tags : "by_tags ${key}" => found.ids }
}
