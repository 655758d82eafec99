# Joins the profiles: what they found, what AWS mirrors of it, and why. Each by_*.tf gives either instance ids or interface
# ids by profile entry, such as "by_asg shop".

locals {
  mirrorable = jsondecode(file("${path.module}/mirrorable-instance-types.json"))

  not_mirrorable = setsubtract(local.mirrorable.not_mirrorable, var.treat_as_mirrorable)

  # A stopped instance keeps its interfaces, and comes back with them.
  instance_states = ["pending", "running", "stopping", "stopped"]

  requester_managed_note = "belongs to an AWS service: AWS's pages disagree on whether it mirrors such interfaces: tried"

  found_instance_ids = merge(
    local.by_asg_instance_ids,
    local.by_eks_instance_ids,
    local.by_elb_instance_ids,
    local.by_instance_instance_ids,
    local.by_tags_instance_ids,
  )
  found_network_interface_ids = merge(
    local.by_elb_network_interface_ids,
    local.by_subnet_network_interface_ids,
    local.by_tags_network_interface_ids,
  )
}

data "aws_network_interfaces" "of_instances" {
  # AWS takes 200 values in a filter.
  for_each = { for index, ids in chunklist(sort(distinct(flatten(values(local.found_instance_ids)))), 200) : index => ids }

  filter {
    name   = "attachment.instance-id"
    values = each.value
  }
}

data "aws_network_interface" "found" {
  for_each = toset(concat(
    flatten(values(local.found_network_interface_ids)),
    flatten([for found in data.aws_network_interfaces.of_instances : found.ids]),
  ))

  id = each.value
}

data "aws_instance" "found" {
  for_each = toset([for eni in local.found : eni.instance_id if eni.instance_id != ""])

  instance_id = each.value
}

locals {
  found = {
    for id, eni in data.aws_network_interface.found : id => merge(
      eni,
      {
        instance_id       = try(eni.attachment[0].instance_id, "")
        instance_owner_id = try(eni.attachment[0].instance_owner_id, "")
        device_index      = try(eni.attachment[0].device_index, 0)
        is_attached       = length(eni.attachment) > 0
        tags              = eni.tags == null ? {} : eni.tags
      },
    ) if var.vpc_id == null || eni.vpc_id == var.vpc_id
  }

  why = {
    for id, eni in local.found : id => sort(distinct(concat(
      [for entry, ids in local.found_network_interface_ids : entry if contains(ids, id)],
      [for entry, ids in local.found_instance_ids : entry if contains(ids, eni.instance_id)],
    )))
  }

  # The first reason that holds, or null.
  reasons = {
    for id, eni in local.found : id => try(coalesce(
      contains(var.excluded_network_interface_ids, id) ? "excluded by its id" : null,
      contains(var.excluded_instance_ids, eni.instance_id) ? "excluded by its instance ${eni.instance_id}" : null,
      try("excluded by its tag ${local.excluding_tags[id][0]}", null),
      try("excluded by the tag ${local.excluding_instance_tags[eni.instance_id][0]} of its instance ${eni.instance_id}", null),
      eni.interface_type != "interface" ? "AWS mirrors interfaces of type interface only, and this is ${eni.interface_type}" : null,
      !eni.is_attached ? "attached to nothing" : null,
      try(data.aws_instance.found[eni.instance_id].instance_state, "") == "shutting-down" ? "its instance ${eni.instance_id} is shutting down" : null,
      eni.instance_id == "" && !contains(local.by_elb_own_network_interface_ids, id) ? "attached to no instance of yours but to ${eni.instance_owner_id} (${eni.description}): mirror what stands behind it, or try it with by_id_without_instance" : null,
      eni.private_ip == "" ? "no IPv4 address: AWS does not mirror in IPv6-only subnets" : null,
      var.primary_network_interface_only && eni.device_index != 0 ? "not the primary interface of ${eni.instance_id} (device index ${eni.device_index})" : null,
      strcontains(local.instance_types[id], ".metal") ? "AWS does not mirror bare metal: its instance ${eni.instance_id} is of type ${local.instance_types[id]}" : null,
      contains(local.not_mirrorable, split(".", local.instance_types[id])[0]) ? "AWS does not mirror instances of type ${local.instance_types[id]}, such as its ${eni.instance_id} (list of ${local.mirrorable.date}, ${local.mirrorable.source})" : null,
    ), null)
  }

  instance_types = { for id, eni in local.found : id => try(data.aws_instance.found[eni.instance_id].instance_type, "") }
  excluding_tags = {
    for id, eni in local.found : id => [
      for key, value in eni.tags : "${key} = ${value}"
      if contains(keys(var.excluded_tags), key) && (length(lookup(var.excluded_tags, key, [])) == 0 || contains(lookup(var.excluded_tags, key, []), value))
    ]
  }
  excluding_instance_tags = {
    for id, instance in data.aws_instance.found : id => [
      for key, value in instance.tags : "${key} = ${value}"
      if contains(keys(var.excluded_tags), key) && (length(lookup(var.excluded_tags, key, [])) == 0 || contains(lookup(var.excluded_tags, key, []), value))
    ]
  }

  refused = { for id, reason in local.reasons : id => "${join(", ", local.why[id])}: ${reason}" if reason != null }

  picked = merge(
    {
      for id, eni in local.found : id => {
        network_interface_id = id
        why                  = join(", ", local.why[id])
        note = eni.instance_id == "" ? local.requester_managed_note : (
          contains(local.mirrorable.mirrorable, split(".", local.instance_types[id])[0]) ? null : (
            contains(var.treat_as_mirrorable, split(".", local.instance_types[id])[0])
            ? "instance type ${local.instance_types[id]} is tried, because treat_as_mirrorable says so"
            : "instance type ${local.instance_types[id]} is not in the list of ${local.mirrorable.date}: tried"
          )
        )
      } if local.reasons[id] == null && !contains(local.given_ids, id)
    },
    local.by_id_picked,
  )

  # An interface that by_id names keeps the caller's word as its key, whoever else found it.
  given_ids = concat(values(var.by_id), values(var.by_id_without_instance))

  unmatched = sort([
    for entry in setunion(keys(local.found_instance_ids), keys(local.found_network_interface_ids)) : entry
    if !contains(flatten(values(local.why)), entry)
  ])
}
