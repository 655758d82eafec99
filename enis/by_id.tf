# Interfaces, by id. The ids may be unknown until apply, so nothing here decides on them which entries exist: what AWS will
# not mirror is an error. When it is read, the interface must be attached: with an interface made in the same apply, pass an
# attribute that waits for that, such as aws_instance.web.primary_network_interface_id.

data "aws_network_interface" "by_id" {
  for_each = var.by_id

  id = each.value

  lifecycle {
    postcondition {
      condition     = !contains(var.excluded_network_interface_ids, self.id) && length([for key, values in var.excluded_tags : key if contains(keys(self.tags), key) && (length(values) == 0 || contains(values, lookup(self.tags, key, "")))]) == 0
      error_message = "by_id[\"${each.key}\"]: ${self.id} is excluded, by its id or by a tag (${join(", ", keys(var.excluded_tags))}). Mirroring a rebuilder or a node would mirror the mirror: take the entry out."
    }

    postcondition {
      condition     = self.interface_type == "interface"
      error_message = "by_id[\"${each.key}\"]: AWS mirrors interfaces of type interface only, and ${self.id} is of type ${self.interface_type}."
    }

    postcondition {
      condition     = length([for attachment in self.attachment : attachment if attachment.instance_id != ""]) > 0
      error_message = "by_id[\"${each.key}\"]: ${self.id} is attached to no instance, so there is nothing to mirror. Attach it first, or, if it belongs to an AWS service and you want to try, name it in by_id_without_instance."
    }

    postcondition {
      condition     = self.private_ip != ""
      error_message = "by_id[\"${each.key}\"]: ${self.id} has no IPv4 address: AWS does not mirror in IPv6-only subnets."
    }
  }
}

data "aws_instance" "by_id" {
  for_each = var.by_id

  instance_id = one(data.aws_network_interface.by_id[each.key].attachment).instance_id

  lifecycle {
    postcondition {
      condition     = self.instance_state != "shutting-down"
      error_message = "by_id[\"${each.key}\"]: the instance ${self.id} of ${each.value} is shutting down, and the interface goes with it: take the entry out."
    }

    postcondition {
      condition     = !contains(var.excluded_instance_ids, self.id) && length([for key, values in var.excluded_tags : key if contains(keys(self.tags), key) && (length(values) == 0 || contains(values, lookup(self.tags, key, "")))]) == 0
      error_message = "by_id[\"${each.key}\"]: the instance ${self.id} of ${each.value} is excluded, by its id or by a tag (${join(", ", keys(var.excluded_tags))}). Mirroring a rebuilder or a node would mirror the mirror: take the entry out."
    }

    postcondition {
      condition     = !contains(local.not_mirrorable, split(".", self.instance_type)[0]) && !strcontains(self.instance_type, ".metal")
      error_message = "by_id[\"${each.key}\"]: AWS does not mirror ${each.value}, because its instance ${self.id} is of type ${self.instance_type} (list of ${local.mirrorable.date}, ${local.mirrorable.source})."
    }
  }
}

locals {
  by_id_picked = merge(
    {
      for key, id in var.by_id : key => {
        network_interface_id = id
        why                  = "by_id ${key}"
        note = contains(local.mirrorable.mirrorable, split(".", data.aws_instance.by_id[key].instance_type)[0]) ? null : (
          contains(var.treat_as_mirrorable, split(".", data.aws_instance.by_id[key].instance_type)[0])
          ? "instance type ${data.aws_instance.by_id[key].instance_type} is tried, because treat_as_mirrorable says so"
          : "instance type ${data.aws_instance.by_id[key].instance_type} is not in the list of ${local.mirrorable.date}: tried"
        )
      }
    },
    {
      for key, id in var.by_id_without_instance : key => {
        network_interface_id = id
        why                  = "by_id_without_instance ${key}"
        note                 = local.requester_managed_note
      }
    },
  )
}
